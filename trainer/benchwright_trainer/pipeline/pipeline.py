"""A training in its folder: the steps that are not done yet, one after the other.

The folder holds `recipe.toml` (every value that holds), `run.json` (versions of what made it),
`steps/` (a mark for each step that began) and what the steps make, see `steps`. The same recipe
with the same folder goes on where an earlier run ended, however that ended; results do not depend
on interruptions. One process at a time: the folder is locked.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchwright_sim.errors import OutputError
from benchwright_trainer.differences import differences
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline import marks
from benchwright_trainer.pipeline.marks import Mark, read_mark, write_text
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepBegan, StepDone
from benchwright_trainer.pipeline.step import Step
from benchwright_trainer.pipeline.steps import steps_of
from benchwright_trainer.pipeline.tools import versions
from benchwright_trainer.recipe.reading import read_recipe
from benchwright_trainer.recipe.recipe import Recipe
from benchwright_trainer.recipe.writing import plain, recipe_text

RECIPE = "recipe.toml"
RECORD = "run.json"
LOCK = "run.lock"
FORMAT = "benchwright-train"


def run_pipeline(recipe: Recipe, place: Place, *, change: bool = False) -> Mapping[str, Mark]:
    """Runs all steps that are not done.

    Args:
        recipe: of the training.
        place: where it happens.
        change: the folder may hold a run of another recipe; what depends on a difference is made
            anew.

    Returns:
        The mark of every step, by its name, in order.

    Raises:
        TrainerError: the folder holds something else, or a step failed.
        OutputError: another process works in the folder, or it cannot be written.
    """
    with locked(place.folder):
        _claim(recipe, place.folder, change=change)
        place = replace(place, folder=place.folder.absolute())
        outputs: dict[str, str] = {}
        done: dict[str, Mark] = {}
        steps = steps_of(recipe)
        for number, step in enumerate(steps, start=1):
            done[step.name] = _do(step, place, outputs, (number, len(steps)))
            outputs[step.name] = done[step.name].output
        return done


def _do(step: Step, place: Place, outputs: Mapping[str, str], at: tuple[int, int]) -> Mark:
    inputs = step.inputs(outputs)
    mark = read_mark(place.folder, step.name)
    if mark is not None and mark.is_done(place.folder, inputs):
        place.on_progress(StepDone(step.name, *at, None, mark.figures))
        return mark
    again = marks.begin(place.folder, step, inputs)
    place.on_progress(StepBegan(step.name, *at, again))
    started = time.monotonic()
    made = step.run(place)
    marks.finish(place.folder, step, inputs, made, time.monotonic() - started)
    finished = read_mark(place.folder, step.name)
    assert finished is not None  # noqa: S101 - it was just written
    place.on_progress(StepDone(step.name, *at, finished.seconds, made.figures))
    return finished


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as `status` shows it: `done`, `interrupted` (or at work now), or `left`."""

    name: str
    state: str
    seconds: float
    figures: Mapping[str, Any]


def states(folder: Path) -> Sequence[StepState]:
    """What is done and what is left of the run in a folder.

    Raises:
        TrainerError: it holds no run.
    """
    found = []
    for step, mark, done in _marked(recipe_of(folder), folder):
        if mark is not None and done:
            found.append(StepState(step.name, "done", mark.seconds, mark.figures))
        else:
            begun = mark is not None and not mark.output
            found.append(StepState(step.name, "interrupted" if begun else "left", 0.0, {}))
    return found


def steps_left(recipe: Recipe, folder: Path) -> tuple[Step, ...]:
    """What a run of a recipe would do in a folder, which need not be there yet."""
    return tuple(step for step, _, done in _marked(recipe, folder) if not done)


def _marked(recipe: Recipe, folder: Path) -> Iterator[tuple[Step, Mark | None, bool]]:
    """Every step with its mark, and whether it is done."""
    outputs: dict[str, str] = {}
    for step in steps_of(recipe):
        mark = read_mark(folder, step.name)
        known = all(name in outputs for name in step.needs)
        done = mark is not None and known and mark.is_done(folder, step.inputs(outputs))
        if mark is not None and done:
            outputs[step.name] = mark.output
        yield step, mark, done


def recipe_of(folder: Path) -> Recipe:
    """The recipe of the run in a folder.

    Raises:
        TrainerError: it holds no run.
    """
    if not (folder / RECIPE).is_file():
        raise TrainerError(
            f"{folder} holds no training", hint="begin one: benchwright train run RECIPE --output"
        )
    return read_recipe(folder / RECIPE)


def is_running(folder: Path) -> bool:
    """Whether a process works in the folder now."""
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder; the lock goes with the process, however that ends.

    Raises:
        OutputError: another process has it, or it cannot be made.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / LOCK).exists():
            raise OutputError(
                f"the folder {folder} holds something that is no training",
                hint="name a new or empty folder with --output",
            )
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f"another training works in {folder}",
                hint="`benchwright train status` shows it; or name another folder",
            ) from error
        yield


def _claim(recipe: Recipe, folder: Path, *, change: bool) -> None:
    """Writes down what the folder is for; another recipe than before must be asked for."""
    if (folder / RECIPE).is_file() and not change:
        changed = differences(_terms(recipe_of(folder)), _terms(recipe))
        if changed:
            raise TrainerError(
                f"{folder} holds a training by another recipe",
                details=changed[:20],
                hint="name another folder, or make anew what depends on this: --change",
            )
    write_text(folder / RECIPE, recipe_text(recipe))
    record = {"format": FORMAT, "version": 1, "recipe": recipe.name, "versions": versions()}
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")


def _terms(recipe: Recipe) -> Any:
    """All but what nothing depends on that is made."""
    return {key: value for key, value in plain(recipe).items() if key != "plan"}
