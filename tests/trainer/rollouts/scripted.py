"""Models in this process that answer from a script; they and their sources travel as pickles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchwright_agent.models.model import (
    Cancelled,
    Message,
    Model,
    ModelLost,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)
from tests.agent.evaluation.scripted import PORTS, Kind, reply

KINDS: tuple[Kind, ...] = ("good", "weak", "broken", "empty")


class ScriptedModel:
    """Good, weak, broken and empty testbenches of the small designs, by the request's seed.

    Args:
        kinds: that it knows.
        n_lost: answers that are lost before the first one that is not.

    Attributes:
        requests: that it was asked.
    """

    name = "scripted"
    context_tokens = 32_768

    def __init__(self, kinds: tuple[Kind, ...] = KINDS, n_lost: int = 0) -> None:
        self.requests: list[Request] = []
        self._kinds = kinds
        self._n_lost = n_lost

    def count(self, messages: Sequence[Message]) -> int:
        """Four characters a token."""
        return sum(len(message.content) for message in messages) // 4

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """By the script."""
        self.requests.append(request)
        if len(self.requests) <= self._n_lost:
            raise ModelLost("nobody is there")
        text = "\n".join(message.content for message in request.messages)
        found = re.search(rf"\bmodule ({'|'.join(PORTS)})\b", text)
        assert found is not None
        kind = self._kinds[request.sampling.seed % len(self._kinds)]
        answer = reply(found[1], kind).text
        return Reply(answer, "stop", self.count(request.messages), len(answer) // 4)

    def close(self) -> None:
        """Does nothing."""


@dataclass(frozen=True, slots=True)
class ScriptedSource:
    """Opens a `ScriptedModel`; the fields are its arguments."""

    kinds: tuple[Kind, ...] = KINDS
    n_lost: int = 0
    opened: list[ScriptedModel] = field(default_factory=list, compare=False)

    @property
    def is_served(self) -> bool:
        """It answers one at a time."""
        return False

    def open(self) -> Model:
        """A new one."""
        model = ScriptedModel(self.kinds, self.n_lost)
        self.opened.append(model)
        return model
