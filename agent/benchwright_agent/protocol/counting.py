"""A model whose counts of tokens are remembered: for speed, and for a replay without the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from benchwright_agent.models.model import (
    Cancelled,
    Message,
    Model,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)


def digest_of(value: object) -> str:
    """A short name of a plain JSON value, the same on every machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def messages_digest(messages: Sequence[Message]) -> str:
    """Names a prompt."""
    return digest_of([[message.role, message.content] for message in messages])


def request_digest(request: Request) -> str:
    """Names a question: all that a model's answer may depend on, time apart."""
    sampling = request.sampling
    drawn = [sampling.temperature, sampling.seed, sampling.max_tokens]
    return digest_of([messages_digest(request.messages), drawn, request.schema])


class CountingModel:
    """Stands in front of a model; closing it is the caller's, who opened the other."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[str, int] = {}
        self._new: dict[str, int] = {}

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def context_tokens(self) -> int:
        """The model's."""
        return self._model.context_tokens

    def count(self, messages: Sequence[Message]) -> int:
        """The model's, asked once for the same messages."""
        digest = messages_digest(messages)
        if digest not in self._known:
            self._known[digest] = self._new[digest] = self._model.count(messages)
        return self._known[digest]

    def taken(self) -> Mapping[str, int]:
        """What was counted since the last call, by `messages_digest`."""
        new, self._new = self._new, {}
        return new

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's."""
        return self._model.answer(request, on_text=on_text, cancelled=cancelled)

    def close(self) -> None:
        """Does nothing."""
