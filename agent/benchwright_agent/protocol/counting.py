"""A model whose counts of tokens are remembered: for speed, and for a replay without the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from benchwright_agent.models.model import Borrowed, Message, Model, Request


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
    bound = [request.grammar] if request.grammar else []
    return digest_of([messages_digest(request.messages), drawn, request.schema, *bound])


class CountingModel(Borrowed):
    """Asks the model to count no prompt twice."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._known: dict[str, int] = {}
        self._new: dict[str, int] = {}

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
