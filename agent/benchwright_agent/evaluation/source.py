"""The model that takes part in an evaluation: which one, and how it is opened."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.models.choice import SERVED, find_model, model_in_use, open_model
from benchwright_agent.models.model import Model, ModelError
from benchwright_agent.models.served.openai_server import shown_name
from benchwright_sim.errors import ParameterError

_PIECES = 32
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model that is not open yet; the fields are `choice.open_model`'s."""

    spec: str
    server: str | None = None
    context_tokens: int | None = None

    @property
    def is_served(self) -> bool:
        """A server answers, many requests at once."""
        return self.server is not None or self.spec.startswith(SERVED)

    @property
    def name(self) -> str:
        """What records call it.

        Raises:
            ModelError: there is none of that name.
        """
        if self.is_served:
            return shown_name(self.spec.removeprefix(SERVED))
        return find_model(self.spec).name

    @property
    def digest(self) -> str | None:
        """Of the model's file, from its size and parts of its data; None of a served model.

        Raises:
            ModelError: there is none of that name, or its file cannot be read.
        """
        return None if self.is_served else _digest(find_model(self.spec).path)

    def open(self) -> Model:
        """The model, ready to answer.

        Raises:
            ModelError: it is missing, damaged, or does not fit the machine.
        """
        return open_model(self.spec, server=self.server, context_tokens=self.context_tokens)


def _digest(path: Path) -> str:
    """Of the first and the last MiB and of pieces between, since a file has gigabytes.

    The header stands first. Models that were trained further differ nearly everywhere, but a few
    layers alone are others where adapters were merged.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            digest.update(str(size).encode())
            for n in range(_PIECES):
                file.seek(max(0, size - _PIECE_BYTES) * n // (_PIECES - 1))
                digest.update(file.read(_PIECE_BYTES))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def model_source(options: EvalOptions, model: str | None, server: str | None) -> ModelSource | None:
    """The model that is named, else the one in use; None where the policy does without.

    Raises:
        ParameterError: one is named for a policy that asks none.
        ModelError: the policy needs one, and there is none.
    """
    if not options.asks_model:
        if model or server:
            raise ParameterError(f"--policy {options.policy} asks no model")
        return None
    spec = model or model_in_use()
    if spec:
        return ModelSource(spec, server, options.context_tokens)
    if options.policy == "llm":
        raise ModelError(
            "the policy llm needs a model, and none is in use",
            hint="--model FILE.gguf, or --server URL --model NAME; see `benchwright model --help`",
        )
    return None
