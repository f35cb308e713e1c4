"""Who writes testbenches: a language model, or our own coverage loop (LLM4Cov, section 3.3).

A policy says which model it asks, and the model is opened and kept by whoever runs the jobs. A
model that teaches may be shown the validity rules of appendix A; what is stored never holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any, Protocol

from benchwright_agent.evaluation.work import Source
from benchwright_agent.models.model import (
    Message,
    Model,
    ModelError,
    Request,
    Sampling,
    round_seed,
)
from benchwright_agent.prompts.system import system_prompt
from benchwright_agent.prompts.testbench_grammar import testbench_grammar
from benchwright_agent.protocol.task import State
from benchwright_trainer.rollouts.options import PolicyName


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy is asked.

    Attributes:
        state: that it starts from.
        prompt: the state in words, as it is stored.
        seed: of everything that is drawn.
        n: answers, drawn apart; a policy that knows no more gives fewer.
    """

    state: State
    prompt: tuple[Message, ...]
    seed: int
    n: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy wrote.

    Attributes:
        text: the whole reply.
        cut_after: tokens after which it was cut off, None where it came to its end.
    """

    text: str
    cut_after: int | None = None


class Policy(Protocol):
    """Travels between processes."""

    @property
    def name(self) -> str:
        """What traces call it."""
        ...

    @property
    def source(self) -> Source | None:
        """The model that it asks, None where it asks none."""
        ...

    @property
    def terms(self) -> Mapping[str, Any]:
        """All that its answers depend on, plain JSON values."""
        ...

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """Answers to questions on one design; the same questions get the same ones.

        Args:
            questions: see there.
            model: `source`, open.

        Raises:
            ModelError: the model does not serve.
            SimError: it can do nothing with this design.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelPolicy:
    """A language model, teacher or student.

    Attributes:
        name: see `Policy`.
        source: see `Policy`.
        temperature: of its answers.
        answer_tokens: that it may write at a time, and at most half of its context.
        rules: it is shown the validity rules of appendix A.
        digest: of the model's file, None where a server has it.
    """

    name: str
    source: Source
    temperature: float = 0.7
    answer_tokens: int = 8192
    rules: bool = False
    digest: str | None = None

    @property
    def terms(self) -> Mapping[str, Any]:
        """See `Policy`."""
        return {
            "name": self.name,
            "digest": self.digest,
            "temperature": self.temperature,
            "answer_tokens": self.answer_tokens,
            "rules": self.rules,
        }

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """See `Policy`; each answer has a seed of its own."""
        if model is None:
            raise ModelError(f"the policy {self.name} has no model to ask")
        n_tokens = min(self.answer_tokens, max(1, model.context_tokens // 2))
        sampling = Sampling(self.temperature, max_tokens=n_tokens)
        return [
            [
                _answer(model, replace(self._request(question), sampling=drawn))
                for drawn in (replace(sampling, seed=seed) for seed in _seeds(question))
            ]
            for question in questions
        ]

    def _request(self, question: Question) -> Request:
        """What the model is asked, without how its answer is drawn."""
        return Request(self._prompt(question))

    def _prompt(self, question: Question) -> tuple[Message, ...]:
        if not self.rules:
            return question.prompt
        return Message("system", system_prompt(rules=True)), *question.prompt[1:]


class ConstrainedPolicy(ModelPolicy):
    """A model on this machine whose answers are held to the grammar of compact testbenches.

    Designs whose ports are not plain have no such grammar, and get free text.
    """

    __slots__ = ()

    @property
    def terms(self) -> Mapping[str, Any]:
        """See `Policy`."""
        return {**super().terms, "constrained": True}

    def _request(self, question: Question) -> Request:
        task = question.state.task
        grammar = testbench_grammar(task.elaboration.interface, task.instance)
        return replace(super()._request(question), grammar=grammar)


@dataclass(frozen=True, slots=True)
class LoopPolicy:
    """Our own loop, which searches and writes down what a student can learn; starts from no state.

    Attributes:
        budget_cycles: of each search.
        name: see `Policy`.
    """

    budget_cycles: int
    name: str = "loop"

    @property
    def source(self) -> None:
        """It asks no model."""
        return

    @property
    def terms(self) -> Mapping[str, Any]:
        """See `Policy`."""
        return {"name": self.name, "budget_cycles": self.budget_cycles}

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """See `Policy`; where searches end in the same text, questions share it."""
        from benchwright_trainer.lessons.lesson import lessons  # noqa: PLC0415 - loads NumPy

        task = questions[0].state.task
        replies = lessons(
            task.elaboration,
            n=sum(question.n for question in questions),
            seed=questions[0].seed,
            budget_cycles=self.budget_cycles,
            instance=task.instance,
        )
        given = cycle(replies)
        return [
            [Answer(reply) for reply in islice(given, min(question.n, len(replies)))]
            for question in questions
        ]


@dataclass(frozen=True, slots=True)
class WeakPolicy:
    """Drafts as a beginner writes them, for a teacher that never writes any: our loop.

    Attributes:
        name: see `Policy`.
    """

    name: str = "weak"

    @property
    def source(self) -> None:
        """It asks no model."""
        return

    @property
    def terms(self) -> Mapping[str, Any]:
        """See `Policy`."""
        return {"name": self.name}

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """See `Policy`; none where the design's ports are not plain."""
        from benchwright_trainer.lessons.weak import weak_reply  # noqa: PLC0415 - as above

        task = questions[0].state.task
        interface = task.elaboration.interface
        replies = [
            [weak_reply(interface, seed=seed, instance=task.instance) for seed in _seeds(question)]
            for question in questions
        ]
        return [[Answer(reply) for reply in each if reply is not None] for each in replies]


@dataclass(frozen=True, slots=True)
class Policies:
    """The two of a pair, by their part in the recipe.

    Attributes:
        teacher: see `Policy`.
        student: None while there is none (stage 0).
        drafter: drafts in the teacher's place; None for the teacher itself.
    """

    teacher: Policy
    student: Policy | None = None
    drafter: Policy | None = None

    def drafting(self, name: PolicyName) -> Policy:
        """The policy that draws intermediate states for a part.

        Raises:
            ModelError: there is no student.
        """
        return self.drafter if name == "teacher" and self.drafter else self.of(name)

    def of(self, name: PolicyName) -> Policy:
        """The policy of a part.

        Raises:
            ModelError: there is no student.
        """
        if name == "teacher":
            return self.teacher
        if self.student is None:
            raise ModelError("the rollouts ask the student, and there is none")
        return self.student


def _seeds(question: Question) -> Sequence[int]:
    """One for each answer."""
    return [round_seed(question.seed, sample, 1) for sample in range(question.n)]


def _answer(model: Model, request: Request) -> Answer:
    reply = model.answer(request)
    # Lone surrogates could be written to no file.
    text = reply.text.encode("utf-8", errors="replace").decode("utf-8")
    return Answer(text, None if reply.finish == "stop" else reply.new_tokens)
