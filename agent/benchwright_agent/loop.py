"""From an elaborated design to a testbench whose coverage is measured: the loop.

build the harness -> policies grow the tape within a budget -> minimise -> emit -> simulate exactly
that text -> verdicts. What the harness counts guides the search; what the emitted testbench,
simulated alone, counts is reported.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchwright_agent.bench import Bench, on_bench
from benchwright_agent.budget import Budget
from benchwright_agent.emission import emit, run_emitted
from benchwright_agent.events import Note, OnEvent, Phase, ignore
from benchwright_agent.goals import Goals
from benchwright_agent.interrupt import interruptible
from benchwright_agent.minimise import Minimiser
from benchwright_agent.narrate import first_covers, renumbered
from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_agent.policies.turns import Turns
from benchwright_agent.result import Closing, GenerateResult, ModelUse
from benchwright_agent.tape import RUN_LIMIT, Tape, n_cycles, program_of
from benchwright_sim.bins import Bin
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.harness.client import START, Run, WorkerLost
from benchwright_sim.harness.client import Status as RunStatus
from benchwright_sim.stimulus import Segment
from benchwright_sim.testbench import Feedback, Status
from benchwright_sim.verdict import decide
from benchwright_sim.waivers import apply_waivers


@dataclass(slots=True)
class Found:
    """What the search brought: segments in run order, and what each is the first to cover."""

    segments: list[Segment]
    covers: dict[str, list[Bin]]
    goals: Goals
    warnings: tuple[str, ...] = ()
    cycles: int = 0
    """That the segments run, all in all."""
    ends: bool = False
    """The last segment makes the design call `$finish`."""
    model: ModelUse | None = None
    """None where there is none."""


def generate(
    elaboration: Elaboration, options: GenerateOptions, on_event: OnEvent = ignore
) -> GenerateResult:
    """Writes a testbench for a design and measures what it covers.

    Args:
        elaboration: of the design.
        options: see there.
        on_event: told of phases and progress.

    Raises:
        OutputError: the output exists and may not be replaced, or cannot be written.
        SourceError: Verilator does not accept the design.
        ToolchainError: Verilator or the compiler is missing or fails.
        DesignRunError: the design cannot run at all.
        ParameterError: there is nothing in focus.
    """
    started = time.monotonic()
    check_writable(options)
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    budget = Budget(options.budget_s, options.budget_cycles)
    found = _find(elaboration, fsm, options, budget, on_event)
    with interruptible(budget):
        on_event(Phase("verify"))
        files = emit(elaboration, options, found.segments, found.covers, ends=found.ends)
        try:
            feedback = _measure(elaboration, fsm, options, files[options.output], found)
        except DesignRunError:
            write_outputs(files, force=options.force)
            raise
        warnings = _differences(found, feedback)
        write_outputs(files, force=options.force)
    applied = apply_waivers(options.waivers, feedback.coverage)
    by = {bin_: name for name, bins in found.covers.items() for bin_ in bins}
    verdicts = decide(
        feedback.coverage, segments=by, waived=applied.waived, tried=_tried(budget, options, found)
    )
    is_open = (
        verdicts.open if options.focus is None else found.goals.wanted.intersection(verdicts.open)
    )
    closing: Closing = "open" if is_open else "closed"
    return GenerateResult(
        testbench=options.output,
        status="interrupted" if budget.interrupted else closing,
        program=program_of(found.segments),
        seed=options.seed,
        seconds=time.monotonic() - started,
        cycles=budget.spent,
        testbench_cycles=found.cycles,
        coverage=feedback.coverage,
        verdicts=verdicts,
        budget_exhausted=budget.timed_out,
        reproduce=None if budget.cut_at is None else f"--budget-cycles {budget.cut_at}",
        warnings=(*found.warnings, *warnings, *applied.warnings),
        model=found.model,
    )


def _find(
    elaboration: Elaboration,
    fsm: FsmPoints,
    options: GenerateOptions,
    budget: Budget,
    on_event: OnEvent,
) -> Found:
    """Compiles the design, lets the policies work, and takes away what is not needed."""
    on_event(Phase("build"))
    with on_bench(elaboration, fsm, options.waivers, options.focus) as bench:
        on_event(Phase("search"))
        budget.restart()
        # A design that calls $stop fails its cocotb test, however good that is.
        endings: list[RunStatus] = ["finished"]
        if options.format == "sv":
            endings.append("stopped")
        tape = Tape(bench.worker, bench.encoder, bench.goals, budget, endings)
        turns = Turns(bench, tape, options, on_event)
        try:
            with interruptible(budget):
                turns.run()
                on_event(Phase("minimise"))
                segments = renumbered(_minimised(bench, tape))
                covers = first_covers(bench, segments)
                whole = _whole(bench, segments)
        except WorkerLost as lost:
            if not tape.segments:
                raise
            early = f"the search ended early: {lost.message}"
            on_event(Note(early))
            known = sum(n_cycles(segment.actions) or 0 for segment in tape.segments)
            warnings = (*bench.warnings, *turns.warnings, early)
            return Found(tape.segments, {}, bench.goals, warnings, known, model=turns.use)
        ends = tape.ended and whole.status == "finished"
        warnings = (*bench.warnings, *turns.warnings)
        return Found(segments, covers, bench.goals, warnings, whole.cycles, ends, turns.use)


def _whole(bench: Bench, segments: list[Segment]) -> Run:
    """One run of all segments from power-up."""
    limit = max(RUN_LIMIT, 1 + sum(n_cycles(segment.actions) or 0 for segment in segments))
    (run,) = bench.worker.run(START, [bench.encoder.chain(segments)], limit=limit)
    return run


def _minimised(bench: Bench, tape: Tape) -> list[Segment]:
    """Ctrl-C ends the search, and then this, but this only when it comes now."""
    budget, before = tape.budget, tape.budget.interrupted
    minimiser = Minimiser(
        bench, searched=budget.spent, stopped=lambda: budget.interrupted and not before
    )
    return minimiser.run(tape.segments)


def _tried(budget: Budget, options: GenerateOptions, found: Found) -> str:
    """The note of bins that stay open."""
    search = f"search: {budget.spent:,} cycles, seed {options.seed}"
    if found.model is None or not found.model.answers:
        return search
    return f"{search}; model {found.model.name}: {found.model.answers} answers"


def _measure(
    elaboration: Elaboration,
    fsm: FsmPoints,
    options: GenerateOptions,
    text: str,
    found: Found,
) -> Feedback:
    """Simulates the emitted text alone."""
    feedback = run_emitted(elaboration, options, text, fsm, found.cycles)
    if feedback.status is not Status.OK:
        raise DesignRunError(
            f"the testbench does not run: {feedback.status}",
            details=tuple(feedback.log.splitlines()[-20:]),
            hint=f"it is kept in {options.output}: `benchwright simulate` shows more",
        )
    return feedback


def _differences(found: Found, feedback: Feedback) -> tuple[str, ...]:
    """Says so when the testbench shows less than the search saw."""
    missed = (found.goals.covered & found.goals.wanted) - feedback.coverage.covered
    if not missed:
        return ()
    some = ", ".join(bin_.id for bin_ in sorted(missed)[:3])
    return (
        f"{len(missed)} bins that the search reached are not covered by the testbench "
        f"when it is simulated ({some})",
    )
