"""What one training does, from the corpus to the shipped model, as frozen values.

The paper's recipe is three stages that differ in who draws the states and who answers (LLM4Cov,
sections 3.3 and 3.4, amounts in appendix B); these are the defaults of `stage0` to `stage2`. The
sections of the components are their own dataclasses. What no component can see alone, since it is
about two of them, is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from benchwright_agent.evaluation.options import (
    AGENTIC_ROUNDS,
    DEFAULT_TARGET_PCT,
    DIRECT_ROUNDS,
    EvalOptions,
)
from benchwright_trainer.balance import BalanceOptions
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.filtering import FilterOptions
from benchwright_trainer.quantise import Quantisation
from benchwright_trainer.rollouts.options import RolloutOptions, TeacherOptions
from benchwright_trainer.sft.options import PretrainOptions, SftOptions, StudentOptions

STAGES = ("stage0", "stage1", "stage2")
CHECKPOINTS = ("base", *STAGES)
SHARED = ("rollouts", "filter", "balance", "sft")
"""Sections of a stage that a recipe may also write once, for all stages."""

Mode = Literal["staged", "union"]
Way = Literal["direct", "agentic"]


@dataclass(frozen=True, slots=True)
class BaseOptions:
    """What a student from scratch begins with: designs, and weak testbenches that never run.

    Attributes:
        answers: weak testbenches of each design.
        generated: designs beside those of the corpus, which are neither built nor run.
    """

    answers: int = 2
    generated: GeneratedOptions = field(default_factory=GeneratedOptions)

    def __post_init__(self) -> None:
        _need("answers", self.answers, self.answers >= 1, "at least 1")


@dataclass(frozen=True, slots=True)
class StageOptions:
    """One stage: what is drawn, what of it is kept, and how the student learns it.

    Attributes:
        rollouts: see there.
        filter: see there.
        balance: see there.
        sft: see there.
    """

    rollouts: RolloutOptions = field(default_factory=RolloutOptions)
    filter: FilterOptions = field(default_factory=FilterOptions)
    balance: BalanceOptions = field(default_factory=BalanceOptions)
    sft: SftOptions = field(default_factory=SftOptions)

    @property
    def asks_student(self) -> bool:
        """Whether traces depend on the student."""
        return "student" in {self.rollouts.intermediate, self.rollouts.transition}

    @property
    def asks_teacher(self) -> bool:
        """Whether traces depend on the teacher."""
        return "teacher" in {self.rollouts.intermediate, self.rollouts.transition}


@dataclass(frozen=True, slots=True)
class StagesOptions:
    """What holds for the stages together.

    Attributes:
        mode: `staged` trains each stage from the checkpoint of the one before on its own data
            (section 3.4); `union` trains each from the base on all data so far, the paper's naive
            augmentation.
        n: the first so many are run.
        gguf: precision in which students draw and are evaluated.
    """

    mode: Mode = "staged"
    n: int = 3
    gguf: Literal["f16", "Q8_0", "Q4_K_M"] = "f16"

    def __post_init__(self) -> None:
        if not 1 <= self.n <= len(STAGES):
            raise ValueError(f"n is {self.n}; legal: 1 to {len(STAGES)}")


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """Designs that nothing is trained on: a suite by name, or generated ones.

    Attributes:
        source: as `benchwright eval` takes it; empty for generated designs.
        pattern: of files in a folder, empty for none.
        limit: first rows only, None for all.
        generated: held-out designs of our own.
    """

    source: str = ""
    pattern: str = ""
    limit: int | None = None
    generated: GeneratedOptions = field(default_factory=GeneratedOptions)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit is {self.limit}; legal: at least 1")


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How checkpoints are measured (LLM4Cov, section 5.1: pass@1 of 5 samples).

    Attributes:
        of: checkpoints that are evaluated; all four mean those that there are.
        ways: `direct` is one round, `agentic` several.
        rounds: of the agentic way.
        samples: for each design.
        ks: of pass@k.
        temperature: of the model.
        max_tokens: of one answer.
        context_tokens: prompt and answer together, None for the model's own.
        constrained: answers are held to a grammar of testbenches that compile.
        target_pct: overall average that Cov Pass means where a row has no targets.
        timeout_s: that a testbench may run.
        seed: of every draw.
    """

    of: tuple[Literal["base", "stage0", "stage1", "stage2"], ...] = CHECKPOINTS  # type: ignore[assignment] # the same names
    ways: tuple[Way, ...] = get_args(Way)
    rounds: int = AGENTIC_ROUNDS
    samples: int = 5
    ks: tuple[int, ...] = (1, 5)
    temperature: float = 0.7
    max_tokens: int = 8192
    context_tokens: int | None = None
    constrained: bool = False
    target_pct: float = DEFAULT_TARGET_PCT
    timeout_s: float = 30.0
    seed: int = 1

    def __post_init__(self) -> None:
        _need("samples", self.samples, self.samples >= 1, "at least 1")
        _need("rounds", self.rounds, self.rounds >= 2, "at least 2; one round is the direct way")
        _need("ks", list(self.ks), all(1 <= k <= self.samples for k in self.ks),
              f"from 1 to samples ({self.samples})")  # fmt: skip
        _need("temperature", self.temperature, 0 <= self.temperature <= 2, "0 to 2")
        _need("max_tokens", self.max_tokens, self.max_tokens >= 1, "at least 1")
        _need("target_pct", self.target_pct, 0 <= self.target_pct <= 100, "0 to 100")
        _need("timeout_s", self.timeout_s, self.timeout_s > 0, "above 0")
        _need("seed", self.seed, self.seed >= 0, "at least 0")
        if self.context_tokens is not None:
            _need("context_tokens", self.context_tokens, self.context_tokens >= 256, "at least 256")

    def eval_options(self, way: Way) -> EvalOptions:
        """The same for `evaluate_suite`."""
        return EvalOptions(
            policy="llm",
            rounds=DIRECT_ROUNDS if way == "direct" else self.rounds,
            samples=self.samples,
            ks=self.ks,
            seed=self.seed,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            context_tokens=self.context_tokens,
            constrained=self.constrained,
            target_pct=self.target_pct,
            timeout_s=self.timeout_s,
        )


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is made of the last checkpoint.

    Attributes:
        name: of the model; empty for the recipe's.
        quantisations: files beside the f16 one.
        in_use: the file that is registered under the name: one of `quantisations`, or f16.
        register: with the models of this machine.
        parity_prompts: whose greedy answers llama.cpp and transformers must agree on.
        licence: an SPDX identifier, of the weights and of designs that are generated for them.
    """

    name: str = ""
    quantisations: tuple[Quantisation, ...] = ("Q4_K_M", "Q8_0")
    in_use: Literal["f16", "Q4_K_M", "Q8_0"] = "Q4_K_M"
    register: bool = True
    parity_prompts: int = 8
    licence: str = "Apache-2.0"

    def __post_init__(self) -> None:
        files = ("f16", *self.quantisations)
        _need("in_use", self.in_use, self.in_use in files, ", ".join(files))
        _need("parity_prompts", self.parity_prompts, self.parity_prompts >= 0, "at least 0")


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What `plan` counts with where only running could tell; nothing else depends on it.

    Attributes:
        designs: of sources that are not on this machine.
        suite_designs: of a suite that is not.
        design_tokens: of a design.
        answer_tokens: of a testbench.
        kept: share of the answers that become samples.
    """

    designs: int = 10_000
    suite_designs: int = 100
    design_tokens: int = 800
    answer_tokens: int = 700
    kept: float = 0.2

    def __post_init__(self) -> None:
        for key in ("designs", "suite_designs", "design_tokens", "answer_tokens"):
            _need(key, getattr(self, key), getattr(self, key) >= 0, "at least 0")
        _need("kept", self.kept, 0 <= self.kept <= 1, "0 to 1")


