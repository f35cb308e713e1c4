"""`benchwright simulate`: what any testbench covers of the design under it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright_agent.cli import design_arguments
from benchwright_agent.cli.console import Monitor, print_error, print_warning, stderr, stdout
from benchwright_agent.cli.summary import print_summary
from benchwright_agent.events import Phase
from benchwright_agent.record import Record, merged, read_record, to_text
from benchwright_sim.coverage import percent
from benchwright_sim.waivers import read_waivers

if TYPE_CHECKING:
    from benchwright_agent.bench_run import BenchRun

EXIT_MISSED = 1
MAX_LOG_LINES = 30

Testbench = Annotated[
    Path, typer.Argument(metavar="TESTBENCH", help="The testbench.", show_default=False)
]
More = Annotated[
    list[Path] | None,
    typer.Option(
        "-b",
        "--testbench",
        metavar="FILE",
        help="A further testbench, run apart and merged. Repeatable.",
        show_default=False,
    ),
]
BenchTop = Annotated[
    str | None,
    typer.Option(
        "--tb-top",
        metavar="MODULE",
        help="Top module of the testbench; found when there is one candidate.",
        show_default=False,
    ),
]
Merge = Annotated[
    list[Path] | None,
    typer.Option(
        "--merge",
        metavar="RUN",
        help="Saved run whose coverage is added. Repeatable.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Save the run as JSON, for `benchwright report`.",
        show_default=False,
    ),
]
Flatten = Annotated[
    bool, typer.Option("--flatten", help="Count every instance apart, not every module.")
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Time that each may run."),
]


def simulate(
    *,
    testbench: Testbench,
    sources: design_arguments.Sources = None,
    more: More = None,
    bench_top: BenchTop = None,
    fail_under: design_arguments.FailUnder = None,
    merge: Merge = None,
    waivers: design_arguments.Waivers = None,
    flatten: Flatten = False,
    timeout: Timeout = 60.0,
    output: Output = None,
    force: design_arguments.Force = False,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
    filelists: design_arguments.Filelists = None,
    include_dirs: design_arguments.IncludeDirs = None,
    defines: design_arguments.Defines = None,
    project: design_arguments.Project = None,
) -> None:
    """Simulate a testbench and show what it covers of the design under it.

    The design's sources may be left out when the testbench holds or includes them.

    \b
    Examples:
      benchwright simulate tb/tb_fifo.sv rtl/fifo.sv
      benchwright simulate tb/tb_fifo.sv -f rtl/files.f --fail-under 90
      benchwright simulate tb/tb_a.sv -b tb/tb_b.sv rtl/ -o run.json
      benchwright simulate tb/tb_c.sv rtl/ --merge run.json --json
    """
    from benchwright_agent.bench_run import run_benches

    if output is not None:
        design_arguments.check_output(output, force=force)
    benches = [testbench, *(more or ())]
    earlier = [read_record(path) for path in merge or ()]
    decided = [waiver for path in waivers or () for waiver in read_waivers(path)]
    has_sources = bool(sources or filelists or project)
    design = design_arguments.load(
        sources=sources if has_sources else benches,
        filelists=filelists,
        top=None,
        parameters=None,
        include_dirs=include_dirs,
        defines=defines,
        clocks=None,
        resets=None,
        project=project,
    )
    if output is not None:
        design_arguments.keep_inputs(output, design, benches, filelists, waivers, merge, project)
    with Monitor(testbench.name, quiet=quiet or json_) as monitor:
        monitor(Phase("simulate"))
        done = run_benches(
            benches, design, top=bench_top, waivers=decided, flatten=flatten, timeout_s=timeout
        )
    record = merged([done.record, *earlier], "simulate")
    if output is not None:
        design_arguments.write_output(output, to_text(record), force=force)
    _show(record, done, json_=json_, quiet=quiet)
    if done.exit_code:
        raise typer.Exit(done.exit_code)
    if design_arguments.is_below(record.coverage, fail_under):
        print_error(
            f"the overall average is {percent(record.coverage.overall_average())} %, "
            f"less than the {fail_under:g} % asked for"
        )
        raise typer.Exit(EXIT_MISSED)


def _show(record: Record, done: BenchRun, *, json_: bool, quiet: bool) -> None:
    if json_:
        typer.echo(to_text(record), nl=False)
    else:
        for warning in record.warnings:
            print_warning(warning)
        if not quiet and record.coverage:
            names = ", ".join(path.name for path in record.testbenches)
            print_summary(stdout(), record, [("testbench", names), ("status", record.status)])
    for name, failure, log in done.failures:
        print_error(f"{name}: {failure}")
        lines = log.splitlines()
        for line in lines[-MAX_LOG_LINES:]:
            stderr().print(f"  {line}", markup=False, style="dim")
