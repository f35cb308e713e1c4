"""The steps of a recipe, in the order in which they run, and what each depends on.

suites -> corpus -> base -> gguf, then for each stage rollouts -> dataset -> sft -> gguf; the
evaluations of the checkpoints in between; export last. A student from scratch learns its language
from the corpus; any other is there from the beginning. Each stage of `staged` training starts at
the checkpoint of the one before (LLM4Cov, section 3.4); `union` starts each at the base, with the
data of all stages so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchwright_trainer.pipeline import designs, evaluations, exporting, students, traces
from benchwright_trainer.pipeline.step import Step
from benchwright_trainer.recipe.recipe import STAGES, Recipe, before_stage
from benchwright_trainer.recipe.writing import plain


def steps_of(recipe: Recipe) -> tuple[Step, ...]:
    """All steps of a recipe, each after those that it needs."""
    return tuple(_steps(recipe))


def _steps(recipe: Recipe) -> Iterator[Step]:
    suites = {name: plain(suite) for name, suite in recipe.suites.items()}
    if suites:
        yield Step("suites", ("suites",), (), suites, partial(designs.make_suites, recipe))
    yield Step(
        "corpus",
        ("corpus",),
        ("suites",) if any(suite.source for suite in recipe.suites.values()) else (),
        plain(recipe.corpus),
        partial(designs.make_corpus, recipe),
        journal=True,
    )
    yield from _base(recipe)
    for stage in recipe.stage_names:
        yield from _stage(recipe, stage)
    yield from _export(recipe)


def _base(recipe: Recipe) -> Iterator[Step]:
    terms: dict[str, Any] = {"student": plain(recipe.student)}
    if recipe.student.from_scratch:
        terms |= {"pretrain": plain(recipe.pretrain), "base": plain(recipe.base)}
    needs = ("corpus",) if recipe.student.from_scratch else ()
    folders = ("base/model", "base/start", "base/model-training", "base/model-texts.jsonl")
    yield Step("base", folders, needs, terms, partial(students.make_base, recipe))
    yield from _checkpoint(recipe, "base", "base")


def _checkpoint(recipe: Recipe, name: str, trained: str) -> Iterator[Step]:
    """What is made of a checkpoint: its GGUF file, and how good it is."""
    yield Step(
        f"{name}.gguf",
        (f"{name}/model.gguf",),
        (trained,),
        {"gguf": recipe.stages.gguf},
        partial(students.make_gguf, recipe, name),
    )
    if recipe.suites and name in recipe.evaluation.of:
        yield Step(
            f"{name}.evaluation",
            (f"{name}/evaluation",),
            ("suites", f"{name}.gguf"),
            plain(recipe.evaluation) | {"of": name, "dialect": recipe.student.dialect},
            partial(evaluations.evaluate_checkpoint, recipe, name),
            journal=True,
        )


def _stage(recipe: Recipe, stage: str) -> Iterator[Step]:
    options = recipe.stage(stage)
    before = before_stage(stage)
    yield Step(
        f"{stage}.rollouts",
        (f"{stage}/rollouts",),
        ("corpus", *_needed_student(recipe, stage)),
        {
            "rollouts": options.rollouts.terms,
            "teacher": _teacher(recipe) if options.asks_teacher else None,
            "dialect": recipe.student.dialect,
        },
        partial(traces.draw_traces, recipe, stage),
        journal=True,
    )
    yield Step(
        f"{stage}.dataset",
        (f"{stage}/dataset",),
        (f"{stage}.rollouts",),
        {"filter": plain(options.filter), "balance": plain(options.balance)},
        partial(traces.make_dataset, recipe, stage),
    )
    staged = recipe.stages.mode == "staged"
    data = (stage,) if staged else STAGES[: STAGES.index(stage) + 1]
    origin = before if staged else "base"
    yield Step(
        f"{stage}.sft",
        (f"{stage}/model", f"{stage}/model-training", f"{stage}/union"),
        (*(f"{name}.dataset" for name in data), trained_by(origin)),
        {"sft": plain(options.sft), "dialect": recipe.student.dialect},
        partial(students.train_stage, recipe, stage, data, origin),
    )
    yield from _checkpoint(recipe, stage, f"{stage}.sft")


def _teacher(recipe: Recipe) -> dict[str, Any]:
    """What a teacher's answers depend on."""
    return {key: value for key, value in plain(recipe.teacher).items() if key != "patience_s"}


def _needed_student(recipe: Recipe, stage: str) -> Iterator[str]:
    """Steps that give a stage its student, and the tokenizer that counts for it."""
    if not recipe.student.dialect:
        yield "base"
    if recipe.stage(stage).asks_student:
        yield f"{before_stage(stage)}.gguf"


def _export(recipe: Recipe) -> Iterator[Step]:
    last = recipe.stage_names[-1]
    judged = [name for name in recipe.checkpoint_names if name in recipe.evaluation.of]
    yield Step(
        "export",
        ("export",),
        (
            f"{last}.sft",
            *(f"{name}.evaluation" for name in judged if recipe.suites),
            *(f"{name}.dataset" for name in recipe.stage_names),
        ),
        {"export": plain(recipe.export), "name": recipe.model_name, "about": recipe.about},
        partial(exporting.export_model, recipe),
    )


def trained_by(checkpoint: str) -> str:
    """The step that makes a checkpoint."""
    return checkpoint if checkpoint == "base" else f"{checkpoint}.sft"
