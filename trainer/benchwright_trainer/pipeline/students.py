"""The steps that make checkpoints: the base, each stage's training, and their GGUF files."""

from __future__ import annotations

from benchwright_trainer.export import About, export
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.step import Made, digest_of_files
from benchwright_trainer.quantise import quantise
from benchwright_trainer.recipe.recipe import Recipe


def make_base(recipe: Recipe, place: Place) -> Made:
    raise NotImplementedError


def make_gguf(recipe: Recipe, name: str, place: Place) -> Made:
    """Writes the GGUF file in which a checkpoint draws and is evaluated."""
    target = place.folder / name / "model.gguf"
    about = About(name=f"{recipe.model_name}-{name}", dialect=recipe.student.dialect)
    model = place.folder / name / "model"
    form = recipe.stages.gguf
    if form == "f16":
        export(model, target, about=about, force=True)
    else:
        whole = target.with_suffix(".f16.gguf")
        export(model, whole, about=about, force=True)
        quantise(whole, target, quantisation=form, force=True)
        whole.unlink()
    return Made(digest_of_files(target.parent, target.name), {"bytes": target.stat().st_size})


def train_stage(
    recipe: Recipe, stage: str, data: tuple[str, ...], origin: str, place: Place
) -> Made:
    raise NotImplementedError
