"""`benchwright train`: from designs to a model, by a recipe in steps, or one step alone."""

from __future__ import annotations

import typer

from benchwright_trainer.cli import comparing, planning, running, steps

app = typer.Typer(
    help="Train a model: from designs over three stages of executed testbenches to a GGUF file.",
    no_args_is_help=True,
    epilog="Recipes that come along: llm4cov-4b (the paper), nano, smoke.",
)
app.command("run")(running.run)
app.command("plan")(planning.plan)
app.command("status")(running.status)
app.command("resume")(running.resume)
app.command("corpus")(steps.corpus)
app.command("rollouts")(steps.rollouts)
app.command("dataset")(steps.dataset)
app.command("sft")(steps.sft)
app.command("evaluate")(steps.evaluate)
app.command("export")(steps.export)
app.command("compare")(comparing.compare)
