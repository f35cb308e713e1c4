"""A whole testbench by a model alone, as `generate --policy llm` runs it: the paper's protocol.

Nothing of the search takes part. The best testbench becomes the output as the model wrote it, and
its coverage is that of its own simulation, in the round that it was written in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

from benchwright_agent.budget import Budget
from benchwright_agent.events import Note, OnEvent, Phase, ignore
from benchwright_agent.interrupt import interruptible, interruptible_at_once
from benchwright_agent.models.choice import open_model
from benchwright_agent.models.dialect.speaker import has_dialect
from benchwright_agent.models.model import Model
from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_agent.protocol.protocol import (
    Judge,
    ProtocolOptions,
    ProtocolRun,
    bounded_judge,
    run_protocol,
)
from benchwright_agent.protocol.recorder import Recorder
from benchwright_agent.protocol.replay import RecordedModel, recorded_options
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Attempt, Draft, Outcome, Task
from benchwright_agent.protocol.trajectory import TrajectoryError, read_trajectory
from benchwright_agent.result import Closing
from benchwright_sim.coverage import Coverage
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError
from benchwright_sim.verdict import Verdicts, decide
from benchwright_sim.waivers import Waiver, apply_waivers

WORDS: dict[Outcome, str] = {
    "ok": "it runs to its end",
    "compile_error": "it does not compile",
    "timeout": "it does not end within its time",
    "runtime_error": "it ends with an error",
    "no_progress": "it holds an endless loop without delay",
    "refused": "it was not run",
    "no_testbench": "the reply holds none",
}

_LOG_LINES = 20


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """Which model is asked, and how.

    Attributes:
        model: as `choice.open_model` takes it, None for the one in use.
        server: base URL of the server that serves it.
        context_tokens: prompt and answer together, None for the usual.
        protocol: how it is asked; of a replay, the recorded options.
        documents: text files about the design, shown to the model.
        trajectory: where the run is recorded.
        replay: a recorded run that answers in place of a model.
    """

    model: str | None = None
    server: str | None = None
    context_tokens: int | None = None
    protocol: ProtocolOptions = field(default_factory=ProtocolOptions)
    documents: tuple[Path, ...] = ()
    trajectory: Path | None = None
    replay: Path | None = None


@dataclass(frozen=True, slots=True)
class LlmResult:
    """A model's testbench and what it shows.

    Attributes:
        testbench: the file written.
        status: as of `GenerateResult`.
        model: its name.
        protocol: that the run was made with.
        run: all its rounds.
        seconds: of wall time, all in all.
        coverage: of the testbench.
        verdicts: of every bin.
        warnings: for the user, in plain words.
    """

    testbench: Path
    status: Closing
    model: str
    protocol: ProtocolOptions
    run: ProtocolRun
    seconds: float
    coverage: Coverage
    verdicts: Verdicts
    warnings: tuple[str, ...] = ()

    @property
    def best_round(self) -> int | None:
        """Number of the round that the testbench is of."""
        return self.run.best_round


@dataclass(frozen=True, slots=True)
class _Asked:
    """A model that is ready, or its recording."""

    model: Model
    protocol: ProtocolOptions
    judged: Judge


@dataclass(slots=True)
class _Simulations:
    """Simulates drafts so that Ctrl-C ends one at once.

    Attributes:
        judged: simulates one.
        budget: told of Ctrl-C.
        cut: the draft whose simulation was ended so.
    """

    judged: Judge
    budget: Budget
    cut: Draft | None = None

    def __call__(self, draft: Draft, task: Task) -> Attempt:
        """As `judged`."""
        self.cut = draft
        with interruptible_at_once(self.budget):
            attempt = self.judged(draft, task)
        self.cut = None
        return attempt


def generate_by_model(
    elaboration: Elaboration,
    options: GenerateOptions,
    llm: LlmOptions,
    on_event: OnEvent = ignore,
) -> LlmResult:
    """Has a model write a testbench for a design, in rounds, and keeps the best one.

    Where none runs to its end, the last draft is kept beside the output (`rejected_path`).

    Args:
        elaboration: of the design.
        options: output, target and waivers.
        llm: see there.
        on_event: told of phases, the model's words and finished rounds.

    Raises:
        OutputError: the output exists and may not be replaced, or cannot be written.
        ModelError: there is no model, or it failed before anything ran.
        TrajectoryError: the run to be replayed is none, or one of something else.
        DesignRunError: no testbench of the model runs to its end.
        ToolchainError: Verilator or the compiler is missing or fails.
        KeyboardInterrupt: the user ended it before anything ran.
    """
    started = time.monotonic()
    check_writable(options)
    task = design_task(elaboration, documents=llm.documents)
    budget = Budget(None)
    with ExitStack() as stack:
        on_event(Phase("load the model"))
        asked = stack.enter_context(_asked(llm))
        recorder = stack.enter_context(Recorder(llm.trajectory)) if llm.trajectory else None
        stack.enter_context(interruptible(budget))
        simulations = _Simulations(asked.judged, budget)
        run = run_protocol(
            task,
            asked.model,
            asked.protocol,
            judged=simulations,
            enough=partial(is_enough, waivers=options.waivers, target_pct=options.target_pct),
            on_event=on_event,
            cancelled=lambda: budget.interrupted,
            recorder=recorder,
        )
    best = run.best
    if best is None or best.draft is None:
        raise _failure(run, options, on_event, cut=simulations.cut)
    write_outputs({options.output: best.draft.text}, force=options.force)
    applied = apply_waivers(options.waivers, best.coverage)
    tried = (
        f"llm: {len(run.rounds)} rounds of {asked.model.name}, seed {asked.protocol.sampling.seed}"
    )
    verdicts = decide(best.coverage, waived=applied.waived, tried=tried)
    return LlmResult(
        testbench=options.output,
        status=_status(run, verdicts),
        model=asked.model.name,
        protocol=asked.protocol,
        run=run,
        seconds=time.monotonic() - started,
        coverage=best.coverage,
        verdicts=verdicts,
        warnings=applied.warnings,
    )


def is_enough(
    attempt: Attempt, *, waivers: tuple[Waiver, ...] = (), target_pct: float | None = None
) -> bool:
    """Whether an attempt covers all that is not waived, or reaches the target."""
    coverage = attempt.coverage
    if not coverage:
        return False
    average = coverage.overall_average()
    if target_pct is not None and average is not None and average * 100 >= target_pct:
        return True
    waived = apply_waivers(waivers, coverage).waived
    return all(count or bin_ in waived for bin_, count in coverage.items())


def rejected_path(output: Path) -> Path:
    """Where a draft is kept that does not run: no suffix of a source, and nothing that exists."""
    names = (f"{output.name}.rejected{n if n > 1 else ''}" for n in count(1))
    return next(path for name in names if not (path := output.with_name(name)).exists())


@contextmanager
def _asked(llm: LlmOptions) -> Iterator[_Asked]:
    """The model that the options name; closed afterwards."""
    if llm.replay is not None:
        trajectory = read_trajectory(llm.replay)
        if trajectory.is_empty:
            raise TrajectoryError(f"{llm.replay} was ended before its first round; nothing to run")
        recorded = RecordedModel(trajectory)
        protocol = recorded_options(trajectory.header)
        yield _Asked(recorded, protocol, recorded.judging(bounded_judge(protocol)))
        return
    model = open_model(llm.model, server=llm.server, context_tokens=llm.context_tokens)
    with closing(model):
        protocol = llm.protocol
        if protocol.constrained is None:
            protocol = replace(protocol, constrained=has_dialect(model))
        yield _Asked(model, protocol, bounded_judge(protocol))


def _status(run: ProtocolRun, verdicts: Verdicts) -> Closing:
    if run.stopped == "cancelled":
        return "interrupted"
    return "open" if verdicts.open else "closed"


def _failure(
    run: ProtocolRun, options: GenerateOptions, on_event: OnEvent, *, cut: Draft | None
) -> BaseException:
    """What to raise where no testbench runs; the last one that there is, is kept."""
    kept = _keep_last(run, options, cut)
    if kept:
        on_event(Note(kept))
    if run.stopped == "cancelled":
        return KeyboardInterrupt()
    if run.error is not None:
        return run.error
    last = run.attempts[-1]
    said = last.reason or (last.feedback.log if last.feedback else "")
    return DesignRunError(
        f"none of the model's {len(run.rounds)} testbenches runs to its end; "
        f"the last one: {WORDS[last.outcome]}",
        details=tuple(said.splitlines()[-_LOG_LINES:]),
        hint=f"{kept}; give it more --rounds, or leave out --policy llm, which needs no model",
    )


def _keep_last(run: ProtocolRun, options: GenerateOptions, cut: Draft | None) -> str:
    """Writes the last draft, or the last reply where there is none; says where."""
    if not run.rounds and cut is None:
        return ""
    drafts = [attempt.draft.text for attempt in run.attempts if attempt.draft]
    drafts += [cut.text] if cut else []
    path = rejected_path(options.output)
    write_outputs({path: drafts[-1] if drafts else run.rounds[-1].reply.text}, force=False)
    return f"the last {'draft' if drafts else 'reply'} is kept in {path}"
