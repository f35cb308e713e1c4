"""One job: the answers of one policy from one state of one design, each executed.

The state is s_0, or a draft that an earlier job drew and that is judged again here (from the
cache). The prompt is made once, by the student's tokenizer and without the validity rules: it is
what is stored, and what the policy is asked with.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import resource
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from benchwright_agent.evaluation.metered import Metered
from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.explain.explain import explain_bins, guard_texts
from benchwright_agent.models.model import ContextError, Message, Model, ModelError
from benchwright_agent.prompts.testbench import testbench_prompt
from benchwright_agent.protocol.task import Attempt, Draft, State, Task
from benchwright_agent.replies.parse import Rejection, read_testbench
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import OutputError, SimError, ToolchainError
from benchwright_trainer.rollouts.cache import SimulationCache, design_digest
from benchwright_trainer.rollouts.drawn import Drawn, Spent, Status
from benchwright_trainer.rollouts.policies import Answer, Policy, Question
from benchwright_trainer.rollouts.tokens import CountTokens, MessageCounter
from benchwright_trainer.rollouts.trace import Judged, Kind, Trace

_LOG = logging.getLogger(__name__)

JobKind = Literal["draft", "direct", "agentic"]
"""Drafts become states, and are no traces themselves."""


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
        kind: see `JobKind`.
        policy: that answers.
        n: answers.
        options: see there.
        draft: that it starts from, None in s_0.
    """

    row: Row
    design_tokens: int
    kind: JobKind
    policy: Policy
    n: int
    options: JobOptions
    draft: Trace | None = None

    @property
    def state(self) -> int:
        """Number of the draft, 0 in s_0."""
        return 0 if self.draft is None else int(self.draft.key.rpartition("/")[2])

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return f"{self.row.id}/{self.kind}/{self.state}"

    def run(self, model: Model | None) -> Drawn | Failure:
        """See `work.Work`; raises nothing that its design or its model may be to blame for."""
        started_s, cpu_s = time.monotonic(), _cpu_s()
        meter = None if model is None else Metered(model)
        cache = SimulationCache(self.options.cache)
        drawn = self._tried(meter, cache)
        if isinstance(drawn, Failure):
            return drawn
        spent = Spent(
            simulations=cache.simulations,
            hits=cache.hits,
            prompt_tokens=meter.prompt_tokens if meter else 0,
            new_tokens=meter.new_tokens if meter else 0,
            seconds=time.monotonic() - started_s,
            cpu_s=_cpu_s() - cpu_s,
        )
        return replace(drawn, spent=spent)

    def lost(self, status: str, reason: str) -> Drawn:
        """See `work.Work`."""
        return Drawn(self.key, cast("Status", status), error=reason)

    def _tried(self, model: Model | None, cache: SimulationCache) -> Drawn | Failure:
        try:
            return Drawn(self.key, "ok", self._drawn(model, cache))
        except (SimError, _RowError, OSError) as error:
            return _failure(error) or self.lost(_status(error), str(error))
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this job alone
            _LOG.exception("%s", self.key)
            return self.lost("error", f"{type(error).__name__}: {error}")

    def _drawn(self, model: Model | None, cache: SimulationCache) -> tuple[Trace, ...]:
        with tempfile.TemporaryDirectory(prefix="benchwright-rollout-") as scratch:
            task = _task(self.row, Path(scratch).resolve())
            judging = _Judging(task, cache, design_digest(task), self.options.timeout_s)
            state = State(task, None if self.draft is None else judging.again(self.draft))
            prompt = self._prompt(state)
            question = Question(state, prompt, _seed(self.options.seed, self.key))
            answers = self.policy.answers(question, model, n=self.n)
            return tuple(
                self._trace(sample, prompt, answer, judging.judged(answer))
                for sample, answer in enumerate(answers)
            )

    def _prompt(self, state: State) -> tuple[Message, ...]:
        """As the student is asked at its work (`protocol.protocol`)."""
        return testbench_prompt(
            state,
            MessageCounter(self.options.count),
            budget_tokens=self.options.prompt_tokens,
            explain=lambda bins: guard_texts(explain_bins(state.task.elaboration, bins)),
        ).messages

    def _trace(
        self, sample: int, prompt: tuple[Message, ...], answer: Answer, after: Judged
    ) -> Trace:
        kind: Kind = "agentic" if self.kind == "agentic" else "direct"
        return Trace(
            key=f"{self.key}/{sample}",
            design=self.row.id,
            kind=kind,
            intermediate="" if self.draft is None else self.draft.transition,
            transition=self.policy.name,
            before=None if self.draft is None else self.draft.after,
            prompt=() if self.kind == "draft" else prompt,
            answer=answer.text,
            after=after,
            design_tokens=self.design_tokens,
        )


class _RowError(Exception):
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
            reason=_first_line(attempt),
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


def _failure(error: Exception) -> Failure | None:
    """What ends all jobs: the model does not serve, or the disk is full."""
    if isinstance(error, ModelError | OutputError) and not isinstance(error, ContextError):
        return Failure.of(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return Failure(OutputError.__name__, str(error), "free some space")
    return None


def _status(error: Exception) -> Status:
    """What ends this job alone."""
    if isinstance(error, _RowError):
        return "row_error"
    if isinstance(error, ContextError):
        return "context"
    return "machine" if isinstance(error, ToolchainError | OSError) else "unanswered"


def _task(row: Row, folder: Path) -> Task:
    try:
        elaboration = elaborate(materialise(row, folder))
    except ToolchainError:
        raise
    except (SimError, ValueError) as error:
        raise _RowError(str(error).replace(f"{folder}/", "")) from error
    return Task(elaboration, row.files, row.specs, row.instance, row.instruction, row.id)


def _reason(rejection: Rejection, answer: Answer) -> str:
    """As the protocol says it."""
    if answer.cut_after is None:
        return rejection.reason
    return f"{rejection.reason} (the answer was cut off after {answer.cut_after} tokens)"


def _first_line(attempt: Attempt) -> str:
    if attempt.reason or attempt.outcome == "ok" or attempt.feedback is None:
        return attempt.reason.strip().partition("\n")[0]
    return attempt.feedback.log.strip().partition("\n")[0]


def _seed(seed: int, key: str) -> int:
    """Below 2**31, apart for each job."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _cpu_s() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
