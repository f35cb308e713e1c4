"""How a download's progress is shown: to a person, or to a program that reads it."""

from __future__ import annotations

import json
import sys
import time
from typing import Self

import typer
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from benchwright_agent.cli.console import stderr
from benchwright_sim.closable import Closable

SAY_EVERY_S = 5.0
EVENT_EVERY_S = 0.25


class DownloadProgress(Closable):
    """Shows one download on stderr: a bar on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self.console = stderr()
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.said_s = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self.bar = Progress(
                TextColumn("[progress.percentage]{task.percentage:>3.0f} %"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self.bar.start()
        return self

    def close(self) -> None:
        """Takes the picture away."""
        if self.bar is not None:
            self.bar.stop()

    def note(self, text: str) -> None:
        """Says what happens now."""
        self.console.print(Text(text, style="dim"))

    def on_bytes(self, have: int, total: int | None) -> None:
        """Shows how far it is."""
        if self.bar is not None:
            if self.task is None:
                self.task = self.bar.add_task("", total=total, completed=have)
            self.bar.update(self.task, completed=have, total=total)
        elif time.monotonic() - self.said_s >= SAY_EVERY_S:
            self.said_s = time.monotonic()
            share = f" of {decimal(total)}, {have * 100 // max(total, 1)} %" if total else ""
            self.note(f"{decimal(have)}{share}")


class DownloadEvents:
    """Prints one download on stdout as JSON, an object a line: notes, and bytes had and wanted."""

    def __init__(self) -> None:
        self.said_s = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def note(self, text: str) -> None:
        """Says what happens now."""
        typer.echo(json.dumps({"note": text}))

    def on_bytes(self, have: int, total: int | None) -> None:
        """Says how far it is, a few times a second and at the end."""
        if time.monotonic() - self.said_s >= EVENT_EVERY_S or have == total:
            self.said_s = time.monotonic()
            typer.echo(json.dumps({"have_bytes": have, "total_bytes": total}))
