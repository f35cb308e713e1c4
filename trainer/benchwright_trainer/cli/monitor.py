"""What a person sees of a training: a bar for the step at work, a line for each that is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from benchwright_agent.cli.console import print_warning, stderr
from benchwright_sim.closable import Closable
from benchwright_trainer.pipeline.progress import (
    StepBegan,
    StepDone,
    StepProgress,
    Warned,
)

if TYPE_CHECKING:
    from benchwright_trainer.pipeline.progress import Event

_QUIET_S = 10.0
"""Between two lines of a step where there is no terminal."""


class StepMonitor(Closable):
    """Shows the events of a training; a context manager, and the pipeline's callback.

    Args:
        quiet: shows warnings only.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = stderr()
        self._quiet = quiet
        self._name = ""
        self._told_s = 0.0
        self._bar: Progress | None = None
        if not quiet and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("[cyan]{task.fields[step]}[/]"),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[what]}", style="dim", markup=False),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("", total=None, step="", count="", what="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        match event:
            case Warned(text=text):
                print_warning(text)
            case StepBegan():
                self._begin(event)
            case StepProgress():
                self._advance(event)
            case StepDone():
                self._end(event)

    def _begin(self, event: StepBegan) -> None:
        self._name = f"{event.number}/{event.total} {event.name}"
        self._told_s = time.monotonic()
        if self._bar is not None:
            self._bar.reset(self._task, total=None, step=self._name, count="", what="")
        elif not self._quiet:
            self._say(f"{self._name}: " + ("goes on" if event.again else "begins"))

    def _advance(self, event: StepProgress) -> None:
        count = f"{event.done:g}" + (f"/{event.total:g}" if event.total else "")
        if self._bar is not None:
            self._bar.update(
                self._task, completed=event.done, total=event.total, count=count, what=event.text
            )
        elif not self._quiet and time.monotonic() - self._told_s >= _QUIET_S:
            self._told_s = time.monotonic()
            self._say(f"{self._name}: {count} {event.text}")

    def _end(self, event: StepDone) -> None:
        if self._quiet or event.seconds is None:
            return
        figures = shown(event.figures)
        self._say(f"{event.number}/{event.total} {event.name}: {event.seconds:.1f} s  {figures}")

    def _say(self, text: str) -> None:
        self._console.print(Text(text, style="dim"))


def shown(figures: Mapping[str, Any]) -> str:
    """Figures of a step in a line."""
    return ", ".join(f"{name} {_value(value)}" for name, value in figures.items() if value != {})


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({shown(value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return "-" if value is None else str(value)
