"""`benchwright explain`: why the bins of a line are not covered, and what it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import Monitor, print_error, print_warning, stderr, stdout
from benchwright_agent.cli.simulate import MAX_LOG_LINES, BenchTop
from benchwright_agent.events import Note, Phase
from benchwright_agent.record import DesignRecord, Record, read_record
from benchwright_sim.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from benchwright_agent.explain.asked import Asked
    from benchwright_agent.explain.inquiry import Answer
    from benchwright_sim.design import Design

Place = Annotated[
    str,
    typer.Argument(
        metavar="FILE:LINE",
        help="A place in the design, or a bin's id (branch:fifo.sv:12:7:if).",
        show_default=False,
    ),
]
Bench = Annotated[
    Path | None,
    typer.Option(
        "-b",
        "--testbench",
        metavar="FILE",
        help="SystemVerilog testbench to run for values; else tb_TOP.sv, where there is one.",
        show_default=False,
    ),
]
Run = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Saved run (JSON): its design, its testbench, its verdicts.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Time that a run may take.")
]


def explain(
    *,
    place: Place,
    sources: design_arguments.Sources = None,
    testbench: Bench = None,
    bench_top: BenchTop = None,
    run: Run = None,
    timeout: Timeout = 60.0,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
    filelists: design_arguments.Filelists = None,
    top: design_arguments.Top = None,
    parameters: design_arguments.Parameters = None,
    include_dirs: design_arguments.IncludeDirs = None,
    defines: design_arguments.Defines = None,
    project: design_arguments.Project = None,
) -> None:
    """Explain why the bins of a line are not covered.

    Shows the conditions on the way to each bin, the inputs and registers that these depend on and,
    where a testbench is run, what the conditions were and how near they came. The file of
    FILE:LINE is the design where no sources are named.

    \b
    Examples:
      benchwright explain fifo.sv:42
      benchwright explain fifo.sv:42 rtl/ -b tb/tb_fifo.sv
      benchwright explain fifo.sv:42 --run run.json
      benchwright explain "branch:fifo.sv:12:7:if" rtl/ --json
    """
    from benchwright_agent.explain.asked import read_asked

    asked = read_asked(place)
    record = read_record(run) if run is not None else None
    named = bool(sources or filelists or project)
    recorded = record.design if record is not None and not named else None
    design = design_arguments.load(
        sources=_sources(sources, asked, recorded, named=named),
        filelists=filelists,
        top=top or (recorded.top if recorded else None),
        parameters=parameters or ([f"{n}={v}" for n, v in recorded.parameters] if recorded else []),
        include_dirs=include_dirs,
        defines=[
            *(f"{n}={v}" for n, v in (recorded.defines if recorded else ())),
            *(defines or ()),
        ],
        clocks=None,
        resets=None,
        project=project,
    )
    if record is not None and record.design is not None:
        design = replace(design, root=record.design.root)
    with Monitor(asked.text, quiet=quiet or json_) as monitor:
        monitor(Phase("explain"))
        answer = _answer(
            asked,
            design,
            testbench=testbench,
            record=record,
            bench_top=bench_top,
            timeout_s=timeout,
            monitor=monitor,
        )
    _show(answer, json_=json_)


def _sources(
    sources: list[Path] | None, asked: Asked, recorded: DesignRecord | None, *, named: bool
) -> list[Path] | None:
    """What is named, else the run's design, the project's, or the file that is asked about."""
    from benchwright_sim.project import find_project

    if named:
        return sources
    if recorded is not None:
        if not recorded.sources:
            raise ParameterError(
                "the saved run does not name its sources", hint="name them behind FILE:LINE"
            )
        return list(recorded.sources)
    if asked.file is None or find_project(Path.cwd()) is not None:
        return None
    if not asked.file.exists():
        raise SourceError(
            f"there is no file {asked.file}", hint="name the design's sources behind FILE:LINE"
        )
    return [asked.file]


def _answer(
    asked: Asked,
    design: Design,
    *,
    testbench: Path | None,
    record: Record | None,
    bench_top: str | None,
    timeout_s: float,
    monitor: Monitor,
) -> Answer:
    """Explains with a run where there is a testbench, else from the source alone."""
    from benchwright_agent.explain.inquiry import (
        explain_run,
        explain_static,
    )

    bench, warnings = _recorded_bench(record) if testbench is None else (testbench, ())
    if bench is None:
        elaboration = design_arguments.elaborated(design, ask=True)
        default = design_arguments.default_path(elaboration.interface.module, "sv")
        if record is not None or not default.is_file():
            verdicts = record.verdicts if record is not None else None
            answer = explain_static(asked, elaboration, verdicts=verdicts)
            return replace(answer, warnings=(*warnings, *answer.warnings))
        monitor(Note(f"values are those of a run of {default}"))
        bench = default
    answer = explain_run(
        asked, design, bench, bench_top=bench_top, timeout_s=timeout_s, record=record
    )
    return replace(answer, warnings=(*warnings, *answer.warnings))


def _recorded_bench(record: Record | None) -> tuple[Path | None, tuple[str, ...]]:
    """The testbench of a saved run that can be run again for values, and what there is to say."""
    if record is None:
        return None, ()
    benches = [path for path in record.testbenches if path.suffix.lower() in (".sv", ".v")]
    present = [path for path in benches if path.is_file()]
    if present:
        others = len(record.testbenches) - 1
        note = f"values are those of {present[0].name} alone, one of {others + 1} testbenches"
        return present[0], (note,) if others else ()
    if benches:
        return None, (f"there are no values: the run's testbench {benches[0]} is gone",)
    return None, ("there are no values: the run has no SystemVerilog testbench",)


def _show(answer: Answer, *, json_: bool) -> None:
    from benchwright_agent.explain.explanation_json import (
        answer_to_json,
    )
    from benchwright_agent.explain.view import print_answer

    if json_:
        typer.echo(json.dumps(answer_to_json(answer), indent=1, ensure_ascii=False))
    else:
        for warning in answer.warnings:
            print_warning(warning)
        print_answer(stdout(), answer)
    if answer.failure is not None:
        what, code, log = answer.failure
        print_error(f"{answer.testbench}: {what}")
        for line in log.splitlines()[-MAX_LOG_LINES:]:
            stderr().print(f"  {line}", markup=False, style="dim")
        raise typer.Exit(code)
