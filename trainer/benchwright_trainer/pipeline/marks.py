"""What the folder of a run remembers of each step: `steps/NAME.json`, written whole or not at all.

A mark says on which inputs a step was begun, and when it is done also what it made. The files that
a step leaves are kept with their sizes, so that one that was removed or cut short is noticed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchwright_sim.errors import OutputError
from benchwright_trainer.pipeline.step import Made, Step
from benchwright_trainer.whole_file import write_whole

MARKS = "steps"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered of one step.

    Attributes:
        inputs: hash of what it depends on.
        output: hash of what it made, empty while it is not done.
        seconds: that its last run took.
        figures: see `Made`.
        files: path below the run's folder -> bytes.
    """

    inputs: str
    output: str = ""
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)

    def is_done(self, folder: Path, inputs: str) -> bool:
        """Whether the step was done on these inputs, and all that it left is still there."""
        if not self.output or self.inputs != inputs:
            return False
        return all(_size(folder / name) == size for name, size in self.files.items())


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def read_mark(folder: Path, name: str) -> Mark | None:
    """The mark of a step; None where there is none that can be read."""
    try:
        return Mark(**json.loads((folder / MARKS / f"{name}.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def begin(folder: Path, step: Step, inputs: str) -> bool:
    """Marks a step as begun; what it left on other inputs, or lost a part of, is taken away.

    Returns:
        Whether it goes on with what an interrupted run on the same inputs left.
    """
    before = read_mark(folder, step.name)
    again = before is not None and before.inputs == inputs and (step.journal or not before.output)
    if not again:
        write_text(folder / MARKS / f"{step.name}.json", "{}")
        for name in step.folders:
            _remove(folder / name)
    write_mark(folder, step.name, Mark(inputs))
    return again


def finish(folder: Path, step: Step, inputs: str, made: Made, seconds: float) -> None:
    """Marks a step as done."""
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in _files(folder / step.folders[0])
    }
    mark = Mark(inputs, made.output, round(seconds, 3), made.figures, files)
    write_mark(folder, step.name, mark)


def _files(place: Path) -> list[Path]:
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [path for path in found if path.is_file()]


def write_mark(folder: Path, name: str, mark: Mark) -> None:
    """Puts a mark in place."""
    text = json.dumps(asdict(mark), indent=1, ensure_ascii=False) + "\n"
    write_text(folder / MARKS / f"{name}.json", text)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a file aside, and puts it in place whole.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space, or name another folder with --output",
        ) from error
    write_whole(path, text)
