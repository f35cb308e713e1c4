"""`benchwright doctor`: what is found, what is missing, and the command that mends it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import stderr, stdout
from benchwright_sim.errors import ToolchainError

if TYPE_CHECKING:
    from benchwright_agent.diagnosis import Check

STYLES = {"ok": "green", "note": "yellow", "missing": "bold red"}


def doctor(*, json_: design_arguments.Json = False) -> None:
    """Check that this machine has what is needed, and say what mends it.

    \b
    Examples:
      benchwright doctor
      BENCHWRIGHT_CXX=g++-13 benchwright doctor
    """
    from benchwright_agent.diagnosis import diagnose

    with stderr().status("looking, compiling and running a small design"):
        checks = list(diagnose())
    if json_:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        stdout().print(_table(checks))
    missing = [check.name for check in checks if check.state == "missing"]
    if missing:
        raise ToolchainError(f"not ready: {', '.join(missing)}", hint=_first_fix(checks))


def _first_fix(checks: list[Check]) -> str:
    return next(check.fix for check in checks if check.state == "missing")


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        found = Text(check.found)
        if check.fix and check.state != "ok":
            found.append(f"\n-> {check.fix}", style="cyan")
        table.add_row(Text(check.state, style=STYLES[check.state]), check.name, found)
    return table
