"""What a student from scratch learns first: how the task looks, from weak testbenches.

The paper's students are instruct models, which know how to answer; ours begins with nothing. So
the base learns from prompts as it will be asked them, with testbenches that are right in form and
aimless in stimulus (`lessons.weak`). Nothing is executed here, and nothing good is taught.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.models.dialect.canonical import Canonical
from benchwright_agent.models.model import Message, Model, round_seed
from benchwright_agent.prompts.testbench import testbench_prompt
from benchwright_agent.protocol.task import State, Task
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import SimError
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress
from benchwright_trainer.rollouts.tokens import MessageCounter, estimate_tokens
from benchwright_trainer.sft.options import Dialect
from benchwright_trainer.sft.vocabulary import END, START


@dataclass(frozen=True, slots=True)
class Beginning:
    """Questions on one design with weak answers.

    Attributes:
        design: id of its row.
        pairs: messages and answer, in the student's dialect; none where its ports are not plain.
    """

    design: str
    pairs: tuple[tuple[tuple[Message, ...], str], ...] = ()


@dataclass(frozen=True, slots=True)
class BeginningJob:
    """One design; see `evaluation.work.Work`."""

    row: Row
    answers: int
    seed: int
    prompt_tokens: int
    dialect: Dialect

    def run(self, model: Model | None) -> Beginning | Failure:
        """The questions and answers of this design."""
        from benchwright_trainer.lessons.weak import weak_reply  # noqa: PLC0415 - loads NumPy

        try:
            with tempfile.TemporaryDirectory(prefix="benchwright-base-") as scratch:
                folder = Path(scratch).resolve()
                elaboration = elaborate(materialise(self.row, folder))
                row = self.row
                task = Task(
                    elaboration, row.files, row.specs, row.instance, row.instruction, row.id
                )
                counter = MessageCounter(estimate_tokens)
                budget = self.prompt_tokens
                prompt = testbench_prompt(State(task, None), counter, budget_tokens=budget).messages
        except (SimError, OSError) as error:
            return self.lost("error", str(error))
        seeds = (round_seed(self.seed, sample, 1) for sample in range(self.answers))
        replies = [
            weak_reply(elaboration.interface, seed=seed, instance=row.instance) for seed in seeds
        ]
        form = Canonical.of(prompt) if self.dialect else None
        shown = form.messages if form else tuple(prompt)
        answers = dict.fromkeys(form.to(r) if form else r for r in replies if r is not None)
        return Beginning(row.id, tuple((shown, answer) for answer in answers))

    def lost(self, status: str, reason: str) -> Beginning:
        """A design of which nothing can be asked."""
        return Beginning(self.row.id)


def beginnings(
    rows: Sequence[Row],
    place: Place,
    *,
    answers: int,
    seed: int,
    prompt_tokens: int,
    dialect: Dialect,
) -> list[tuple[tuple[Message, ...], str]]:
    """Questions and weak answers of all designs, in the order of the rows."""
    jobs = [BeginningJob(row, answers, seed, prompt_tokens, dialect) for row in rows]
    found: dict[str, Beginning] = {}
    with on_this_machine(place.jobs, None) as workers, closing(workers(jobs)) as results:
        for beginning in results:
            found[beginning.design] = beginning
            place.on_progress(StepProgress(len(found), len(rows), "questions"))
    return [pair for row in rows for pair in found[row.id].pairs]


def as_chat(prompt: Sequence[Message], answer: str) -> str:
    """A question with its answer as the student's template shows them, up to the end's token."""
    turns = (f"{START}{message.role}\n{message.content}{END}\n" for message in prompt)
    return f"{''.join(turns)}{START}assistant\n{answer}"
