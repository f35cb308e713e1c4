"""One job: questions of the loop's closing policy on one design, answered by the loop itself.

They teach a student its other task, which is no part of the paper: stimulus for what a search
leaves open (`lessons.aimed`). What an answer covers was run in the compiled harness, not as text.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row
from benchwright_agent.models.model import Model
from benchwright_trainer.rollouts.drawn import Drawn, Spent, Status
from benchwright_trainer.rollouts.job import JobOptions, cpu_s, seed_of, task_of, tried
from benchwright_trainer.rollouts.tokens import MessageCounter
from benchwright_trainer.rollouts.trace import Judged, Trace

LOOP = "loop"


@dataclass(frozen=True, slots=True)
class QuestionsJob:
    """See the module and `evaluation.work.Work`.

    Attributes:
        row: the design.
        design_tokens: of it.
        n: questions.
        budget_cycles: of each search.
        options: of all jobs.
    """

    row: Row
    design_tokens: int
    n: int
    budget_cycles: int
    options: JobOptions

    @property
    def key(self) -> str:
        """What the journal knows it by."""
        return f"{self.row.id}/questions"

    def run(self, model: Model | None) -> Drawn | Failure:
        """See `work.Work`."""
        started_s, used_s = time.monotonic(), cpu_s()
        drawn = tried(self, self._drawn)
        if isinstance(drawn, Failure):
            return drawn
        seconds, used = time.monotonic() - started_s, cpu_s() - used_s
        return replace(drawn, spent=Spent(seconds=round(seconds, 3), cpu_s=round(used, 3)))

    def lost(self, status: str, reason: str) -> Drawn:
        """See `work.Work`."""
        return Drawn(self.key, cast("Status", status), error=reason)

    def _drawn(self) -> tuple[Trace, ...]:
        from benchwright_trainer.lessons.aimed import aimed_answers  # noqa: PLC0415 - loads NumPy

        counter = MessageCounter(self.options.count)
        with tempfile.TemporaryDirectory(prefix="benchwright-rollout-") as scratch:
            found = aimed_answers(
                task_of(self.row, Path(scratch).resolve()),
                n=self.n,
                seed=seed_of(f"{self.options.seed}:{self.key}"),
                budget_cycles=self.budget_cycles,
                fits=lambda prompt: counter.count(prompt) <= self.options.prompt_tokens,
            )
        return tuple(
            Trace(
                key=f"{self.row.id}/stimulus/{number}/0",
                design=self.row.id,
                kind="stimulus",
                intermediate=LOOP,
                transition=LOOP,
                before=_judged(aimed.before),
                prompt=aimed.prompt,
                answer=aimed.answer,
                after=_judged(aimed.after),
                design_tokens=self.design_tokens,
            )
            for number, aimed in enumerate(found)
        )


def _judged(tallies: Mapping[str, tuple[int, int]]) -> Judged:
    return Judged("", "ok", tallies)
