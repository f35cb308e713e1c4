"""One job: one sample of one design, from the row to its outcome, in the process that calls.

A design that cannot be read or elaborated, that Verilator refuses, or that lacks an instance which
a target names, makes the row an error; what goes wrong with a testbench is a failed sample. Errors
that no job is to blame for (the model does not serve, the disk is full) come back as `Failure`.
"""

from __future__ import annotations

import errno
import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from benchwright_agent import loop
from benchwright_agent.evaluation.metered import Metered
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import ROW_ERROR, Done, Failure, Outcome
from benchwright_agent.evaluation.rows import Row, SuiteError, materialise
from benchwright_agent.evaluation.targets import Judgement, Target, below, instance_path, judge
from benchwright_agent.models.model import ContextError, Model, ModelError, Sampling
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.protocol.protocol import ProtocolOptions, ProtocolRun, run_protocol
from benchwright_agent.protocol.recorder import Recorder
from benchwright_agent.protocol.task import Task
from benchwright_sim.coverage import Coverage, closure
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError, OutputError, SimError
from benchwright_sim.testbench import Status, measure

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One sample of one design."""

    row: Row
    sample: int
    options: EvalOptions

    @property
    def key(self) -> tuple[str, int]:
        """What the journal knows it by."""
        return self.row.id, self.sample

    @property
    def filename(self) -> str:
        """Of what is kept of it, without suffix; the sample counts from 1."""
        return f"{quote(self.row.id, safe='')[-180:]}-{self.sample + 1}"

    def failed(self, status: str, error: str) -> Outcome:
        """The outcome without any testbench."""
        return Outcome(self.row.id, self.sample, status, error=error)

    def run(self, model: Model | None) -> Done | Failure:
        """See `run_job`."""
        return run_job(self, model)

    def lost(self, status: str, reason: str) -> Done:
        """See `work.Work`."""
        return Done(self.failed(status, reason))


@dataclass(frozen=True, slots=True)
class _Bench:
    """A testbench that ran: its text, top and instance of the design, and what it covers."""

    text: str
    top: str
    instance: str
    coverage: Coverage


def run_job(job: Job, model: Model | None) -> Done | Failure:
    """Does one job; raises nothing that its design or its model may be to blame for.

    Args:
        job: what to do.
        model: None where the policy asks none.
    """
    started = time.monotonic()
    meter = Metered(model) if model is not None else None
    try:
        done = _run(job, meter)
    except (ModelError, OutputError) as error:
        return Failure.of(error)
    except SimError as error:
        done = Done(job.failed("error", str(error)))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            return Failure(OutputError.__name__, str(error), "free some space")
        done = Done(job.failed("error", f"{type(error).__name__}: {error}"))
    except Exception as error:  # noqa: BLE001 - a bug of ours costs this sample alone
        _LOG.exception("sample %d of %s", job.sample + 1, job.row.id)
        done = Done(job.failed("error", f"{type(error).__name__}: {error}"))
    outcome = replace(done.outcome, seconds=time.monotonic() - started)
    if meter is not None:
        outcome = replace(outcome, prompt_tokens=meter.prompt_tokens, new_tokens=meter.new_tokens)
    return replace(done, outcome=outcome)


def _run(job: Job, model: Metered | None) -> Done:
    with tempfile.TemporaryDirectory(prefix="benchwright-eval-") as scratch:
        folder = Path(scratch).resolve()
        try:
            (folder / "design").mkdir()
            elaboration = elaborate(materialise(job.row, folder / "design"))
            for target in job.row.targets:
                instance_path(target.instance, job.row.instance, elaboration)
        except (SimError, ValueError) as error:
            return Done(job.failed(ROW_ERROR, str(error).replace(f"{folder}/design/", "")))
        try:
            if job.options.policy == "llm":
                assert model is not None  # noqa: S101 - the runner opens one for this policy
                return _by_protocol(job, elaboration, model, folder)
            return _by_loop(job, elaboration, model, folder)
        except ContextError as error:
            return Done(_failed(job.failed("context", str(error)), job, elaboration))


def _by_protocol(job: Job, elaboration: Elaboration, model: Model, folder: Path) -> Done:
    """The paper's rounds; of the testbenches that ran, one that passes, else the one that covers
    most."""
    row, options = job.row, job.options
    task = Task(elaboration, row.files, row.specs, row.instance, row.instruction, row.id)
    sampling = Sampling(options.temperature, options.seed, options.max_tokens)
    protocol = ProtocolOptions(
        rounds=options.rounds,
        sampling=sampling,
        sample=job.sample,
        rules=options.rules,
        constrained=options.constrained,
        timeout_s=options.timeout_s,
    )
    trajectory = folder / "trajectory.jsonl"
    with Recorder(trajectory) as recorder:
        run = run_protocol(task, model, protocol, recorder=recorder)
    if run.error is not None:
        raise run.error
    files = _recorded(job, trajectory)
    if not run.rounds:
        return Done(job.failed("stopped", "no more is wanted"), files)
    outcome = Outcome(
        row.id,
        job.sample,
        run.attempts[-1].outcome,
        simulations=run.simulations,
        rounds=len(run.rounds),
    )
    ran = _benches(run, row.instance)
    if not ran:
        return Done(_failed(outcome, job, elaboration), files)
    judged = [(bench, _judge(job, elaboration, bench)) for bench in ran]
    best, judgement = max(judged, key=lambda pair: _rank(*pair))
    closed = closure(best.coverage)
    outcome = replace(outcome, status="ok", closed=(closed.covered, closed.total))
    return Done(_with_result(outcome, best, judgement), files | _kept(job, best))


def _benches(run: ProtocolRun, instance: str) -> list[_Bench]:
    """Those that ran to their end, in order."""
    return [
        _Bench(attempt.draft.text, attempt.draft.top, instance, attempt.coverage)
        for attempt in run.attempts
        if attempt.draft is not None and attempt.outcome == "ok"
    ]


def _rank(bench: _Bench, judgement: Judgement) -> tuple[bool, float]:
    return bool(judgement.passed), float(bench.coverage.overall_average() or 0)


def _failed(outcome: Outcome, job: Job, elaboration: Elaboration) -> Outcome:
    """A sample without a testbench that ran misses the targets that the design has bins for.

    An empty testbench tells these. Where Verilator refuses even that, the row is an error; where
    it does not run either, the outcome stays as it is.
    """
    row, module = job.row, elaboration.interface.module
    text = f"module tb_empty;\n  {module} {row.instance} ();\n  initial $finish;\nendmodule\n"
    feedback = measure(elaboration, text, tb_name="tb_empty", dut_name=row.instance)
    if feedback.status is Status.COMPILE_ERROR:
        return job.failed(ROW_ERROR, f"Verilator does not accept the design: {feedback.said}")
    if feedback.status is not Status.OK and not feedback.coverage:
        return outcome
    empty = _Bench(text, "tb_empty", row.instance, feedback.coverage)
    try:
        judgement = _judge(job, elaboration, empty)
    except SuiteError:
        return outcome
    n_applicable = len(judgement.met) + len(judgement.missed)
    return replace(
        outcome,
        passed=False if n_applicable else None,
        targets=(0, n_applicable, len(judgement.not_applicable)),
    )


def _by_loop(job: Job, elaboration: Elaboration, model: Metered | None, folder: Path) -> Done:
    """Our own loop, which writes one testbench."""
    row, options = job.row, job.options
    trajectory = folder / "trajectory.jsonl"
    asked = None if model is None else _asked(model, options, trajectory)
    generate_options = GenerateOptions(
        output=folder / "tb_eval.sv",
        budget_s=options.budget_s if options.budget_cycles is None else None,
        budget_cycles=options.budget_cycles,
        seed=options.seed + job.sample,
        model=asked,
    )
    try:
        result = loop.generate(elaboration, generate_options)
    except DesignRunError as error:
        return Done(_failed(job.failed("runtime_error", str(error)), job, elaboration))
    except (ModelError, OutputError):
        raise
    except SimError as error:
        return Done(job.failed(ROW_ERROR, str(error)))
    if model is not None and model.error is not None:
        raise model.error
    bench = _Bench(result.testbench.read_text("utf-8"), "tb_eval", "dut", result.coverage)
    closed = result.verdicts.closure()
    outcome = Outcome(
        row.id, job.sample, "ok", closed=(closed.covered, closed.total), simulations=1
    )
    files = _kept(job, bench) | _recorded(job, trajectory)
    return Done(_with_result(outcome, bench, _judge(job, elaboration, bench)), files)


def _asked(model: Metered, options: EvalOptions, trajectory: Path) -> ModelOptions:
    """The model's part in the loop."""
    return ModelOptions(
        open=lambda: model,
        seconds=options.model_budget_s,
        temperature=options.temperature,
        trajectory=trajectory,
    )


