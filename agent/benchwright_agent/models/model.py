"""What every language model offers, wherever it runs: a chat prompt in, text out, bounded.

Two kinds exist: a GGUF file run by llama.cpp in a child process (`llamacpp`), and any server that
speaks OpenAI's protocol (`openai_server`). Recorded replies (`trajectory`) stand in for either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from benchwright_sim.errors import SimError

Role = Literal["system", "user", "assistant"]

Finish = Literal["stop", "length", "cancelled", "timeout"]
"""The model ended by itself, ran into `max_tokens`, was cancelled, or ran out of time."""

OnText = Callable[[str], None]
"""Told of each piece of text as it comes."""

Cancelled = Callable[[], bool]
"""Asked often, from any thread: whether the caller no longer wants the answer."""


class ModelError(SimError):
    """A model is missing, damaged, does not fit the machine, or its server does not serve."""

    exit_code = 12


class ContextError(ModelError):
    """The prompt and the answer asked for exceed the model's context."""


class ModelLost(ModelError):
    """The model's process or server went away during an answer; another try may succeed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn.

    Attributes:
        temperature: 0 takes the likeliest token each time.
        seed: of the draw; the same request and seed give the same answer where the model is local.
        max_tokens: of the answer.
        timeout_s: of wall time, None for no bound.
    """

    temperature: float = 0.7
    seed: int = 1
    max_tokens: int = 8192
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Attributes:
        messages: the prompt; what many requests share comes first.
        sampling: how the answer is drawn.
        schema: JSON schema that the answer's text must satisfy, None for free text.
        grammar: GBNF that it must satisfy where there is no schema, empty for free text. Only
            models on this machine can be held to one.
        banned: words that the model has a token of its own for, and shall not write. Only models on
            this machine can be kept from it.
        reuse_prefix: take up the state that an earlier prompt with the same beginning left. Faster,
            but the answer may differ in the last bits from that of a fresh state: off wherever
            answers must repeat exactly.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    schema: Mapping[str, Any] | None = None
    grammar: str = ""
    banned: tuple[str, ...] = ()
    reuse_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: all of it, also when it was cut short.
        finish: why it ended.
        prompt_tokens: of the request.
        new_tokens: of the answer.
        reused_tokens: of the prompt that did not have to be read again.
        first_token_s: wall seconds until the first token, 0 when there was none.
        seconds: wall seconds in all.
    """

    text: str
    finish: Finish
    prompt_tokens: int
    new_tokens: int
    reused_tokens: int = 0
    first_token_s: float = field(default=0.0, compare=False)
    seconds: float = field(default=0.0, compare=False)


class Model(Protocol):
    """A model that is ready to answer; close it when done."""

    @property
    def name(self) -> str:
        """What records and tables call it; no path of this machine."""
        ...

    @property
    def context_tokens(self) -> int:
        """Prompt and answer together."""
        ...

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt, as the model will see it (chat template included)."""
        ...

    def answer(
        self,
        request: Request,
        *,
        on_text: OnText = ...,
        cancelled: Cancelled = ...,
    ) -> Reply:
        """Answers; returns within 0.2 s of `cancelled()` becoming true, also in prefill.

        Raises:
            ContextError: prompt and answer exceed the context.
            ModelLost: the process or server went away.
            ModelError: anything else that keeps it from answering.
        """
        ...

    def close(self) -> None:
        """Ends whatever runs for it."""
        ...


def nobody(_text: str) -> None:
    """The `on_text` of a caller that does not watch."""


def never() -> bool:
    """The `cancelled` of a caller that waits."""
    return False


class Borrowed:
    """Stands in front of a model and does as it does; closing it is the caller's, who opened it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def context_tokens(self) -> int:
        """The model's."""
        return self._model.context_tokens

    def count(self, messages: Sequence[Message]) -> int:
        """The model's."""
        return self._model.count(messages)

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's."""
        return self._model.answer(request, on_text=on_text, cancelled=cancelled)

    def close(self) -> None:
        """Does nothing."""


def round_seed(seed: int, sample: int, number: int) -> int:
    """Seed of one answer, below 2**31: the first 31 bits of SHA-256 of `seed:sample:number`."""
    digest = hashlib.sha256(f"{seed}:{sample}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
