"""The options that every command taking a design shares, and the Design that they make.

The option types are `Annotated` aliases, so that each command's signature shows what it takes and
`--help` says the same everywhere. Values stay text here; `benchwright_sim.design` judges them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_sim.coverage import Coverage
from benchwright_sim.errors import OutputError, ParameterError, TopError
from benchwright_sim.filelist import split_define
from benchwright_sim.project import clock_option, find_project, reset_option

if TYPE_CHECKING:
    from benchwright_sim.design import Design
    from benchwright_sim.elaboration import Elaboration

DESIGN_PANEL = "Design"

Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SOURCES",
        help="Verilog or SystemVerilog files, folders of them, or one folder "
        "with a benchwright.toml.",
        show_default=False,
        readable=False,
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
        help="A reset and its active level, 0 or 1, else by its name. Repeatable.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Project = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="FILE",
        help="A benchwright.toml, or its folder; else the one in the current folder.",
        rich_help_panel=DESIGN_PANEL,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Waivers = Annotated[
    list[Path] | None,
    typer.Option(
        "--waivers",
        metavar="FILE",
        help="TOML file of bins that need not be covered. Repeatable.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
FailUnder = Annotated[
    float | None,
    typer.Option(
        "--fail-under",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Exit with 1 when the overall average is lower.",
        show_default=False,
    ),
]

T = TypeVar("T")


def _parsed(flag: str, texts: Sequence[str] | None, parse: Callable[[str], T]) -> tuple[T, ...]:
    """The values of a repeatable option; what `parse` refuses is the user's error."""
    try:
        return tuple(parse(text) for text in texts or ())
    except ValueError as error:
        raise ParameterError(f"{flag}: {error}") from error


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = (part.strip() for part in text.partition("="))
    if not (name and value):
        raise ValueError(f"{text!r} is no parameter; legal: NAME=VALUE")
    return name, value


def _define(text: str) -> tuple[str, str]:
    name, value = split_define(text)
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ValueError(f"{text!r} is no macro; legal: NAME or NAME=VALUE")
    return name, value


def _plus_arguments(sources: Sequence[Path]) -> tuple[list[Path], list[Path], list[str]]:
    """Sources, and the folders and macros of `+incdir+` and `+define+` arguments among them."""
    files: list[Path] = []
    folders: list[Path] = []
    macros: list[str] = []
    for source in sources:
        match str(source).split("+"):
            case ["", "incdir", *names]:
                folders.extend(Path(name) for name in names if name)
            case ["", "define", *names]:
                macros.extend(name for name in names if name)
            case _:
                files.append(source)
    return files, folders, macros


def _project_among(sources: list[Path], project: Path | None) -> tuple[list[Path], Path | None]:
    """Sources and project file; a lone source may be the project file, or its folder."""
    if project is None and len(sources) == 1:
        only = sources[0]
        if only.suffix == ".toml":
            return [], only
        if only.is_dir() and (found := find_project(only)):
            return [], found
    if project is not None and project.is_dir():
        found = find_project(project)
        if found is None:
            raise ParameterError(f"--project {project}: this folder has no benchwright.toml")
        return sources, found
    return sources, project


def load(
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
) -> Design:
    """The design that one command line names.

    Raises:
        SourceError: a file is missing, unreadable, binary or empty, or there is none at all.
        ParameterError: an option has no legal form, or the project file is wrong.
    """
    from benchwright_sim.design import load_design

    files, folders, macros = _plus_arguments(sources or [])
    files, project_file = _project_among(files, project)
    return load_design(
        files,
        filelists=filelists or (),
        include_dirs=[*(include_dirs or ()), *folders],
        defines=_parsed("-D", [*macros, *(defines or ())], _define),
        parameters=_parsed("-G", parameters, _parameter),
        top=top,
        clocks=_parsed("--clock", clocks, clock_option),
        resets=_parsed("--reset", resets, reset_option),
        project=project_file,
    )


def elaborated(design: Design, *, ask: bool) -> Elaboration:
    """The design elaborated; of several tops the user is asked for one, on a terminal.

    Raises:
        SimError: as `benchwright_sim.elaborate.elaborate`; TopError also where nobody can be asked.
    """
    from benchwright_sim.elaborate import elaborate

    try:
        return elaborate(design)
    except TopError as error:
        if not (ask and len(error.candidates) > 1 and _on_terminal()):
            raise
        return elaborate(replace(design, top=_choose(error.candidates)))


def default_path(module: str, format_: str) -> Path:
    """Where the testbench of a module goes when the user names no place."""
    name = re.sub(r"\W", "_", module)
    return Path(f"test_{name}.py" if format_ == "cocotb" else f"tb_{name}.sv")


def keep_inputs(output: Path, design: Design, *others: Sequence[Path] | Path | None) -> None:
    """Refuses to write over the design or what else was read, `--force` or not.

    Args:
        output: file to be written.
        design: whose files are kept.
        others: further options that name files (filelists, waivers, another output).

    Raises:
        OutputError: `output` is one of them.
    """
    place = output.resolve()
    if place in {file.resolve() for file in (*design.sources, *design.library_files)}:
        raise OutputError(f"{output} is a source of the design", hint="give another name with -o")
    lists = [[other] if isinstance(other, Path) else other or () for other in others]
    if place in {file.resolve() for files in lists for file in files}:
        raise OutputError(f"{output} has another part in this run", hint="give each its own name")


def check_output(path: Path, *, force: bool) -> None:
    """Finds out before any work whether `path` can be written.

    Raises:
        OutputError: it exists and may not be replaced, or its folder takes no files.
    """
    check_writable(GenerateOptions(output=path, force=force))


def write_output(path: Path, text: str, *, force: bool) -> None:
    """Writes one file whole or not at all.

    Raises:
        OutputError: it exists and may not be replaced, or cannot be written.
    """
    write_outputs({path: text}, force=force)


def is_below(coverage: Coverage, target: float | None) -> bool:
    """Whether the overall average misses a target in percent; to have none misses any."""
    average = coverage.overall_average()
    if target is None:
        return False
    return average is None or average * 100 < Fraction(str(target))


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _choose(candidates: tuple[str, ...]) -> str:
    """Asks which of several modules is the top; a number or a name."""
    from rich.prompt import Prompt

    from benchwright_agent.cli.console import stderr

    console = stderr()
    console.print("Several modules could be the top:")
    for number, name in enumerate(candidates, start=1):
        console.print(f"  {number}  {name}", markup=False)
    numbers = {str(number): name for number, name in enumerate(candidates, start=1)}
    answer = Prompt.ask(
        "Which one",
        choices=[*numbers, *candidates],
        show_choices=False,
        default="1",
        console=console,
    )
    return numbers.get(answer, answer)