def _recorded(job: Job, trajectory: Path) -> dict[str, str]:
    """The trajectory, where the model was asked at all."""
    if not trajectory.exists():
        return {}
    return {f"trajectories/{job.filename}.jsonl": trajectory.read_text("utf-8")}


def _kept(job: Job, bench: _Bench) -> dict[str, str]:
    return {f"testbenches/{job.filename}.sv": bench.text}


def _with_result(outcome: Outcome, bench: _Bench, judgement: Judgement) -> Outcome:
    tallies = bench.coverage.by_metric()
    return replace(
        outcome,
        passed=judgement.passed,
        tallies={name: (tally.covered, tally.total) for name, tally in tallies.items()},
        targets=(len(judgement.met), len(judgement.missed), len(judgement.not_applicable)),
    )


def _judge(job: Job, elaboration: Elaboration, bench: _Bench) -> Judgement:
    """How a testbench stands to the row's targets, or to the one that rows without any share."""
    row = job.row
    targets = row.targets or (Target("", "Overall Average", job.options.target_pct),)
    paths = [instance_path(target.instance, row.instance, elaboration) for target in targets]
    timeout_s = job.options.timeout_s
    return judge(targets, _coverages(paths, elaboration, bench, timeout_s=timeout_s))


def _coverages(
    paths: Sequence[str], elaboration: Elaboration, bench: _Bench, *, timeout_s: float
) -> list[Coverage]:
    """Coverage of each instance; those inside the design take one more simulation."""
    if not any(paths):
        return [bench.coverage for _ in paths]
    feedback = measure(
        elaboration,
        bench.text,
        tb_name=bench.top,
        dut_name=bench.instance,
        flatten=True,
        timeout_s=timeout_s,
    )
    if feedback.status is not Status.OK:
        raise SuiteError(f"the testbench runs, but not counted by instance: {feedback.status}")
    return [
        below(feedback.coverage, path, elaboration) if path else bench.coverage for path in paths
    ]
