"""One job: the answers of one policy on one design, from s_0 and other states, each executed.

Another state is a draft of an earlier job, which is judged again here (from the cache). The prompt
of a state is made once, by the student's tokenizer and without the validity rules: it is what is
stored, and what the policy is asked with.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, cast

from benchwright_agent.evaluation.metered import Metered
from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.explain.explain import explain_bins, guard_texts
from benchwright_agent.models.model import ContextError, Model, ModelError
from benchwright_agent.prompts.testbench import testbench_prompt
from benchwright_agent.protocol.task import Attempt, Draft, State, Task
from benchwright_agent.replies.parse import Rejection, read_testbench
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import OutputError, SimError, ToolchainError
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.cache import SimulationCache, design_digest
from benchwright_trainer.rollouts.drawn import Drawn, Spent, Status
from benchwright_trainer.rollouts.policies import Answer, Policy, Question
from benchwright_trainer.rollouts.tokens import CountTokens, MessageCounter
from benchwright_trainer.rollouts.trace import Judged, Trace

_LOG = logging.getLogger(__name__)

Phase = Literal["drafts", "transitions"]
"""Drafts become states, and are no traces to learn from themselves."""


@dataclass(frozen=True, slots=True)
class Start:
    """A state that answers are drawn from.

    Attributes:
        n: answers.
        draft: that the state has, None in s_0.
    """

    n: int
    draft: Trace | None = None

    @property
    def name(self) -> str:
        """Kind of the traces and number of the state, as their keys have it."""
        return f"agentic/{self.draft.key.rpartition('/')[2]}" if self.draft else "direct/0"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What all jobs of a rollout have in common.

    Attributes:
        seed: of every draw.
        prompt_tokens: that a prompt may have.
        timeout_s: that a testbench may run.
        count: tokens of a text.
        cache: folder of the simulator's results, None for none.
    """

    seed: int
    prompt_tokens: int
    timeout_s: float
    count: CountTokens
    cache: Path | None


@dataclass(frozen=True, slots=True)
class RolloutJob:
    """See the module.

    Attributes:
        row: the design.
        design_tokens: of it.
        phase: see `Phase`.
        policy: that answers.
        starts: where from.
        options: see there.
    """

    row: Row
    design_tokens: int
    phase: Phase
    policy: Policy
    starts: tuple[Start, ...]
    options: JobOptions

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return f"{self.row.id}/{self.phase}"

    def run(self, model: Model | None) -> Drawn | Failure:
        """See `work.Work`; raises nothing that its design or its model may be to blame for."""
        started_s, used_s = time.monotonic(), cpu_s()
        meter = None if model is None else Metered(model)
        cache = SimulationCache(self.options.cache)
        drawn = tried(self, lambda: self._drawn(meter, cache))
        if isinstance(drawn, Failure):
            return drawn
        spent = Spent(
            simulations=cache.simulations,
            hits=cache.hits,
            prompt_tokens=meter.prompt_tokens if meter else 0,
            new_tokens=meter.new_tokens if meter else 0,
            seconds=round(time.monotonic() - started_s, 3),
            cpu_s=round(cpu_s() - used_s, 3),
        )
        return replace(drawn, spent=spent)

    def lost(self, status: str, reason: str) -> Drawn:
        """See `work.Work`."""
        return Drawn(self.key, cast("Status", status), error=reason)

    def _drawn(self, model: Model | None, cache: SimulationCache) -> tuple[Trace, ...]:
        with tempfile.TemporaryDirectory(prefix="benchwright-rollout-") as scratch:
            task = task_of(self.row, Path(scratch).resolve())
            judging = _Judging(task, cache, design_digest(task), self.options.timeout_s)
            questions = [self._question(task, start, judging) for start in self.starts]
            answered = self.policy.answers(questions, model)
            return tuple(
                self._trace(f"{start.name}/{sample}", start, question, answer, judging)
                for start, question, answers in zip(self.starts, questions, answered, strict=True)
                for sample, answer in enumerate(answers)
            )

    def _question(self, task: Task, start: Start, judging: _Judging) -> Question:
        """As the student is asked at its work (`protocol.protocol`)."""
        state = State(task, judging.again(start.draft) if start.draft else None)
        prompt = testbench_prompt(
            state,
            MessageCounter(self.options.count),
            budget_tokens=self.options.prompt_tokens,
            explain=lambda bins: guard_texts(explain_bins(task.elaboration, bins)),
        )
        seed = seed_of(f"{self.options.seed}:{self.key}/{start.name}")
        return Question(state, prompt.messages, seed, start.n)

    def _trace(
        self, name: str, start: Start, question: Question, answer: Answer, judging: _Judging
    ) -> Trace:
        draft, drafting = start.draft, self.phase == "drafts"
        return Trace(
            key=f"{self.row.id}/{'draft/0/' + name.rpartition('/')[2] if drafting else name}",
            design=self.row.id,
            kind="agentic" if draft else "direct",
            intermediate=draft.transition if draft else "",
            transition=self.policy.name,
            before=draft.after if draft else None,
            prompt=() if drafting else question.prompt,
            answer=answer.text,
            after=judging.judged(answer),
            design_tokens=self.design_tokens,
        )


