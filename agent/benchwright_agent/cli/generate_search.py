"""`generate` by search, and by a model for what search leaves: its model, its record, its rows."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchwright_agent.cli.console import Monitor
from benchwright_agent.cli.model_arguments import DEFAULT_MODEL_S, ModelArguments, refuse_given
from benchwright_agent.models.choice import check_model, model_in_use, open_model
from benchwright_agent.models.installed.catalogue import DEFAULT
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.record import Record, design_record
from benchwright_agent.result import GenerateResult, ModelUse
from benchwright_sim.elaboration import Elaboration

Rows = list[tuple[str, str]]

_ONLY_LLM = ("--rounds", "--rules", "--constrained", "--free", "--doc")
_OF_REPLAY = ("--replay", "--trajectory")


def check_options(asked: ModelArguments) -> None:
    """Refuses what would be without effect.

    Raises:
        ParameterError: an option that this policy, or a replay, does not use was given.
    """
    refuse_given(
        {flag: asked.given[flag] for flag in _ONLY_LLM}, "--policy llm alone takes this option"
    )
    if asked.replay is not None:
        given = {flag: value for flag, value in asked.given.items() if flag not in _OF_REPLAY}
        refuse_given(given, "a replay takes this from its recording")


def model_options(asked: ModelArguments, *, timed: bool) -> ModelOptions | None:
    """The model that was asked for, or is in use; None where there is none.

    Args:
        asked: what the command line says.
        timed: seconds may end its turn unless asked otherwise.

    Raises:
        ModelError: the model that was asked for does not exist.
        TrajectoryError: the recording to be replayed is none.
    """
    if asked.replay is not None:
        from benchwright_agent.policies.closing_record import replayed

        return replayed(asked.replay, asked.trajectory)
    named = asked.model is not None or asked.server is not None
    if named:
        check_model(asked.model, server=asked.server)
    elif model_in_use() is None:
        refuse_given(asked.given, "no model is in use; name one with --model")
        return None
    given: dict[str, Any] = {
        "seconds": DEFAULT_MODEL_S if asked.seconds is None and timed else asked.seconds,
        "tokens": asked.budget_tokens,
        "answer_tokens": asked.max_tokens,
        "temperature": asked.temperature,
        "trajectory": asked.trajectory,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    opened = partial(open_model, asked.model, server=asked.server, context_tokens=asked.context)
    return ModelOptions(opened, **{"seconds": None, **chosen})


def run(
    elaboration: Elaboration, options: GenerateOptions, *, quiet: bool
) -> tuple[Record, Rows, int]:
    """The run, shown as it goes: its record, its rows of the summary, and its exit code."""
    from benchwright_agent import loop

    with Monitor(elaboration.interface.module, quiet=quiet) as monitor:
        result = loop.generate(elaboration, options, monitor)
    return record_of(elaboration, options, result), _rows(result, options), 0


def record_of(elaboration: Elaboration, options: GenerateOptions, result: GenerateResult) -> Record:
    """The run as it is printed and saved."""
    use = result.model
    return Record(
        command="generate",
        design=design_record(elaboration),
        testbenches=(result.testbench.absolute(),),
        status=result.status,
        coverage=result.coverage,
        verdicts=result.verdicts,
        seconds=result.seconds,
        details={
            "seed": result.seed,
            "cycles": result.cycles,
            "testbench_cycles": result.testbench_cycles,
            "testbench_format": options.format,
            "target": options.target_pct,
            "cover": None if options.focus is None else list(options.focus),
            "budget_exhausted": result.budget_exhausted,
            "reproduce": result.reproduce,
            "model": None
            if use is None
            else {
                "name": use.name,
                "answers": use.answers,
                "helpful": use.helpful,
                "bins": use.bins,
                "prompt_tokens": use.prompt_tokens,
                "new_tokens": use.new_tokens,
                "note": use.note,
            },
        },
        warnings=result.warnings,
    )


def _rows(result: GenerateResult, options: GenerateOptions) -> Rows:
    """What the summary says of the run."""
    speed = f"{result.seconds:.1f} s in all, {result.cycles:,} cycles tried, seed {result.seed}"
    rows = [
        ("testbench", str(result.testbench)),
        ("length", f"{result.testbench_cycles:,} cycles in {len(result.program.run)} segments"),
        ("time", speed),
    ]
    if result.reproduce:
        rows.append(("repeat it", f"--seed {result.seed} {result.reproduce}"))
    if result.model is not None:
        rows.append(("model", _said_of(result.model)))
    elif options.model is None and result.verdicts.open:
        rows.append(
            ("model", f"none; `benchwright model pull {DEFAULT}` adds one for what is open")
        )
    return rows


def _said_of(use: ModelUse) -> str:
    """What the model brought, or why it brought nothing."""
    brought = (
        f"{use.helpful} of {use.answers} answers helped, {use.bins} bins, "
        f"{use.new_tokens:,} tokens in {use.seconds:.1f} s"
    )
    said = "; ".join(filter(None, (brought if use.answers else "", use.note)))
    return f"{use.name}: {said}" if use.name else said
