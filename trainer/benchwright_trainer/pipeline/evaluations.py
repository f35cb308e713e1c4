"""How good a checkpoint is on each suite, in each way of asking, as `benchwright eval` does it.

`CHECKPOINT/evaluation/SUITE-WAY/` is a folder as `benchwright eval` makes it: a journal that goes
on where it was interrupted, trajectories, testbenches, result and table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.backend import on_cluster, on_this_machine
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_agent.evaluation.runner import Backend, evaluate_suite
from benchwright_agent.evaluation.source import ModelSource
from benchwright_agent.evaluation.suites import load_suite
from benchwright_agent.evaluation.tables import markdown, result_json, result_text
from benchwright_trainer.pipeline.designs import suite_file
from benchwright_trainer.pipeline.marks import write_text
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress
from benchwright_trainer.pipeline.step import Made, digest
from benchwright_trainer.recipe.recipe import CHECKPOINTS, EvaluationOptions, Recipe, Way

RESULT = "result.json"


def evaluate_checkpoint(recipe: Recipe, name: str, place: Place) -> Made:
    """Evaluates one checkpoint on all suites."""
    summaries = {}
    for suite, way in evaluated(recipe):
        folder = evaluation_folder(place.folder, name) / f"{suite}-{way}"
        summaries[f"{suite}-{way}"] = evaluate_model(
            place.folder / name / "model.gguf",
            str(suite_file(place.folder, suite)),
            recipe.evaluation,
            way,
            folder=folder,
            place=place,
        )
    return Made(digest(summaries), {key: short(found) for key, found in summaries.items()})


def evaluation_folder(folder: Path, name: str) -> Path:
    """Where a training in a folder keeps the evaluations of a checkpoint."""
    return folder / name / "evaluation"


def evaluations_in(folder: Path) -> dict[str, Path]:
    """Checkpoint -> its evaluations; empty where the folder holds no training, or none is there."""
    places = {name: evaluation_folder(folder, name) for name in CHECKPOINTS}
    return {name: place for name, place in places.items() if place.is_dir()}


def evaluated(recipe: Recipe) -> Iterator[tuple[str, Way]]:
    """Every suite and way in which checkpoints are evaluated."""
    for suite in sorted(recipe.suites):
        for way in recipe.evaluation.ways:
            yield suite, way


def evaluate_model(
    model: Path, suite: str, options: EvaluationOptions, way: Way, *, folder: Path, place: Place
) -> Mapping[str, Any]:
    """Evaluates a model on a suite, in one way.

    Args:
        model: a GGUF file.
        suite: as `benchwright eval` takes it.
        options: see there.
        way: see there.
        folder: of the evaluation.
        place: where it happens.

    Returns:
        The figures, without those of time, as `result.json` holds them.
    """
    source = ModelSource(str(model), context_tokens=options.context_tokens)
    found = load_suite(suite)

    def tell(outcome: Outcome, done: int, total: int) -> None:
        place.on_progress(StepProgress(done, total, f"{found.name}, {way}: {outcome.status}"))

    with _backend(place, source) as backend:
        evaluation = evaluate_suite(
            found,
            options.eval_options(way),
            folder,
            backend,
            model=model.parent.name,
            model_digest=source.digest,
            on_outcome=tell,
        )
    write_text(folder / RESULT, result_text(evaluation))
    write_text(folder / "table.md", markdown(evaluation))
    summary: dict[str, Any] = result_json(evaluation)["summary"]
    del summary["seconds"]
    return summary


def _backend(place: Place, source: ModelSource) -> AbstractContextManager[Backend]:
    if place.cluster is not None:
        return on_cluster(place.cluster, source)
    return on_this_machine(place.jobs, source)


def short(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What a table of checkpoints shows of a result's summary, in percent."""
    return {
        key: None if summary[key] is None else round(summary[key]["value"], 1)
        for key in ("sim_pass", "cov_pass", "avg_cov")
    }
