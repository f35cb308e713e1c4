"""The options that every command asking a model shares, and what they make.

As in `design_arguments` the types are `Annotated` aliases. None stands for "not given", so that a
command can tell, and for the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchwright_agent.models.model import Sampling
from benchwright_sim.errors import ParameterError

MODEL_PANEL = "Model"
DEFAULT_ROUNDS = 3
DEFAULT_MODEL_S = 120.0

ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FILE",
        help="A model of `benchwright model list`, a GGUF file, or with --server the name that it "
        "is served by; else the one in use.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="An OpenAI-compatible server, as http://127.0.0.1:8080/v1; its key is taken from "
        "OPENAI_API_KEY.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
Context = Annotated[
    int | None,
    typer.Option(
        "--context",
        metavar="TOKENS",
        min=256,
        help="Prompt and answer together; else the model's own, up to 40,960.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
Rounds = Annotated[
    int | None,
    typer.Option(
        "--rounds",
        metavar="N",
        min=1,
        help="Testbenches that the model may write, each from the feedback on the one before; 1 is "
        "direct inference.",
        rich_help_panel=MODEL_PANEL,
        show_default=str(DEFAULT_ROUNDS),
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        metavar="T",
        min=0,
        max=2,
        help="Of the model's answers; 0 takes the likeliest token each time.",
        rich_help_panel=MODEL_PANEL,
        show_default=f"{Sampling().temperature:g}",
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        min=1,
        help="Of one answer.",
        rich_help_panel=MODEL_PANEL,
        show_default=str(Sampling().max_tokens),
    ),
]
BudgetTokens = Annotated[
    int | None,
    typer.Option(
        "--budget-tokens",
        metavar="N",
        min=1,
        help="Of all answers together.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
ModelBudget = Annotated[
    float | None,
    typer.Option(
        "--model-budget",
        metavar="SECONDS",
        min=0,
        help="Time of the model's answers, beside that of the search.",
        rich_help_panel=MODEL_PANEL,
        show_default=f"{DEFAULT_MODEL_S:g}; no bound with --budget-cycles",
    ),
]
Rules = Annotated[
    bool,
    typer.Option(
        "--rules",
        help="Put rules of valid SystemVerilog into the prompt, for a model not trained for this.",
        rich_help_panel=MODEL_PANEL,
    ),
]
Constrained = Annotated[
    bool | None,
    typer.Option(
        "--constrained/--free",
        help="Hold answers to a grammar of testbenches that compile, for a small model on this "
        "machine, or not.",
        rich_help_panel=MODEL_PANEL,
        show_default="generate: --constrained for nano and its like; else --free",
    ),
]
Documents = Annotated[
    list[Path] | None,
    typer.Option(
        "--doc",
        metavar="FILE",
        help="A text about the design, shown to the model. Repeatable.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
Trajectory = Annotated[
    Path | None,
    typer.Option(
        "--trajectory",
        metavar="FILE",
        help="Record every prompt, answer and result there, as JSON lines.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]
Replay = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        metavar="FILE",
        help="Run a recorded trajectory again: its answers, the simulator anew, no model.",
        rich_help_panel=MODEL_PANEL,
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class ModelArguments:
    """What one command line says of the model; None where it says nothing."""

    model: str | None = None
    server: str | None = None
    context: int | None = None
    rounds: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    budget_tokens: int | None = None
    rules: bool = False
    constrained: bool | None = None
    documents: tuple[Path, ...] = ()
    trajectory: Path | None = None
    replay: Path | None = None
    seconds: float | None = None

    @property
    def given(self) -> dict[str, object]:
        """Flag -> value."""
        return {
            "--model": self.model,
            "--server": self.server,
            "--context": self.context,
            "--rounds": self.rounds,
            "--temperature": self.temperature,
            "--max-tokens": self.max_tokens,
            "--budget-tokens": self.budget_tokens,
            "--rules": self.rules,
            "--constrained": self.constrained,
            "--free": self.constrained is False,
            "--doc": self.documents,
            "--trajectory": self.trajectory,
            "--replay": self.replay,
            "--model-budget": self.seconds,
        }

    def sampling(self, seed: int) -> Sampling:
        """How answers are drawn, with the paper's figures where nothing else is asked for."""
        default = Sampling()
        return Sampling(
            temperature=default.temperature if self.temperature is None else self.temperature,
            max_tokens=self.max_tokens or default.max_tokens,
            seed=seed,
        )


def refuse_given(given: Mapping[str, object], why: str) -> None:
    """Refuses options that would be without effect.

    Args:
        given: flag -> value; None, False and empty ones were not given.
        why: they have none.

    Raises:
        ParameterError: one was given.
    """
    flags = [flag for flag, value in given.items() if value not in (None, False, (), [])]
    if flags:
        raise ParameterError(f"{', '.join(flags)}: {why}")
