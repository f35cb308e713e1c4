"""The steps that make checkpoints: the base, each stage's training, and their GGUF files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchwright_agent.models.dialect.canonical import INPUTS, OTHERS
from benchwright_trainer.corpus.designs_file import read_entries
from benchwright_trainer.dataset.merging import merge_datasets
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.export import About, export
from benchwright_trainer.folder_copy import copy_folder
from benchwright_trainer.pipeline.beginning import as_chat, beginnings
from benchwright_trainer.pipeline.designs import CORPUS
from benchwright_trainer.pipeline.origin import data_card
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress
from benchwright_trainer.pipeline.step import Made, digest_of_files
from benchwright_trainer.quantise import quantise
from benchwright_trainer.recipe.recipe import Recipe
from benchwright_trainer.sft.fine_tuning import SftProgress, SftSummary, fine_tune, pretrain
from benchwright_trainer.sft.options import Dialect, SftOptions
from benchwright_trainer.sft.student import make_student
from benchwright_trainer.sft.vocabulary import train_tokenizer


def make_base(recipe: Recipe, place: Place) -> Made:
    """Makes the student that training begins with: from nothing, or as it is elsewhere."""
    output = place.folder / "base" / "model"
    if not recipe.student.from_scratch:
        _fetch(recipe.student.init, output)
        return Made(digest_of_files(output), {"model": recipe.student.init})
    rows = [entry.row for entry in read_entries(place.folder / CORPUS)]
    more = generated_rows(recipe.base.generated)
    rows += [replace(row, id=f"base-{row.id}") for row, _meta in more]
    options = recipe.stage0.rollouts
    pairs = beginnings(
        rows,
        place,
        answers=recipe.base.answers,
        seed=options.seed,
        prompt_tokens=options.prompt_tokens,
        dialect=recipe.student.dialect,
    )
    texts = [as_chat(prompt, answer) for prompt, answer in pairs]
    start = place.folder / "base" / "start"
    if not start.exists():
        _start(recipe, texts, start)
    summary = pretrain(texts, start, output, recipe.pretrain, on_progress=_telling(place))
    return Made(digest_of_files(output), _figures(summary))


def _start(recipe: Recipe, texts: Sequence[str], folder: Path) -> None:
    """A tokenizer and random weights, in a folder that appears whole."""
    from transformers import logging  # noqa: PLC0415 - an extra, and slow to load

    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # has no types
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    added = [*INPUTS, *OTHERS] if recipe.student.dialect else []
    n_tokens = train_tokenizer(texts, recipe.student, aside, added=added)
    make_student(replace(recipe.student, vocab=n_tokens), aside, aside)
    aside.rename(folder)


def _fetch(init: str, output: Path) -> None:
    """Copies a model's folder, or downloads that of the hub; what is there already is kept."""
    if Path(init).is_dir():
        copy_folder(Path(init), output)
        return
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - an extra
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - as above

    try:
        wanted = ["*.json", "*.safetensors", "*.jinja", "*.txt"]
        snapshot_download(init, local_dir=output, allow_patterns=wanted)
        shutil.rmtree(output / ".cache", ignore_errors=True)  # times, which are no part of a model
    except (OSError, HfHubHTTPError) as error:
        raise TrainerError(
            f"the model {init} cannot be downloaded: {str(error).partition(chr(10))[0]}",
            hint="check its name and the network, or name a folder in student.init",
        ) from error


def train_stage(
    recipe: Recipe, stage: str, data: tuple[str, ...], origin: str, place: Place
) -> Made:
    """Trains a checkpoint further on the data of stages; without any sample it stays as it is."""
    parts = {name: place.folder / name / "dataset" for name in data}
    parts = {name: folder for name, folder in parts.items() if folder.is_dir()}
    output, model = place.folder / stage / "model", place.folder / origin / "model"
    if not parts:
        copy_folder(model, output)
        return Made(digest_of_files(output), {"samples": 0})
    dataset = next(iter(parts.values()))
    if len(parts) > 1:
        dataset = place.folder / stage / "union"
        card = data_card(recipe, stage, place.folder) | {"name": f"{recipe.name}-{stage}-union"}
        merge_datasets(dataset, parts, card=card, force=True)
    options = recipe.stage(stage).sft
    return train_in(output, dataset, model, options, recipe.student.dialect, place=place)


def train_in(
    output: Path, dataset: Path, model: Path, options: SftOptions, dialect: Dialect, *, place: Place
) -> Made:
    """Fine-tunes a model in a folder of its own."""
    summary = fine_tune(
        dataset, model, output, options, dialect=dialect, on_progress=_telling(place)
    )
    return Made(digest_of_files(output), _figures(summary))


def _telling(place: Place) -> Callable[[SftProgress], None]:
    def tell(progress: SftProgress) -> None:
        text = f"loss {progress.loss:.3f}, {progress.tokens_per_s:,.0f} tokens/s"
        place.on_progress(StepProgress(progress.step, progress.steps, text))

    return tell


def _figures(summary: SftSummary) -> dict[str, float]:
    return {
        "samples": summary.rows,
        "too long": summary.too_long,
        "tokens": summary.tokens,
        "steps": summary.steps,
        "first loss": round(summary.first_loss, 3),
        "last loss": round(summary.last_loss, 3),
        "tokens/s": round(summary.tokens_per_s),
    }


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
