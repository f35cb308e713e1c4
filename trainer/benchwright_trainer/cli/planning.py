"""`benchwright train plan`: what a recipe would do, what that costs, and what is missing for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import pairs_table, print_warning, stdout
from benchwright_trainer.cli import train_arguments
from benchwright_trainer.errors import TrainerError

if TYPE_CHECKING:
    from benchwright_trainer.pipeline.amounts import Amounts
    from benchwright_trainer.pipeline.needs import Needs

_COLUMNS = (
    ("simulations", "simulator calls"),
    ("searches", "searches"),
    ("teacher", "teacher's prompts"),
    ("teacher_tokens", "its tokens"),
    ("student", "student's prompts"),
    ("student_tokens", "its tokens"),
    ("samples", "samples"),
    ("training_tokens", "tokens trained on"),
)


def plan(
    *,
    recipe: train_arguments.RecipeName,
    changes: train_arguments.Changes = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Where it would run, or did in part: what is done there needs nothing more.",
        ),
    ] = Path(),
    cluster: train_arguments.Cluster = None,
    json_: design_arguments.Json = False,
) -> None:
    """Show what a recipe would do and cost, and what this machine lacks for it; runs nothing.

    \b
    Examples:
      benchwright train plan nano
      benchwright train plan llm4cov-4b --set sft.n_gpus=1 --json
    """
    from benchwright_trainer.pipeline.amounts import amounts_of
    from benchwright_trainer.pipeline.doubts import doubts
    from benchwright_trainer.pipeline.needs import needs_of
    from benchwright_trainer.pipeline.pipeline import steps_left
    from benchwright_trainer.pipeline.readiness import (
        disk_bytes,
        problems,
    )
    from benchwright_trainer.recipe.reading import read_recipe

    found = read_recipe(recipe, changes or ())
    left = {step.name for step in steps_left(found, output)}
    amounts = [one for one in amounts_of(found) if one.step in left]
    needs = needs_of(found, left)
    cpus, free = len(os.sched_getaffinity(0)), disk_bytes(output)
    missing, doubted = problems(found, output, cluster), list(doubts(found, needs, cpus))
    if json_:
        value = {
            "recipe": found.name,
            "left": sorted(left),
            "steps": [asdict(one) for one in amounts],
            "needs": asdict(needs),
            "cpu_seconds": sum(one.cpu_s for one in amounts),
            "cpus": cpus,
            "free_disk_bytes": free,
            "missing": [asdict(problem) for problem in missing],
            "doubts": [asdict(problem) for problem in doubted],
        }
        typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
    elif not left:
        stdout().print(f"all steps are done in {output}", markup=False)
    else:
        stdout().print(_table(amounts))
        stdout().print()
        stdout().print(pairs_table(list(_pairs(amounts, needs, cpus, free))))
        for problem in doubted:
            print_warning(f"{problem.what} -> {problem.fix}")
    if missing:
        raise TrainerError(
            f"the recipe {found.name} cannot run here",
            details=tuple(f"{problem.what} -> {problem.fix}" for problem in missing),
        )


def _table(amounts: Sequence[Amounts]) -> Table:
    """A row a step, and their sums; a column that no step has is left out."""
    rows = [(one.step, asdict(one)) for one in amounts]
    total = {key: sum(values[key] for _, values in rows) for key, _ in _COLUMNS}
    columns = [(key, title) for key, title in _COLUMNS if total[key]]
    table = Table(box=None, pad_edge=False)
    table.add_column("step", no_wrap=True)
    for _, title in columns:
        table.add_column(title, justify="right")
    for name, values in rows:
        table.add_row(name, *(_count(values[key]) for key, _ in columns))
    table.add_row(Text("in all", style="bold"), *(_count(total[key]) for key, _ in columns))
    return table


def _count(n: int) -> str:
    if n >= 1_000_000:
        return f"{n / 1e6:,.1f}M" if n < 100_000_000 else f"{n / 1e6:,.0f}M"
    return f"{n:,}" if n else ""


def _pairs(
    amounts: Sequence[Amounts], needs: Needs, cpus: int, free: int
) -> Iterator[tuple[str, str]]:
    here = f"on the {cpus} processors here"
    hours = sum(one.cpu_s for one in amounts) / 3600
    yield "simulation", f"{hours:,.1f} CPU-hours, {_time(hours / cpus)} {here}"
    if left_out := ", ".join(_not_counted(amounts, needs)):
        yield "not counted", left_out
    if not needs.parameters:
        yield "training", "not known: the student's shape cannot be told from its name"
        return
    answers = needs.answer_cpu_s / 3600
    yield "student's answers", f"{answers:,.1f} CPU-hours, {_time(answers / cpus)} {here}"
    yield "student", f"{needs.parameters:,} weights"
    for training in needs.trainings:
        time = f"{training.gpu_hours:,.1f} GPU-hours, " if training.gpu_hours else ""
        where = training.device if training.here else f"{training.device}, which is not here"
        yield (
            training.step,
            f"{training.steps:,} steps, {time}{_time(training.seconds / 3600)} and "
            f"{decimal(training.memory_bytes)} of memory on {where}",
        )
    yield "disk", f"{decimal(needs.disk_bytes)} needed, {decimal(free)} free"


def _not_counted(amounts: Sequence[Amounts], needs: Needs) -> Iterator[str]:
    """What GPUs do beside the trainings, whose hours alone are known."""
    teacher = sum(one.teacher_tokens for one in amounts)
    student = sum(one.student_tokens for one in amounts)
    if teacher:
        yield f"GPUs of the teacher's server ({_count(teacher)} tokens)"
    if student and needs.gpu_hours:
        yield f"GPUs that the student may answer on ({_count(student)} tokens)"


def _time(hours: float) -> str:
    return f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:,.1f} minutes"
