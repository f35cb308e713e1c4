"""What a chat completion's events say, and the answer that they add up to.

An event is one `data:` line of the stream, or the whole body of a server that does not stream.
Servers differ in what they leave out, so every field may be missing or odd; such a field counts as
not said. Source: https://platform.openai.com/docs/api-reference/chat-streaming, and what
llama-server, vLLM and Ollama send.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchwright_agent.models.model import Finish, OnText, Reply

BROKEN_OFF = frozenset({"abort", "error"})
"""Reasons to finish with which a server says that it gave up, not the model."""


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of an answer.

    Attributes:
        text: of the answer.
        thought: text that a reasoning model writes before it answers; no part of the answer.
        finish: why the answer ends here, empty while it goes on.
        prompt_tokens: counted by the server, None where it does not say.
        new_tokens: as well.
        reused_tokens: of the prompt, from the server's cache.
    """

    text: str = ""
    thought: str = ""
    finish: str = ""
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    reused_tokens: int = 0


AGAIN = Event(finish="again")
"""Stands for no event: the answer is asked for again, and what was told of it is void."""


def read_event(data: object) -> Event:
    """Takes from one JSON value of the stream what it says."""
    choices = _mapping(data).get("choices")
    choice = _mapping(choices[0] if isinstance(choices, list) and choices else None)
    delta = _mapping(choice.get("delta")) or _mapping(choice.get("message"))
    usage = _mapping(_mapping(data).get("usage"))
    details = _mapping(usage.get("prompt_tokens_details"))
    return Event(
        text=_text(delta.get("content")),
        thought=_text(delta.get("reasoning_content")) or _text(delta.get("reasoning")),
        finish=_text(choice.get("finish_reason")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        new_tokens=_count(usage.get("completion_tokens")),
        reused_tokens=_count(details.get("cached_tokens")) or 0,
    )


@dataclass(slots=True)
class Hearing:
    """Adds up one answer while it comes."""

    started: float = field(default_factory=time.monotonic)
    text: list[str] = field(default_factory=list)
    finish: str = ""
    n_pieces: int = 0
    first_token_s: float = 0.0
    usage: Event = field(default_factory=Event)

    def hear(self, event: Event, on_text: OnText) -> None:
        """Takes one event; hands its text on."""
        if event is AGAIN:
            return self._restart()
        if event.text or event.thought:
            self.n_pieces += 1
            self.first_token_s = self.first_token_s or time.monotonic() - self.started
        if event.prompt_tokens is not None:
            self.usage = event
        self.finish = event.finish or self.finish
        if event.text:
            self.text.append(event.text)
            on_text(event.text)
        return None

    def _restart(self) -> None:
        self.text.clear()
        self.finish, self.n_pieces, self.first_token_s, self.usage = "", 0, 0.0, Event()

    def reply(self, cut: Finish | None, prompt_tokens: int) -> Reply:
        """The answer so far.

        Args:
            cut: why it was not waited for, None for a complete one.
            prompt_tokens: for a server that does not say. The answer's are then counted in pieces,
                which for most servers are tokens.
        """
        ended: Finish = "length" if self.finish == "length" else "stop"
        usage = self.usage
        return Reply(
            text="".join(self.text),
            finish=cut or ended,
            prompt_tokens=prompt_tokens if usage.prompt_tokens is None else usage.prompt_tokens,
            new_tokens=self.n_pieces if usage.new_tokens is None else usage.new_tokens,
            reused_tokens=usage.reused_tokens,
            first_token_s=self.first_token_s,
            seconds=time.monotonic() - self.started,
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
