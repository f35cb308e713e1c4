"""What a scripted model answers: the text, how slowly it comes, and what goes wrong on the way.

A token is a word or any other single character; the chat template is ChatML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

TOKEN = re.compile(r"<\|im_start\|>|<\|im_end\|>|\w+|\W")


@dataclass(frozen=True, slots=True)
class Script:
    """One answer and its faults; places are counted in characters of the text.

    Attributes:
        text: of the answer.
        status: of HTTP; from 400 on, `message` and `error` are sent instead of the text.
        message: the words of an error.
        error: further fields of the error object, such as code, param, type.
        body: sent as it is, instead of everything else that would be.
        content_type: of `body`.
        delay_s: before anything is sent.
        chunk: characters in a streamed piece.
        pace_s: between two pieces.
        stall_after: where nothing more comes for `stall_s`.
        stall_s: how long, unless the client hangs up.
        cut_after: where the connection is closed; 0: before the status line.
        retry_after: value of the header of that name.
        finish: the finish_reason.
        reasoning: streamed as reasoning_content before the text.
        usage: whether token counts are sent.
        cached_tokens: told in the usage.
    """

    text: str = ""
    status: int = 200
    message: str = "scripted fault"
    error: Json = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "text/event-stream"
    delay_s: float = 0.0
    chunk: int = 16
    pace_s: float = 0.0
    stall_after: int | None = None
    stall_s: float = 30.0
    cut_after: int | None = None
    retry_after: float | str | None = None
    finish: str | None = "stop"
    reasoning: str = ""
    usage: bool = True
    cached_tokens: int = 0

    def pieces(self) -> Iterator[tuple[int, str]]:
        """The text in pieces of `chunk` characters, broken also where a fault is due."""
        stops = {place for place in (self.stall_after, self.cut_after) if place is not None}
        starts = sorted({0, *range(0, len(self.text), self.chunk), *stops})
        for start, end in zip(starts, [*starts[1:], len(self.text)], strict=True):
            yield start, self.text[start:end]


Answer = Callable[[Json, int], Script]
"""The answer to a request's body and the number of its call, from 0 over all clients."""


def template(messages: Sequence[Json]) -> str:
    """The prompt that the model would see."""
    turns = (f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in messages)
    return "".join(turns) + "<|im_start|>assistant\n"


def n_tokens(text: str) -> int:
    """Tokens of a text, special ones included."""
    return len(TOKEN.findall(text))


def limit(request: Json) -> int:
    """The most tokens that the request allows for the answer."""
    return int(request.get("max_completion_tokens") or request.get("max_tokens") or 1 << 30)


def bounded(request: Json, script: Script) -> tuple[str, str | None]:
    """The text that the request leaves room for, and why it ends."""
    tokens = TOKEN.findall(script.text)
    if len(tokens) > limit(request):
        return "".join(tokens[: limit(request)]), "length"
    return script.text, script.finish


def usage(request: Json, text: str, script: Script) -> Json:
    """Token counts of a request and its answer."""
    n_prompt, n_new = n_tokens(template(request["messages"])), n_tokens(text)
    return {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_new,
        "total_tokens": n_prompt + n_new,
        "prompt_tokens_details": {"cached_tokens": script.cached_tokens},
    }