class RowError(Exception):
    """The row's design is at fault, and no testbench can be judged."""


@dataclass(frozen=True, slots=True)
class _Judging:
    """Answers and drafts of one design to what became of them."""

    task: Task
    cache: SimulationCache
    design: str
    timeout_s: float

    def judged(self, answer: Answer) -> Judged:
        """An answer, as data."""
        attempt = self._attempt(answer)
        tallies = attempt.coverage.by_metric()
        return Judged(
            text=attempt.draft.text if attempt.draft else "",
            outcome=attempt.outcome,
            tallies={name: (tally.covered, tally.total) for name, tally in tallies.items()},
            reason=_in_a_line(attempt),
        )

    def again(self, draft: Trace) -> Attempt:
        """A draft of an earlier job, as a state."""
        if draft.after.outcome == "no_testbench":
            return Attempt(None, "no_testbench", reason=draft.after.reason)
        return self._attempt(Answer(draft.answer))

    def _attempt(self, answer: Answer) -> Attempt:
        found = read_testbench(answer.text, self.task)
        if isinstance(found, Draft):
            return self.cache.judge(found, self.task, self.design, timeout_s=self.timeout_s)
        return Attempt(None, "no_testbench", reason=_reason(found, answer))


class Job(Protocol):
    """What `tried` needs of a job."""

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        ...

    def lost(self, status: str, reason: str) -> Drawn:
        """See `work.Work`."""
        ...


def tried(job: Job, draw: Callable[[], tuple[Trace, ...]]) -> Drawn | Failure:
    """What a job draws; raises nothing that its design or its model may be to blame for."""
    try:
        return Drawn(job.key, "ok", draw())
    except (SimError, RowError, OSError) as error:
        return _failure(error) or job.lost(_status(error), str(error))
    except Exception as error:  # noqa: BLE001 - a bug of ours costs this job alone
        _LOG.exception("%s", job.key)
        return job.lost("error", f"{type(error).__name__}: {error}")


def _failure(error: Exception) -> Failure | None:
    """What ends all jobs: the model does not serve, or the disk is full."""
    if isinstance(error, ModelError | OutputError) and not isinstance(error, ContextError):
        return Failure.of(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return Failure(OutputError.__name__, str(error), "free some space")
    return None


def _status(error: Exception) -> Status:
    """What ends this job alone."""
    if isinstance(error, RowError):
        return "row_error"
    if isinstance(error, ContextError):
        return "context"
    ours = ToolchainError | TrainerError | OSError
    return "machine" if isinstance(error, ours) else "unanswered"


def task_of(row: Row, folder: Path) -> Task:
    """A row's design in a folder, ready to be asked about.

    Raises:
        RowError: the row is at fault.
        ToolchainError: a tool is missing or broken.
    """
    try:
        elaboration = elaborate(materialise(row, folder))
    except ToolchainError:
        raise
    except (SimError, ValueError) as error:
        raise RowError(str(error).replace(f"{folder}/", "")) from error
    return Task(elaboration, row.files, row.specs, row.instance, row.instruction, row.id)


def _reason(rejection: Rejection, answer: Answer) -> str:
    """As the protocol says it."""
    if answer.cut_after is None:
        return rejection.reason
    return f"{rejection.reason} (the answer was cut off after {answer.cut_after} tokens)"


def _in_a_line(attempt: Attempt) -> str:
    if attempt.reason or attempt.outcome == "ok" or attempt.feedback is None:
        return attempt.reason.strip().partition("\n")[0]
    return attempt.feedback.said


def seed_of(key: str) -> int:
    """Below 2**31, apart for each question."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def cpu_s() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
