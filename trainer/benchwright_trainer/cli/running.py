"""`benchwright train run`, `resume` and `status`: a whole training in its folder."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import print_error, stderr, stdout
from benchwright_trainer.cli import train_arguments
from benchwright_trainer.cli.monitor import StepMonitor, shown

if TYPE_CHECKING:
    from benchwright_trainer.pipeline.pipeline import StepState
    from benchwright_trainer.recipe.recipe import Recipe

STYLES = {"done": "green", "running": "cyan", "interrupted": "yellow", "left": "dim"}


def run(
    *,
    recipe: train_arguments.RecipeName,
    output: train_arguments.Output,
    changes: train_arguments.Changes = None,
    change: Annotated[
        bool,
        typer.Option(
            "--change",
            help="The folder holds a training by another recipe: make anew what depends on the "
            "difference, and keep the rest.",
            rich_help_panel=train_arguments.RUN_PANEL,
        ),
    ] = False,
    jobs: train_arguments.Jobs = None,
    cluster: train_arguments.Cluster = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Train a model by a recipe; one that was interrupted or killed goes on where it was.

    \b
    Examples:
      benchwright train run smoke -o smoke
      benchwright train run nano -o union --set stages.mode=union
      benchwright train run my.toml -o run --cluster ray://head:10001
    """
    from benchwright_trainer.recipe.reading import read_recipe

    found = read_recipe(recipe, changes or ())
    _train(found, output, (jobs, cluster), change=change, json_=json_, quiet=quiet)


def resume(
    *,
    folder: train_arguments.Folder,
    jobs: train_arguments.Jobs = None,
    cluster: train_arguments.Cluster = None,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
) -> None:
    """Go on with a training that was interrupted or killed, by the recipe that it has.

    Steps whose section was changed in FOLDER/recipe.toml are made anew, and all that depends on
    them.
    """
    from benchwright_trainer.pipeline.pipeline import recipe_of

    _train(recipe_of(folder), folder, (jobs, cluster), change=False, json_=json_, quiet=quiet)


def _train(
    recipe: Recipe,
    folder: Path,
    where: tuple[int | None, str | None],
    *,
    change: bool,
    json_: bool,
    quiet: bool,
) -> None:
    from benchwright_trainer.pipeline.pipeline import (
        run_pipeline,
        states,
    )
    from benchwright_trainer.pipeline.place import Place
    from benchwright_trainer.pipeline.readiness import check_ready

    check_ready(recipe, folder, where[1])

    try:
        with StepMonitor(quiet=quiet or json_) as monitor:
            run_pipeline(recipe, Place(folder, *where, monitor, folder / "cache"), change=change)
    except KeyboardInterrupt:
        print_error(f"interrupted: `{_resume(folder)}` goes on")
        raise
    _print(states(folder), folder, json_=json_, quiet=quiet)


def status(*, folder: train_arguments.Folder, json_: design_arguments.Json = False) -> None:
    """Show which steps of a training are done, which are left, and what came of them."""
    from benchwright_trainer.pipeline.pipeline import (
        is_running,
        states,
    )

    _print(states(folder), folder, json_=json_, running=is_running(folder))


def _print(
    found: Sequence[StepState],
    folder: Path,
    *,
    json_: bool,
    quiet: bool = False,
    running: bool = False,
) -> None:
    rows = [_row(state, running=running) for state in found]
    if json_:
        value = {"folder": str(folder), "running": running, "steps": rows}
        typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
    elif not quiet:
        stdout().print(_table(rows))
        stderr().print(_closing(rows, folder), markup=False)


def _row(state: StepState, *, running: bool) -> dict[str, Any]:
    word = "running" if running and state.state == "interrupted" else state.state
    return {
        "step": state.name,
        "state": word,
        "seconds": state.seconds,
        "figures": dict(state.figures),
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("step", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("what came of it", overflow="fold")
    for row in rows:
        seconds = f"{row['seconds']:,.1f}" if row["state"] == "done" else ""
        state = Text(row["state"], style=STYLES[row["state"]])
        table.add_row(row["step"], state, seconds, Text(shown(row["figures"])))
    return table


def _closing(rows: Sequence[Mapping[str, Any]], folder: Path) -> str:
    left = sum(row["state"] != "done" for row in rows)
    if left:
        return f"{left} of {len(rows)} steps are left: {_resume(folder)}"
    return f"all steps are done; the model is in {folder / 'export'}"


def _resume(folder: Path) -> str:
    return f"benchwright train resume {shlex.quote(str(folder))}"
