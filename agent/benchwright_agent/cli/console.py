"""What a person sees in a terminal: errors, progress with coverage climbing, closing tables.

Progress and errors go to stderr, results to stdout, so that a pipe carries the result alone. Where
stderr is no terminal, progress is a line a phase.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchwright_agent.events import Event, ModelText, Note, Phase, Progress, RoundDone
from benchwright_sim.closable import Closable
from benchwright_sim.coverage import Tally, overall_average, percent

BAR_WIDTH = 24
MODEL_LINES = 8
"""Of what a model writes, that are shown while it does."""


def stdout() -> Console:
    """A console for results; width and colour are the terminal's."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    """A console for progress and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_error(text: str) -> None:
    """Prints `error: text` on stderr; the text may hold any brackets, which are no markup."""
    line = Text.assemble(("error: ", "bold red"), text)
    stderr().print(line)


def print_warning(text: str) -> None:
    """Prints `warning: text` on stderr."""
    stderr().print(Text.assemble(("warning: ", "bold yellow"), text))


def _style(covered: int, total: int) -> str:
    if covered == total:
        return "green"
    return "yellow" if covered * 10 >= total * 8 else "red"


def coverage_table(tallies: Mapping[str, Tally], *, title: str = "") -> Table:
    """A row a metric: its name, a bar, covered and total, percent."""
    table = Table(title=title or None, box=None, title_justify="left", pad_edge=False)
    table.add_column("metric")
    table.add_column("", width=BAR_WIDTH)
    table.add_column("covered", justify="right")
    table.add_column("total", justify="right")
    table.add_column("%", justify="right")
    for metric, tally in tallies.items():
        style = _style(tally.covered, tally.total)
        bar = ProgressBar(
            total=tally.total or 1,
            completed=tally.covered,
            width=BAR_WIDTH,
            complete_style=style,
            finished_style=style,
        )
        numbers = (str(tally.covered), str(tally.total))
        table.add_row(metric, bar, *numbers, Text(percent(tally), style=style))
    return table


def pairs_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Two columns, a name and what it is."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    return table


def _told(done: RoundDone) -> str:
    """A finished round in one line."""
    average = overall_average(done.tallies)
    what = done.outcome.replace("_", " ") if average is None else f"{percent(average)} % covered"
    cost = f"{done.new_tokens:,} tokens, {done.seconds:.1f} s"
    return f"round {done.number} of {done.rounds}: {what} ({cost})"


def _tail(text: str) -> str:
    """The last lines of a text; what could move the cursor is left out."""
    lines = text.splitlines()[-MODEL_LINES:]
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines)


class Monitor(Closable):
    """Shows the events of one run; a context manager, and the callback that the loop wants.

    On a terminal the picture is redrawn in place and vanishes at the end, when the closing table
    takes its place.
    """

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name = name
        self.phase = "starting"
        self.phase_began_s = time.monotonic()
        self.progress: Progress | None = None
        self.done: RoundDone | None = None
        self.written = ""
        self.console = stderr()
        self.quiet = quiet
        self.live: Live | None = None

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            self.live = Live(
                get_renderable=self.picture,
                console=self.console,
                transient=True,
                refresh_per_second=8,
            )
            self.live.start()
        return self

    def close(self) -> None:
        """Takes the picture away."""
        if self.live is not None:
            self.live.stop()

    def __call__(self, event: Event) -> None:
        """Takes one event of the loop."""
        match event:
            case Phase(name=name):
                self.phase, self.phase_began_s = name, time.monotonic()
                self.written = ""
                self._say(name, in_place=True)
            case Note(text=text):
                self._say(text, in_place=False)
            case Progress():
                self.progress = event
            case ModelText(text=text):
                self.written = (self.written + text)[-MODEL_LINES * 200 :]
            case RoundDone():
                self.done = event
                self._say(_told(event), in_place=False)

    def _say(self, text: str, *, in_place: bool) -> None:
        """Prints a line, unless the picture shows it already."""
        if self.quiet or (in_place and self.live is not None):
            return
        self.console.print(Text(f"{self.name}: {text}", style="dim"))

    def picture(self) -> RenderableType:
        """What the terminal shows now."""
        since_s = time.monotonic() - self.phase_began_s
        waiting = f"  {since_s:.0f} s" if since_s >= 2 else ""
        head = Text.assemble((self.name, "bold"), "  ", (self.phase, "cyan"), (waiting, "dim"))
        if self.written:
            return Group(head, Text(_tail(self.written), style="dim"))
        if self.done is not None:
            return Group(head, coverage_table(self.done.tallies))
        progress = self.progress
        if progress is None:
            return head
        head.append(
            f"  {progress.policy}  {progress.elapsed_s:.1f} s  {progress.cycles:,} cycles  "
            f"{progress.bins_left:,} bins left",
            style="dim",
        )
        return Group(head, coverage_table(progress.tallies))
