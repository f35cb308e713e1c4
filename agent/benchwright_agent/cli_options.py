"""The options that every command taking a design shares, and the Design that they make.

The option types are `Annotated` aliases, so that each command's signature shows what it takes and
`--help` says the same everywhere. Values stay text here; `benchwright_sim.design` judges them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright_sim.errors import ParameterError

if TYPE_CHECKING:
    pass

DESIGN_PANEL = "Design"

Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SOURCES...",
        help="Verilog or SystemVerilog files, or folders of them.",
        show_default=False,
    ),
]
Filelists = Annotated[
    list[Path] | None,
    typer.Option(
        "-f",
        "--filelist",
        metavar="FILE",
        help="Filelist; may nest and hold +incdir+, +define+, -y, -v. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Top = Annotated[
    str | None,
    typer.Option(
        "--top",
        "-t",
        metavar="MODULE",
        help="Top module; found when there is one candidate.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-G",
        "--parameter",
        metavar="NAME=VALUE",
        help="Overrides a parameter of the top. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
IncludeDirs = Annotated[
    list[Path] | None,
    typer.Option(
        "-I",
        "--include",
        metavar="FOLDER",
        help="Folder searched for `include files. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Defines = Annotated[
    list[str] | None,
    typer.Option(
        "-D",
        "--define",
        metavar="NAME[=VALUE]",
        help="Preprocessor macro. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Clocks = Annotated[
    list[str] | None,
    typer.Option(
        "--clock",
        metavar="NAME[:EDGE]",
        help="A clock, when the guess is wrong; EDGE is posedge, negedge or both. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Resets = Annotated[
    list[str] | None,
    typer.Option(
        "--reset",
        metavar="NAME[:LEVEL]",
        help="A reset and its active level, 0 or 1 (default 1). Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Project = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="FILE",
        help="A benchwright.toml, or its folder; the one in the current folder when no sources "
        "are named.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]

PROJECT_FILE = "benchwright.toml"


@dataclass(frozen=True, slots=True)
class DesignOptions:
    """What the design options of one command line said, before any file was opened."""

    sources: tuple[Path, ...] = ()
    filelists: tuple[Path, ...] = ()
    top: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    clocks: tuple[tuple[str, str], ...] = ()
    resets: tuple[tuple[str, int], ...] = ()
    project: Path | None = None


def parse_parameter(text: str) -> tuple[str, str]:
    """`WIDTH=8` as (name, value).

    Raises:
        ParameterError: there is no `=`, no name or no value.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ParameterError(f"-G {text}: no such form", hint="write -G NAME=VALUE")
    return name, value


def parse_define(text: str) -> tuple[str, str]:
    """`SIM` or `DEPTH=4` as (name, value); the value of a bare define is empty.

    Raises:
        ParameterError: the name is no identifier.
    """
    name, _, value = text.partition("=")
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ParameterError(
            f"-D {text}: {name!r} is no macro name", hint="write -D NAME or -D NAME=VALUE"
        )
    return name, value


def _split_last(text: str, default: str) -> tuple[str, str]:
    """`NAME:WORD` at its last colon; escaped identifiers may hold colons of their own."""
    name, colon, word = text.rpartition(":")
    return (name, word.lower()) if colon else (text, default)


def parse_clock(text: str) -> tuple[str, str]:
    """`clk` or `clk:negedge` as (signal, edge).

    Raises:
        ParameterError: the edge is none of posedge, negedge, both.
    """
    name, edge = _split_last(text, "posedge")
    if not name or edge not in {"posedge", "negedge", "both"}:
        raise ParameterError(
            f"--clock {text}: no such form",
            hint="write --clock NAME, NAME:posedge, NAME:negedge or NAME:both",
        )
    return name, edge


def parse_reset(text: str) -> tuple[str, int]:
    """`rst` or `rst_n:0` as (signal, active level).

    Raises:
        ParameterError: the level is neither 0 nor 1.
    """
    name, level = _split_last(text, "1")
    if not name or level not in {"0", "1"}:
        raise ParameterError(
            f"--reset {text}: no such form",
            hint="write --reset NAME:0 when it resets at 0, --reset NAME:1 when at 1",
        )
    return name, int(level)


def design_options(
    *,
    sources: list[Path] | None,
    filelists: list[Path] | None,
    top: str | None,
    parameters: list[str] | None,
    include_dirs: list[Path] | None,
    defines: list[str] | None,
    clocks: list[str] | None,
    resets: list[str] | None,
    project: Path | None,
) -> DesignOptions:
    """The options of one command line, checked for their form.

    Raises:
        ParameterError: a value has no legal form.
    """
    return DesignOptions(
        sources=tuple(sources or ()),
        filelists=tuple(filelists or ()),
        top=top,
        parameters=tuple(parse_parameter(text) for text in parameters or ()),
        include_dirs=tuple(include_dirs or ()),
        defines=tuple(parse_define(text) for text in defines or ()),
        clocks=tuple(parse_clock(text) for text in clocks or ()),
        resets=tuple(parse_reset(text) for text in resets or ()),
        project=project,
    )
