"""`benchwright report`: saved runs and coverage files, merged and shown in one of several forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import print_error
from benchwright_agent.cli.summary import report_of, with_paths
from benchwright_agent.record import DesignRecord, Record, merged, read_record, to_text
from benchwright_sim.coverage import percent, read_dat
from benchwright_sim.errors import ParameterError
from benchwright_sim.verdict import decide

EXIT_MISSED = 1
FORMATS = ("text", "json", "lcov", "cobertura", "html")
SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".info": "lcov",
    ".lcov": "lcov",
    ".xml": "cobertura",
    ".html": "html",
    ".htm": "html",
}

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help="Saved runs (JSON), or coverage.dat files that Verilator wrote.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"One of {', '.join(FORMATS)}; by the output's name, else text.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Where it goes; stdout when not given.",
        show_default=False,
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="FOLDER",
        help="Folder that the files of a coverage.dat belong to; the current one when not given.",
        show_default=False,
    ),
]


def report(
    *,
    runs: Runs,
    format_: Format = None,
    output: Output = None,
    root: Root = None,
    fail_under: design_arguments.FailUnder = None,
    force: design_arguments.Force = False,
) -> None:
    """Show the coverage of one or several runs, merged.

    \b
    Examples:
      benchwright report run.json
      benchwright report run.json -o coverage.html
      benchwright report a.json b.json --format lcov -o coverage.info
      benchwright report obj_dir/coverage.dat --root rtl --fail-under 90
    """
    chosen = format_ or SUFFIXES.get(output.suffix.lower() if output else "", "text")
    if chosen not in FORMATS:
        raise ParameterError(f"--format {chosen}: legal are {', '.join(FORMATS)}")
    if output is not None:
        design_arguments.check_output(output, force=force)
    record = merged([_read(path, root) for path in runs], "report")
    text = _renderer(chosen)(record)
    if output is None:
        typer.echo(text, nl=False)
    else:
        design_arguments.write_output(output, text, force=force)
    if design_arguments.is_below(record.coverage, fail_under):
        print_error(
            f"the overall average is {percent(record.coverage.overall_average())} %, "
            f"less than the {fail_under:g} % asked for"
        )
        raise typer.Exit(EXIT_MISSED)


def _read(path: Path, root: Path | None) -> Record:
    """A saved run, or the coverage that Verilator wrote, told apart by name."""
    if path.suffix.lower() != ".dat":
        return read_record(path)
    folder = (root or Path.cwd()).resolve()
    coverage = read_dat(path, root=folder)
    return Record(
        command="report",
        design=DesignRecord(top=path.stem, root=folder),
        testbenches=(),
        status="",
        coverage=coverage,
        verdicts=decide(coverage),
    )


def _root(record: Record) -> Path:
    return record.design.root if record.design else Path.cwd()


def _renderer(format_: str) -> Callable[[Record], str]:
    """The function that makes a form's text; loaded only now, since a form may need jinja2."""
    match format_:
        case "json":
            return to_text
        case "lcov":
            from benchwright_sim.reports import lcov

            return lambda record: lcov.render(with_paths(report_of(record), _root(record)))
        case "cobertura":
            from benchwright_sim.reports import cobertura

            return lambda record: cobertura.render(
                report_of(record), source_root=str(_root(record))
            )
        case "html":
            from benchwright_sim.reports import html

            return lambda record: html.render(report_of(record))
        case _:
            from benchwright_sim.reports import text

            return lambda record: text.render(report_of(record))
