"""`generate --policy llm`: its options checked, its run as a record, its rows of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchwright_agent.cli import generate_search, model_arguments
from benchwright_agent.cli.console import Monitor, print_error
from benchwright_agent.cli.model_arguments import ModelArguments, refuse_given
from benchwright_agent.options import GenerateOptions
from benchwright_agent.record import Record, design_record
from benchwright_sim.coverage import percent_number
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import ParameterError

if TYPE_CHECKING:
    from benchwright_agent.policies.llm import LlmOptions, LlmResult

Rows = list[tuple[str, str]]


def check_options(
    asked: ModelArguments,
    *,
    policy: str,
    format_: str,
    budget: float | None,
    budget_cycles: int | None,
) -> None:
    """Refuses what would be without effect.

    Raises:
        ParameterError: an option that this policy, or a replay, does not use was given.
    """
    if policy == "search":
        refuse_given(asked.given, "no option of --policy search, which asks no model")
        return
    if policy == "default":
        generate_search.check_options(asked)
        return
    refuse_given({"--model-budget": asked.seconds}, "--policy llm bounds its answers by --budget")
    if format_ != "sv":
        raise ParameterError(f"--format {format_}: a model writes SystemVerilog; legal is sv")
    refuse_given({"--budget-cycles": budget_cycles}, "a model spends --budget-tokens and --budget")
    if asked.replay is not None:
        kept = {"--replay", "--trajectory", "--doc"}
        given = {flag: value for flag, value in asked.given.items() if flag not in kept}
        refuse_given({**given, "--budget": budget}, "a replay takes this from its recording")


def llm_options(asked: ModelArguments, *, seed: int, budget: float | None) -> LlmOptions:
    """The policy's options."""
    from benchwright_agent.policies.llm import LlmOptions
    from benchwright_agent.protocol.protocol import ProtocolOptions

    return LlmOptions(
        model=asked.model,
        server=asked.server,
        context_tokens=asked.context,
        protocol=ProtocolOptions(
            rounds=asked.rounds or model_arguments.DEFAULT_ROUNDS,
            sampling=asked.sampling(seed),
            rules=asked.rules,
            constrained=asked.constrained,
            budget_tokens=asked.budget_tokens,
            budget_s=budget,
            reuse_prefix=True,
        ),
        documents=asked.documents,
        trajectory=asked.trajectory,
        replay=asked.replay,
    )


def run(
    elaboration: Elaboration, options: GenerateOptions, *, llm: LlmOptions, quiet: bool
) -> tuple[Record, Rows, int]:
    """The run, shown as it goes: its record, its rows of the summary, and its exit code."""
    from benchwright_agent.policies.llm import generate_by_model

    with Monitor(elaboration.interface.module, quiet=quiet) as monitor:
        result = generate_by_model(elaboration, options, llm, monitor)
    return record_of(elaboration, options, result), rows_of(result), exit_code_of(result)


def record_of(elaboration: Elaboration, options: GenerateOptions, result: LlmResult) -> Record:
    """The run as it is printed and saved."""
    done = result.run
    return Record(
        command="generate",
        design=design_record(elaboration),
        testbenches=(result.testbench.absolute(),),
        status=result.status,
        coverage=result.coverage,
        verdicts=result.verdicts,
        seconds=result.seconds,
        details={
            "policy": "llm",
            "model": result.model,
            "constrained": result.protocol.constrained,
            "seed": result.protocol.sampling.seed,
            "temperature": result.protocol.sampling.temperature,
            "testbench_format": options.format,
            "target": options.target_pct,
            "rounds": [
                {
                    "outcome": attempt.outcome,
                    "overall_average": percent_number(attempt.coverage.overall_average()),
                }
                for attempt in done.attempts
            ],
            "best_round": result.best_round,
            "stopped": done.stopped,
            "prompt_tokens": done.prompt_tokens,
            "new_tokens": done.new_tokens,
            "simulations": done.simulations,
        },
        warnings=result.warnings,
    )


def rows_of(result: LlmResult) -> Rows:
    """What the summary says of the run."""
    done = result.run
    return [
        ("testbench", f"{result.testbench} (round {result.best_round} of {len(done.rounds)})"),
        ("model", result.model),
        (
            "time",
            f"{result.seconds:.1f} s in all, {done.new_tokens:,} tokens written, "
            f"{done.simulations} simulations, seed {result.protocol.sampling.seed}",
        ),
    ]


def exit_code_of(result: LlmResult) -> int:
    """Says what ended the rounds early, if the model did; the exit code, 0 when it did not."""
    error = result.run.error
    if error is None:
        return 0
    print_error(f"{error}\n  -> the rounds before this are kept, and the best one is shown")
    return error.exit_code
