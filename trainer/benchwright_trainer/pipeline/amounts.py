"""How much a recipe asks for: simulator calls, answers of models, tokens to train on.

Nothing is run, and no data set is downloaded: what a source holds that cannot be counted here is
taken from the recipe's section `plan`. Figures are upper bounds where a filter decides, but for the
samples that are kept: the share of the answers that the recipe expects, no more than its filter
keeps of a state. The paper keeps 17 % of stage 0 and 14 % of stage 1 (LLM4Cov, appendix B).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchwright_trainer.recipe.recipe import PlanOptions, Recipe, SuiteOptions
from benchwright_trainer.rollouts.options import PolicyName
from benchwright_trainer.sft.options import SftOptions

SIMULATION_CPU_S = 0.5
"""Of one testbench and its design, compiled and run; measured 0.4 on small designs, up to 2."""

LOOP_CPU_S = 0.5
"""Of our loop's search on one design, a compilation shared; measured on small designs."""

PROMPT_TOKENS = 700
"""Of a prompt beside its design and its testbench: the task and the feedback."""

CANONICAL_PROMPT_TOKENS = 100
"""The same in canonical form, which leaves out what is always said."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one step asks for.

    Attributes:
        step: its name.
        simulations: of testbenches or designs.
        searches: of our loop as the teacher.
        teacher: prompts to a teacher that is a model.
        teacher_tokens: that it reads and writes.
        student: prompts to the student.
        student_tokens: that it reads and writes.
        samples: that are trained on.
        sample_tokens: of one of them.
        training_tokens: in all passes over them.
    """

    step: str
    simulations: int = 0
    searches: int = 0
    teacher: int = 0
    teacher_tokens: int = 0
    student: int = 0
    student_tokens: int = 0
    samples: int = 0
    sample_tokens: int = 0
    training_tokens: int = 0

    @property
    def cpu_s(self) -> float:
        """Of simulations and searches."""
        return self.simulations * SIMULATION_CPU_S + self.searches * LOOP_CPU_S


def amounts_of(recipe: Recipe) -> tuple[Amounts, ...]:
    """Of every step that costs anything, in their order."""
    return tuple(_amounts(recipe))


def _amounts(recipe: Recipe) -> Iterator[Amounts]:
    designs = n_designs(recipe)
    yield Amounts("corpus", simulations=designs)
    if recipe.student.from_scratch:
        size = _design_tokens(recipe) + recipe.plan.answer_tokens
        samples = (designs + recipe.base.generated.n) * recipe.base.answers
        yield _trained("base", recipe.pretrain, samples, min(size, recipe.pretrain.max_length))
    yield from _evaluated(recipe, "base")
    kept = 0
    for stage in recipe.stage_names:
        drawn, samples = _drawn(recipe, stage, designs)
        yield drawn
        options = recipe.stage(stage).sft
        size = _design_tokens(recipe) + 2 * recipe.plan.answer_tokens
        kept = samples + (kept if recipe.stages.mode == "union" else 0)
        yield _trained(f"{stage}.sft", options, kept, min(size, options.max_length))
        yield from _evaluated(recipe, stage)


def _design_tokens(recipe: Recipe) -> int:
    """Of a prompt from s_0."""
    beside = CANONICAL_PROMPT_TOKENS if recipe.student.dialect else PROMPT_TOKENS
    return recipe.plan.design_tokens + beside


def n_designs(recipe: Recipe) -> int:
    """Designs of the corpus at most."""
    corpus = recipe.corpus
    here = [_n_lines(source) for source in corpus.sources]
    elsewhere = 0 if all(here) else recipe.plan.designs
    found = corpus.generated.n + sum(here) + elsewhere
    return found if corpus.limit is None else min(found, corpus.limit)


def _n_lines(source: str) -> int:
    """Rows of a file here, designs of a folder; 0 of whatever is elsewhere."""
    path = Path(source)
    if path.is_dir():
        return sum(entry.suffix in {".v", ".sv"} for entry in path.rglob("*"))
    if path.suffix != ".jsonl" or not path.is_file():
        return 0
    with path.open("rb") as file:
        return sum(bool(line.strip()) for line in file)


def _drawn(recipe: Recipe, stage: str, designs: int) -> tuple[Amounts, int]:
    """What the rollouts of a stage ask for, and how many samples they are likely to leave."""
    options, choosing = recipe.stage(stage).rollouts, recipe.stage(stage).filter
    n = min(designs, options.n_designs or designs)
    states = min(options.drafts, options.selection.n_states) if options.answers else 0
    drafts, direct, agentic = n * options.drafts, n * options.direct, n * states * options.answers
    plan = recipe.plan
    from_start = _design_tokens(recipe) + plan.answer_tokens
    from_state = from_start + plan.answer_tokens
    asked: dict[PolicyName, tuple[int, int]] = {"teacher": (0, 0), "student": (0, 0)}
    for policy, prompts, tokens in (
        (options.intermediate, drafts, from_start),
        (options.transition, direct, from_start),
        (options.transition, agentic, from_state),
    ):
        before = asked[policy]
        asked[policy] = (before[0] + prompts, before[1] + prompts * tokens)
    loops = recipe.teacher.policy == "loop"
    weak = drafts if loops and options.intermediate == "teacher" else 0
    teacher, teacher_tokens = asked["teacher"]
    student, student_tokens = asked["student"]
    found = Amounts(
        f"{stage}.rollouts",
        simulations=drafts + direct + agentic,
        searches=(teacher - weak if loops else 0) + n * options.questions,
        teacher=0 if loops else teacher,
        teacher_tokens=0 if loops else teacher_tokens,
        student=student,
        student_tokens=student_tokens,
    )
    answers = most = direct + agentic + n * options.questions
    if choosing.execution:
        most = n * (min(options.direct, choosing.n_best) + states + options.questions)
    return found, min(round(answers * plan.kept), most)


def _trained(step: str, options: SftOptions, samples: int, size: int) -> Amounts:
    passes = samples * options.epochs
    if options.max_steps is not None:
        passes = options.max_steps * options.batch
    return Amounts(step, samples=samples, sample_tokens=size, training_tokens=round(passes * size))


def _evaluated(recipe: Recipe, name: str) -> Iterator[Amounts]:
    """The evaluation of a checkpoint, every sample with all its rounds."""
    options = recipe.evaluation
    if not recipe.suites or name not in options.of:
        return
    rows = sum(_n_rows(suite, recipe.plan) for suite in recipe.suites.values())
    rounds = sum(1 if way == "direct" else options.rounds for way in options.ways)
    prompts = rows * options.samples * rounds
    size = _design_tokens(recipe) + 2 * recipe.plan.answer_tokens
    yield Amounts(
        f"{name}.evaluation", simulations=prompts, student=prompts, student_tokens=prompts * size
    )


def _n_rows(suite: SuiteOptions, plan: PlanOptions) -> int:
    if not suite.source:
        return suite.generated.n
    found = _n_lines(suite.source) or plan.suite_designs
    return found if suite.limit is None else min(found, suite.limit)
