"""A model that was trained on canonical names, behind the interface of any other model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from benchwright_agent.models.dialect.canonical import NAME, Canonical
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

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')


class CanonicalModel(Borrowed):
    """Rewrites every prompt before the model sees it, and its answer before anyone else does.

    What `on_text` is told are the model's own words, aliases and all: an alias may be cut in two.
    """

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt as the model will see it."""
        return super().count(Canonical.of(messages).messages)

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's answer, in the design's own names."""
        form = Canonical.of(request.messages)
        is_data = request.schema is not None
        asked = replace(
            request,
            messages=form.messages,
            schema=form.schema(request.schema),
            grammar=_QUOTED.sub(lambda match: form.to(match[0]), request.grammar),
            banned=form.unused,
        )
        reply = super().answer(asked, on_text=on_text, cancelled=cancelled)
        return replace(reply, text=form.data_back(reply.text) if is_data else form.back(reply.text))

    def close(self) -> None:
        """Ends what runs for the model: whoever speaks to it through this owns it."""
        self._model.close()


def has_dialect(model: Model) -> bool:
    """Whether a model that was opened here is asked in a form of its own."""
    return isinstance(model, CanonicalModel)


def speaking(model: Model, dialect: str) -> Model:
    """The model behind the form that it was trained on, as its file names it.

    Raises:
        ModelError: the form is not known here.
    """
    if not dialect:
        return model
    if dialect != NAME:
        raise ModelError(
            f"the model {model.name} was trained on prompts of the form {dialect!r}, "
            f"which is not known; known: {NAME!r}",
            hint="a newer benchwright made it: update this one",
        )
    return CanonicalModel(model)
