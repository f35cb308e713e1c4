"""A step that is run by itself: whose values hold, who watches it, and what is printed of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer

from benchwright_agent.cli.console import print_error, stderr
from benchwright_sim.closable import Closable
from benchwright_trainer.cli.monitor import StepMonitor, shown
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepBegan

if TYPE_CHECKING:
    from types import TracebackType

    from benchwright_trainer.pipeline.step import Made

_GOES_ON = "the same command goes on; what is done is in {output}"
_INTERRUPTED = {
    "corpus": _GOES_ON,
    "rollouts": _GOES_ON,
    "dataset": "the same command begins anew",
    "sft": "the same command goes on from the last checkpoint in {output}-training",
    "evaluate": _GOES_ON,
    "export": "the same command begins anew",
}
"""Step -> what its user can do after an interruption."""


class Alone(Closable):
    """One step in a folder of its own; a context manager.

    Args:
        name: of the step, as its command's.
        output: its folder.
        jobs: see `Place`.
        cluster: see `Place`.
        quiet: shows warnings only.
        cache: see `Place`.
    """

    def __init__(
        self,
        name: str,
        output: Path,
        *,
        quiet: bool,
        jobs: int | None = None,
        cluster: str | None = None,
        cache: Path | None = None,
    ) -> None:
        self._name = name
        self._output = output
        self._quiet = quiet
        self._monitor = StepMonitor(quiet=quiet)
        self.place = Place(output, jobs, cluster, self._monitor, cache)

    def __enter__(self) -> Self:
        self._monitor.__enter__()
        self._monitor(StepBegan(self._name, 1, 1))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is KeyboardInterrupt:
            print_error(f"interrupted: {_INTERRUPTED[self._name].format(output=self._output)}")

    def close(self) -> None:
        """Takes the bar away."""
        self._monitor.close()

    def tell(self, made: Made, *, json_: bool) -> None:
        """Prints what came of the step."""
        self.close()
        if json_:
            value = {"output": made.output, "figures": dict(made.figures)}
            typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
        elif not self._quiet:
            typer.echo(shown(made.figures))
            stderr().print(f"kept in {self._output}", markup=False)
