"""The recipe's sections on rollouts: which policies write what for which designs, and how much."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from benchwright_agent.protocol.judging import STAGE_S
from benchwright_trainer.selection import SelectionOptions

PolicyName = Literal["teacher", "student"]
TeacherKind = Literal["loop", "openai"]


@dataclass(frozen=True, slots=True)
class TeacherOptions:
    """Who teaches (LLM4Cov, section 3.3: any policy that is stronger than the student).

    Attributes:
        policy: `loop` is our own coverage loop written out as testbench text, `openai` a model
            behind a server that speaks OpenAI's protocol.
        model: name of the served model.
        server: base URL of its server; empty is `OPENAI_BASE_URL`'s.
        temperature: of a model's answers.
        context_tokens: of the served model, None for what its server says.
        budget_cycles: of the loop's search, for each design.
        patience_s: of waiting in all for a server that has gone away, before the run ends.
    """

    policy: TeacherKind = "loop"
    model: str = ""
    server: str = ""
    temperature: float = 0.7
    context_tokens: int | None = None
    budget_cycles: int = 200_000
    patience_s: float = 3600.0

    def __post_init__(self) -> None:
        _one_of("policy", self.policy, get_args(TeacherKind))
        if self.policy == "openai" and not self.model:
            raise ValueError("model is ''; legal: the name of a served model")
        _at_least("temperature", self.temperature, 0)
        _at_least("budget_cycles", self.budget_cycles, 1)
        _at_least("patience_s", self.patience_s, 0)
        if self.context_tokens is not None:
            _at_least("context_tokens", self.context_tokens, 1024)


@dataclass(frozen=True, slots=True)
class RolloutOptions:
    """What is drawn in a stage: the pair of policies of its traces, and amounts (appendix B).

    Attributes:
        intermediate: draws the drafts that become states.
        transition: answers from the states that are selected, and from s_0.
        n_designs: at most, None for all; the first ones of those whose size fits.
        min_tokens: of the design; stages 1 and 2 of the paper take long designs.
        max_tokens: of the design, None for no bound.
        direct: answers from s_0 for each design.
        drafts: intermediate states that are drawn for each design.
        answers: drawn from each selected state.
        questions: of the loop's closing policy, asked about each design and answered by the loop.
        question_cycles: of each search for an answer.
        selection: which drafts become states.
        rules: the validity rules of appendix A stand in a teacher's prompt; in stage 0 only, and
            never in what is stored.
        temperature: of the student's answers.
        constrained: the student's answers are held to the grammar of compact testbenches, where
            the design's ports allow it (`prompts.testbench_grammar`).
        answer_tokens: that a model may write at a time.
        prompt_tokens: that a stored prompt may have.
        timeout_s: that a testbench may run.
        seed: of every draw; the stages of a recipe have 1, 2 and 3.
    """

    intermediate: PolicyName = "teacher"
    transition: PolicyName = "teacher"
    n_designs: int | None = None
    min_tokens: int = 0
    max_tokens: int | None = None
    direct: int = 1
    drafts: int = 3
    answers: int = 1
    questions: int = 0
    question_cycles: int = 200_000
    selection: SelectionOptions = field(default_factory=SelectionOptions)
    rules: bool = False
    temperature: float = 0.7
    constrained: bool = False
    answer_tokens: int = 8192
    prompt_tokens: int = 32_768
    timeout_s: float = STAGE_S
    seed: int = 1

    def __post_init__(self) -> None:
        _one_of("intermediate", self.intermediate, get_args(PolicyName))
        _one_of("transition", self.transition, get_args(PolicyName))
        for name in (
            *("min_tokens", "direct", "drafts", "answers", "questions", "temperature", "seed"),
        ):
            _at_least(name, getattr(self, name), 0)
        _at_least("question_cycles", self.question_cycles, 1)
        for name in ("answer_tokens", "prompt_tokens"):
            _at_least(name, getattr(self, name), 16)
        if self.n_designs is not None:
            _at_least("n_designs", self.n_designs, 1)
        if self.max_tokens is not None:
            _at_least("max_tokens", self.max_tokens, self.min_tokens)
        if not self.direct and not (self.drafts and self.answers):
            raise ValueError("direct is 0 and so is drafts or answers: nothing is drawn; legal: 1")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s is {self.timeout_s}; legal: above 0")

    @property
    def terms(self) -> dict[str, Any]:
        """All that traces depend on, plain JSON values.

        `constrained` is among them only where it is set: what was drawn before there was such an
        option stays what it is.
        """
        values = asdict(self)
        return values if self.constrained else {k: values[k] for k in values if k != "constrained"}


def _one_of(name: str, value: str, legal: tuple[str, ...]) -> None:
    if value not in legal:
        raise ValueError(f"{name} is {value!r}; legal: {', '.join(legal)}")


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ValueError(f"{name} is {value}; legal: {least} and above")
