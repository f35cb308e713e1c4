"""Values that are legal each by itself, but cannot go together in a training."""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_agent.models.installed.registry import is_name
from benchwright_trainer.recipe.filling import KeyProblem, shown
from benchwright_trainer.recipe.recipe import CHECKPOINTS, Recipe, SuiteOptions


def check_combinations(recipe: Recipe) -> None:
    """Looks at everything that two sections say together.

    Raises:
        KeyProblem: of the first that cannot be.
    """
    for found in (_names, _corpus, _suites, _students, _lengths, _evaluation):
        for problem in found(recipe):
            raise problem


def _names(recipe: Recipe) -> Iterator[KeyProblem]:
    if not is_name(recipe.model_name):
        yield KeyProblem(
            ("export", "name") if recipe.export.name else ("name",),
            f"is {shown(recipe.model_name)}, which cannot name a model",
            "letters, digits, '.', '_' and '-', at most 100, not ending in .gguf",
        )


def _corpus(recipe: Recipe) -> Iterator[KeyProblem]:
    corpus = recipe.corpus
    if not corpus.sources and corpus.generated.n == 0:
        yield KeyProblem(
            ("corpus", "sources"), "is empty, and corpus.generated.n is 0: there are no designs",
            "folders, files or data sets, or a number of designs to generate",
        )  # fmt: skip
    for section in ("corpus", "base"):
        generated = getattr(recipe, section).generated
        if generated.n and generated.split != "train":
            yield KeyProblem(
                (section, "generated", "split"),
                f'is "{generated.split}", whose designs are held out for evaluation',
                '"train"',
            )


def _suites(recipe: Recipe) -> Iterator[KeyProblem]:
    for name, suite in recipe.suites.items():
        path = ("suites", name)
        if bool(suite.source) == bool(suite.generated.n):
            said = "both" if suite.source else "neither"
            yield KeyProblem(path, f"names {said} of source and generated.n", "one of the two")
        if _trained_on(recipe, suite):
            yield KeyProblem(
                (*path, "generated", "split"),
                'is "train": these designs are trained on',
                '"parameters", "families", "names"; or a generated.seed that neither corpus nor '
                "base has",
            )


def _trained_on(recipe: Recipe, suite: SuiteOptions) -> bool:
    ours, trained = suite.generated, (recipe.corpus.generated, recipe.base.generated)
    seeds = {generated.seed for generated in trained if generated.n}
    return bool(ours.n) and ours.split == "train" and ours.seed in seeds


def _students(recipe: Recipe) -> Iterator[KeyProblem]:
    if not recipe.student.from_scratch:
        return
    rollouts = recipe.stage0.rollouts
    for key in ("intermediate", "transition"):
        if getattr(rollouts, key) == "student":
            yield KeyProblem(
                ("stage0", "rollouts", key),
                'is "student", but student.init is "scratch": there is no student yet that '
                "could write a testbench",
                '"teacher", or a student.init that names a model',
            )


def _lengths(recipe: Recipe) -> Iterator[KeyProblem]:
    """A scratch student has a known number of positions."""
    if not recipe.student.from_scratch:
        return
    context = recipe.student.context
    legal = f"at most student.context ({context})"
    if recipe.pretrain.max_length > context:
        yield KeyProblem(("pretrain", "max_length"), f"is {recipe.pretrain.max_length}", legal)
    for name in recipe.stage_names:
        stage = recipe.stage(name)
        if stage.sft.max_length > context:
            yield KeyProblem((name, "sft", "max_length"), f"is {stage.sft.max_length}", legal)
        for key in ("prompt_tokens", "answer_tokens"):
            if (n := getattr(stage.rollouts, key)) > context:
                yield KeyProblem((name, "rollouts", key), f"is {n}", legal)
    evaluation = recipe.evaluation
    if evaluation.context_tokens is not None and evaluation.context_tokens > context:
        path = ("evaluation", "context_tokens")
        yield KeyProblem(path, f"is {evaluation.context_tokens}", legal)
    if recipe.suites and evaluation.max_tokens >= context:
        path = ("evaluation", "max_tokens")
        yield KeyProblem(path, f"is {evaluation.max_tokens}", f"below student.context ({context})")


def _evaluation(recipe: Recipe) -> Iterator[KeyProblem]:
    if recipe.evaluation.of == CHECKPOINTS:
        return  # all that there are
    for name in recipe.evaluation.of:
        if name != "base" and name not in recipe.stage_names:
            yield KeyProblem(
                ("evaluation", "of"), f'names "{name}", but stages.n is {recipe.stages.n}',
                ", ".join(("base", *recipe.stage_names)),
            )  # fmt: skip
