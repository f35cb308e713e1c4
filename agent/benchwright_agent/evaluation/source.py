"""The model that takes part in an evaluation: which one, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.models.choice import SERVED, find_model, model_in_use, open_model
from benchwright_agent.models.model import Model, ModelError
from benchwright_agent.models.served.openai_server import shown_name
from benchwright_sim.errors import ParameterError


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

    def open(self) -> Model:
        """The model, ready to answer.

        Raises:
            ModelError: it is missing, damaged, or does not fit the machine.
        """
        return open_model(self.spec, server=self.server, context_tokens=self.context_tokens)


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
