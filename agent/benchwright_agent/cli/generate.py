"""`benchwright generate`: a testbench for a design, with its coverage shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchwright_agent.cli import design_arguments, generate_llm, generate_search, model_arguments
from benchwright_agent.cli.console import print_error, print_warning, stdout
from benchwright_agent.cli.summary import print_summary
from benchwright_agent.explain.asked import read_asked
from benchwright_agent.options import GenerateOptions
from benchwright_agent.record import Record, to_text
from benchwright_sim.coverage import percent
from benchwright_sim.errors import ParameterError
from benchwright_sim.waivers import read_waivers

EXIT_MISSED = 1
EXIT_INTERRUPTED = 130
DEFAULT_BUDGET_S = 30.0
FORMATS = ("sv", "cocotb")
POLICIES = ("default", "search", "llm")

Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="The testbench; tb_TOP.sv (cocotb: test_TOP.py) in the current folder when not "
        "given. A cocotb test's runner goes beside it: run_TOP.py.",
        show_default=False,
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="sv|cocotb",
        help="SystemVerilog, or a cocotb 2 test and the script that runs it.",
    ),
]
Policy = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="default|search|llm",
        help="Who writes the testbench: all that there is, the search alone, or the model alone.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="SECONDS",
        min=0,
        help="Time for the search, or with --policy llm for answers and their simulations.",
        show_default=f"{DEFAULT_BUDGET_S:g}; no bound with --policy llm",
    ),
]
BudgetCycles = Annotated[
    int | None,
    typer.Option(
        "--budget-cycles",
        metavar="N",
        min=1,
        help="Cycles of effort instead of seconds: the same seed gives the same testbench.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of every random choice.")]
Target = Annotated[
    float | None,
    typer.Option(
        "--target",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Overall average to reach: the search stops there; missing it exits with 1.",
        show_default=False,
    ),
]
Cover = Annotated[
    list[str] | None,
    typer.Option(
        "--cover",
        metavar="FILE:LINE|BIN",
        help="Aim at these bins alone, those of a line or one by its id; missing one exits with 1. "
        "Repeatable.",
        show_default=False,
    ),
]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        help="Save the run as JSON, for `benchwright report`.",
        show_default=False,
    ),
]


def generate(
    *,
    sources: design_arguments.Sources = None,
    output: Output = None,
    format_: Format = "sv",
    policy: Policy = "default",
    budget: Budget = None,
    budget_cycles: BudgetCycles = None,
    seed: Seed = 1,
    target: Target = None,
    cover: Cover = None,
    waivers: design_arguments.Waivers = None,
    save: Save = None,
    force: design_arguments.Force = False,
    json_: design_arguments.Json = False,
    quiet: design_arguments.Quiet = False,
    model: model_arguments.ModelName = None,
    server: model_arguments.Server = None,
    context: model_arguments.Context = None,
    rounds: model_arguments.Rounds = None,
    temperature: model_arguments.Temperature = None,
    max_tokens: model_arguments.MaxTokens = None,
    budget_tokens: model_arguments.BudgetTokens = None,
    model_budget: model_arguments.ModelBudget = None,
    rules: model_arguments.Rules = False,
    constrained: model_arguments.Constrained = None,
    documents: model_arguments.Documents = None,
    trajectory: model_arguments.Trajectory = None,
    replay: model_arguments.Replay = None,
    filelists: design_arguments.Filelists = None,
    top: design_arguments.Top = None,
    parameters: design_arguments.Parameters = None,
    include_dirs: design_arguments.IncludeDirs = None,
    defines: design_arguments.Defines = None,
    clocks: design_arguments.Clocks = None,
    resets: design_arguments.Resets = None,
    project: design_arguments.Project = None,
) -> None:
    """Write a testbench that covers a design, simulate it, and show what is covered.

    \b
    Examples:
      benchwright generate rtl/fifo.sv
      benchwright generate rtl/ --top fifo -G DEPTH=8 -o tb/tb_fifo.sv
      benchwright generate -f rtl/files.f --budget 120 --target 95
      benchwright generate rtl/fifo.sv --format cocotb   # then: python run_fifo.py
      benchwright generate rtl/fifo.sv --cover fifo.sv:42   # a small testbench for one line
      benchwright generate rtl/fifo.sv --json --quiet
      benchwright generate rtl/fifo.sv --save run.json
      benchwright generate rtl/fifo.sv --model qwen3-4b   # asked for what search leaves open
      benchwright generate rtl/fifo.sv --policy llm --trajectory fifo.jsonl
    """
    _check(format_, policy, cover or ())
    asked = model_arguments.ModelArguments(
        model=model,
        server=server,
        context=context,
        rounds=rounds,
        temperature=temperature,
        max_tokens=max_tokens,
        budget_tokens=budget_tokens,
        rules=rules,
        constrained=constrained,
        documents=tuple(documents or ()),
        trajectory=trajectory,
        replay=replay,
        seconds=model_budget,
    )
    generate_llm.check_options(
        asked, policy=policy, format_=format_, budget=budget, budget_cycles=budget_cycles
    )
    design = design_arguments.load(
        sources=sources,
        filelists=filelists,
        top=top,
        parameters=parameters,
        include_dirs=include_dirs,
        defines=defines,
        clocks=clocks,
        resets=resets,
        project=project,
    )
    elaboration = design_arguments.elaborated(design, ask=not json_)
    by_llm = policy == "llm"
    llm = generate_llm.llm_options(asked, seed=seed, budget=budget) if by_llm else None
    if budget is None and budget_cycles is None:
        budget = DEFAULT_BUDGET_S
    options = GenerateOptions(
        output=output or design_arguments.default_path(elaboration.interface.module, format_),
        format="sv" if format_ == "sv" else "cocotb",
        budget_s=budget,
        budget_cycles=budget_cycles,
        seed=seed,
        target_pct=target,
        force=force,
        waivers=tuple(waiver for file in waivers or () for waiver in read_waivers(file)),
        focus=tuple(cover) if cover else None,
        model=generate_search.model_options(asked, timed=budget_cycles is None)
        if policy == "default"
        else None,
    )
    read = (elaboration.design.sources, filelists, waivers, project, documents, replay)
    for path in options.outputs:
        design_arguments.keep_inputs(path, design, *read, save, trajectory)
    for kept, other in ((save, trajectory), (trajectory, save)):
        if kept is not None:
            design_arguments.keep_inputs(kept, design, *read, other)
            design_arguments.check_output(kept, force=force)
    run = generate_search.run if llm is None else partial(generate_llm.run, llm=llm)
    record, rows, failed = run(elaboration, options, quiet=quiet or json_)
    _deliver(record, rows, save=save, force=force, json_=json_, quiet=quiet)
    if record.status == "interrupted":
        raise typer.Exit(EXIT_INTERRUPTED)
    if failed:
        raise typer.Exit(failed)
    if missed := _missed(record, cover=cover, target=target):
        print_error(missed)
        raise typer.Exit(EXIT_MISSED)


def _check(format_: str, policy: str, cover: Sequence[str]) -> None:
    """Refuses values that are not legal.

    Raises:
        ParameterError: one is not.
    """
    if format_ not in FORMATS:
        raise ParameterError(f"--format {format_}: legal are {', '.join(FORMATS)}")
    if policy not in POLICIES:
        raise ParameterError(f"--policy {policy}: legal are {', '.join(POLICIES)}")
    for text in cover:
        read_asked(text)
    if policy == "llm":
        model_arguments.refuse_given({"--cover": list(cover)}, "no option of --policy llm")


def _missed(record: Record, *, cover: Sequence[str] | None, target: float | None) -> str:
    """What was asked for and not reached; empty where nothing is missed."""
    if cover and record.status == "open":
        return "not all bins that --cover names are covered"
    if design_arguments.is_below(record.coverage, target):
        average = percent(record.coverage.overall_average())
        return f"the target of {target:g} % is missed: the overall average is {average} %"
    return ""


def _deliver(
    record: Record,
    rows: generate_llm.Rows,
    *,
    save: Path | None,
    force: bool,
    json_: bool,
    quiet: bool,
) -> None:
    """Saves and prints what was found."""
    if save is not None:
        design_arguments.write_output(save, to_text(record), force=force)
    if json_:
        typer.echo(to_text(record), nl=False)
        return
    for warning in record.warnings:
        print_warning(warning)
    if quiet:
        return
    if record.status == "interrupted":
        print_warning("interrupted: this is the best so far, simulated like any other")
    if save is not None:
        rows.append(("run", str(save)))
    print_summary(stdout(), record, rows)
