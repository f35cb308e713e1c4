"""A model as an evaluation asks it: counted, and every answer from a fresh state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchwright_agent.models.model import (
    Borrowed,
    Cancelled,
    Message,
    Model,
    ModelError,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)


class Metered(Borrowed):
    """Stands in front of a model for one job.

    Attributes:
        prompt_tokens: read so far.
        new_tokens: written so far.
        error: the last that the model raised. The loop goes on without its model then, but what
            it finds is no result of an evaluation of that model.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.prompt_tokens = 0
        self.new_tokens = 0
        self.error: ModelError | None = None

    def count(self, messages: Sequence[Message]) -> int:
        """The model's."""
        try:
            return super().count(messages)
        except ModelError as error:
            self.error = error
            raise

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's, which does not depend on what was asked before."""
        request = replace(request, reuse_prefix=False)
        try:
            reply = super().answer(request, on_text=on_text, cancelled=cancelled)
        except ModelError as error:
            self.error = error
            raise
        self.prompt_tokens += reply.prompt_tokens
        self.new_tokens += reply.new_tokens
        return reply
