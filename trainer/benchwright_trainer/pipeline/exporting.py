"""The last step: the model in every form that it is used in, and a card that says how good it is.

`export/` gets `huggingface/` (weights and tokenizer as transformers reads them), `NAME-f16.gguf`
and its quantisations, `README.md` (the card), `evaluation.md` and `.json`, and the recipe without
paths of this machine. A name that another model of this machine has is left to that one, with a
warning.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from heapq import nsmallest
from pathlib import Path
from typing import Any, cast

from benchwright_agent.models.dialect.canonical import Canonical
from benchwright_agent.models.installed import store
from benchwright_agent.models.model import Message, ModelError, Role
from benchwright_trainer.architecture import read_architecture
from benchwright_trainer.card import CARD, ModelFacts, model_card
from benchwright_trainer.comparison.comparison import Comparison, compare
from benchwright_trainer.comparison.rendering import to_json, to_markdown
from benchwright_trainer.dataset.manifest import Manifest, read_manifest
from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.export import About, export
from benchwright_trainer.folder_copy import copy_folder
from benchwright_trainer.pipeline.evaluations import evaluation_folder
from benchwright_trainer.pipeline.marks import write_text
from benchwright_trainer.pipeline.origin import hashes_of, portable, sources_of
from benchwright_trainer.pipeline.parity import check_parity, short_prompts
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress, Warned
from benchwright_trainer.pipeline.step import Made, digest_of_files
from benchwright_trainer.pipeline.tools import versions
from benchwright_trainer.quantise import quantise
from benchwright_trainer.recipe.recipe import ExportOptions, Recipe
from benchwright_trainer.recipe.writing import recipe_text

HUGGING_FACE = "huggingface"
"""Folder of the weights as transformers reads them."""

WHOLE = "f16"


def export_model(recipe: Recipe, place: Place) -> Made:
    """Exports the last checkpoint of a run with everything that is known of it."""
    folder = place.folder / "export"
    about = About(
        name=recipe.model_name,
        license=recipe.export.licence,
        description=recipe.about,
        dialect=recipe.student.dialect,
    )
    model = place.folder / recipe.stage_names[-1] / "model"
    prompts = list(_prompts(recipe, place.folder))
    figures = export_folder(model, folder, recipe.export, about, prompts=prompts, place=place)
    comparison = _comparison(recipe, place.folder)
    if comparison is not None:
        write_text(folder / "evaluation.json", json.dumps(to_json(comparison), indent=1) + "\n")
        write_text(folder / "evaluation.md", to_markdown(comparison, recipe.model_name))
    write_text(folder / "recipe.toml", recipe_text(portable(recipe)))
    write_text(folder / CARD, model_card(_facts(recipe, place.folder, comparison)))
    if recipe.export.register:
        figures["registered"] = _register(recipe, folder, place)
    return Made(digest_of_files(folder, "*.gguf"), figures)


def export_folder(
    model: Path,
    folder: Path,
    options: ExportOptions,
    about: About,
    *,
    prompts: Sequence[Sequence[Message]],
    place: Place,
) -> dict[str, Any]:
    """Writes a model's folder in every form, and compares two of them.

    Args:
        model: as transformers saves it.
        folder: for the files.
        options: see there.
        about: what the files say of themselves.
        prompts: of the comparison, see `parity`; in the form that the model was trained on.
        place: where it happens.

    Returns:
        What is known of the files and the comparison.

    Raises:
        TrainerError: the model cannot be exported, or the export answers otherwise.
        OutputError: the folder cannot be written.
    """
    read_architecture(model)  # what is no model is not copied
    forms = (HUGGING_FACE, WHOLE, *options.quantisations, "parity")

    def tell(form: str) -> None:
        place.on_progress(StepProgress(forms.index(form), len(forms), form))

    tell(HUGGING_FACE)
    shutil.rmtree(folder / HUGGING_FACE, ignore_errors=True)
    copy_folder(model, folder / HUGGING_FACE)
    tell(WHOLE)
    whole = export(model, file_of(folder, about.name, WHOLE), about=about, force=True)
    for form in options.quantisations:
        tell(form)
        quantise(whole, file_of(folder, about.name, form), quantisation=form, force=True)
    tell("parity")
    parity = check_parity(model, whole, prompts) if prompts else None
    sizes = {form: file_of(folder, about.name, form).stat().st_size for form in forms[1:-1]}
    return {"bytes": sizes, "parity": asdict(parity) if parity else None}


def file_of(folder: Path, name: str, form: str) -> Path:
    """Where a form of the model is."""
    return folder / f"{name}-{form}.gguf"


def _comparison(recipe: Recipe, folder: Path) -> Comparison | None:
    """Of all checkpoints that were evaluated."""
    judged = [name for name in recipe.checkpoint_names if name in recipe.evaluation.of]
    runs: dict[str, Path] = {name: evaluation_folder(folder, name) for name in judged}
    ks = [k for k in recipe.evaluation.ks if k > 1]
    return compare(runs, ks=ks) if recipe.suites and runs else None


def _facts(recipe: Recipe, folder: Path, comparison: Comparison | None) -> ModelFacts:
    export_, shared = folder / "export", portable(recipe)
    forms = (recipe.export.in_use, WHOLE, *recipe.export.quantisations)
    return ModelFacts(
        name=recipe.model_name,
        about=recipe.about,
        licence=recipe.export.licence,
        base="" if recipe.student.from_scratch else shared.student.init,
        architecture=read_architecture(export_ / HUGGING_FACE),
        dialect=recipe.student.dialect,
        files=tuple(file_of(export_, recipe.model_name, form) for form in dict.fromkeys(forms)),
        datasets=_datasets(recipe, folder),
        sources=sources_of(recipe),
        recipe=recipe_text(shared),
        hashes=hashes_of(folder, ("corpus", "suites", "base")),
        versions=versions(),
        comparison=comparison,
        evaluated=recipe.stages.gguf,
        label=recipe.stage_names[-1] if recipe.stage_names[-1] in recipe.evaluation.of else "",
    )


def _datasets(recipe: Recipe, folder: Path) -> Mapping[str, Manifest]:
    """Of the stages that kept any sample."""
    places = {stage: folder / stage / "dataset" for stage in recipe.stage_names}
    return {stage: read_manifest(place) for stage, place in places.items() if place.is_dir()}


def _prompts(recipe: Recipe, folder: Path) -> Iterator[tuple[Message, ...]]:
    """The shortest prompts of the data, in the form that the student was trained on."""
    found = (
        tuple(Message(cast("Role", turn["role"]), turn["content"]) for turn in row["prompt"])
        for stage in _datasets(recipe, folder)
        for row in read_dataset(folder / stage / "dataset")
    )
    n = recipe.export.parity_prompts
    shortest = nsmallest(n, found, key=lambda prompt: sum(len(turn.content) for turn in prompt))
    for prompt in shortest or short_prompts(n):
        canonical = recipe.student.dialect == "canonical"
        yield Canonical.of(prompt).messages if canonical else prompt


def _register(recipe: Recipe, folder: Path, place: Place) -> bool:
    """Makes the model known to the agent; whether its name was free."""
    path = file_of(folder, recipe.model_name, recipe.export.in_use)
    try:
        store.register(path.resolve(), recipe.model_name, licence=recipe.export.licence)
    except ModelError as error:
        place.on_progress(Warned(f"the model is not registered: {error.message}"))
        return False
    return True