def _need(key: str, value: object, holds: bool, legal: str) -> None:
    if not holds:
        raise ValueError(f"{key} is {value!r}; legal: {legal}")


_LONG = 1000
"""Tokens from which the paper calls a design's context long (section 3.4)."""


def _stage(intermediate: str, transition: str, stage: int) -> Callable[[], StageOptions]:
    """The paper's stage of a pair of policies.

    Each stage draws by a seed of its own: the loop answers the same question by the same seed in
    the same words, and a later stage would teach an earlier one's answers again.
    """

    def make() -> StageOptions:
        rollouts = RolloutOptions(
            intermediate=intermediate,  # type: ignore[arg-type] # one of the two names
            transition=transition,  # type: ignore[arg-type] # the same
            min_tokens=_LONG if stage else 0,
            direct=0 if stage == 2 else 1,
            rules=not stage,
            seed=1 + stage,
        )
        return StageOptions(rollouts, FilterOptions(floor=None if stage else 0.5))

    return make


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole training.

    Attributes:
        name: of the recipe, and of the model unless `export` names it.
        about: a sentence for people.
        corpus: designs that are trained on.
        suites: name -> designs that are not.
        student: who learns.
        base: what a student from scratch learns first, and `pretrain` how.
        teacher: who teaches.
        stages: what holds for all stages.
        stage0: full teacher; `stage1`: imitation; `stage2`: self-sampling.
        evaluation: of each checkpoint.
        export: of the last one.
        plan: what is expected of what cannot be known before.
    """

    name: str = "model"
    about: str = ""
    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    suites: Mapping[str, SuiteOptions] = field(default_factory=dict)
    student: StudentOptions = field(default_factory=StudentOptions)
    base: BaseOptions = field(default_factory=BaseOptions)
    pretrain: PretrainOptions = field(default_factory=PretrainOptions)
    teacher: TeacherOptions = field(default_factory=TeacherOptions)
    stages: StagesOptions = field(default_factory=StagesOptions)
    stage0: StageOptions = field(default_factory=_stage("teacher", "teacher", 0))
    stage1: StageOptions = field(default_factory=_stage("student", "teacher", 1))
    stage2: StageOptions = field(default_factory=_stage("student", "student", 2))
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)
    export: ExportOptions = field(default_factory=ExportOptions)
    plan: PlanOptions = field(default_factory=PlanOptions)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Of the stages that are run."""
        return STAGES[: self.stages.n]

    @property
    def checkpoint_names(self) -> tuple[str, ...]:
        """Of the base and the stages that are run."""
        return ("base", *self.stage_names)

    def stage(self, name: str) -> StageOptions:
        """The options of a stage by its name."""
        found: StageOptions = getattr(self, name)
        return found

    @property
    def model_name(self) -> str:
        """What the trained model is called."""
        return self.export.name or self.name


def before_stage(stage: str) -> str:
    """The checkpoint that a stage begins with."""
    n = STAGES.index(stage)
    return STAGES[n - 1] if n else "base"


def resolved(recipe: Recipe, folder: Path | None) -> Recipe:
    """The recipe with the paths of local sources absolute, as seen from `folder`."""
    corpus = replace(
        recipe.corpus,
        sources=tuple(_absolute(source, folder) for source in recipe.corpus.sources),
        evaluation=tuple(_absolute(source, folder) for source in recipe.corpus.evaluation),
    )
    suites = {
        name: replace(suite, source=_absolute(suite.source, folder))
        for name, suite in recipe.suites.items()
    }
    student = recipe.student
    if not student.from_scratch:
        student = replace(student, init=_absolute(student.init, folder))
    return replace(recipe, corpus=corpus, suites=suites, student=student)


def _absolute(source: str, folder: Path | None) -> str:
    """A path that exists, whole; whatever else is the name of something elsewhere.

    The last part may be a pattern.
    """
    path = Path(source).expanduser()
    if not source or not path.parts:
        return source
    for place in (path,) if folder is None else (folder / path, path):
        if place.exists() or ("*" in place.name and place.parent.is_dir()):
            return str(place.parent.resolve() / place.name)
    return source
