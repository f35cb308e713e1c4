"""Fine-tuning and pretraining as the pipeline calls them: in a process of their own, followed.

The process gives back its memory when it ends, and whatever kills it leaves checkpoints behind from
which the same call goes on. The model appears in its folder whole; beside it, in a folder with
`-training` after its name, stay the log and TensorBoard's files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchwright_sim.errors import OutputError
from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra
from benchwright_trainer.sft.launch import Training
from benchwright_trainer.sft.options import Dialect, PretrainOptions, SftOptions
from benchwright_trainer.sft.request import Request, Work, fingerprint
from benchwright_trainer.sft.requirements import check_machine
from benchwright_trainer.whole_file import whole_file

_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tensorboard")


@dataclass(frozen=True, slots=True)
class SftProgress:
    """How far a training is.

    Attributes:
        step: that is done, from 1.
        steps: in all.
        loss: mean over the step's tokens.
        tokens_per_s: that went through the model, on average.
        seconds_left: at that rate.
    """

    step: int
    steps: int
    loss: float
    tokens_per_s: float
    seconds_left: float


OnProgress = Callable[[SftProgress], None]


@dataclass(frozen=True, slots=True)
class SftSummary:
    """What a training was.

    Attributes:
        model: its folder.
        log: a line for each event.
        rows: samples that were trained on.
        too_long: samples that were left out, since they have too many tokens.
        tokens: of the rows, in one epoch.
        learnt: of these, in answers.
        longest: tokens of the longest row.
        steps: of the optimiser.
        first_loss: mean of the first tenth of the steps.
        last_loss: mean of the last tenth.
        tokens_per_s: that went through the model, prompts included.
        seconds: of this call; less than the training took if it went on from a checkpoint.
    """

    model: Path
    log: Path
    rows: int
    too_long: int
    tokens: int
    learnt: int
    longest: int
    steps: int
    first_loss: float
    last_loss: float
    tokens_per_s: float
    seconds: float


def _nobody(_: SftProgress) -> None:
    """Watches nothing."""


def fine_tune(
    dataset: Path,
    model: Path | str,
    output: Path,
    options: SftOptions,
    *,
    dialect: Dialect = "",
    on_progress: OnProgress = _nobody,
) -> SftSummary:
    """Trains a model on the answers of a data set's samples.

    Args:
        dataset: folder that `write_dataset` made.
        model: folder to start from, or a name on the Hugging Face hub.
        output: folder of the trained model, which must not exist; the work goes on beside it.
        options: of the training.
        dialect: in which the student is shown designs.
        on_progress: told after each step.

    Raises:
        TrainerError: the model, the data or the machine will not do, or the training failed.
        OutputError: `output` exists already or cannot be written.
    """
    request = Request(
        str(model),
        str(dataset.resolve()),
        "answers",
        options,
        dialect,
        read_dataset(dataset).manifest.sha256,
    )
    return _run(request, output, on_progress)


def pretrain(
    texts: Iterable[str | tuple[str, str]],
    model: Path | str,
    output: Path,
    options: PretrainOptions,
    *,
    on_progress: OnProgress = _nobody,
) -> SftSummary:
    """Trains a model on all tokens of texts, or of pairs of a prompt and an answer.

    Raises:
        TrainerError: as `fine_tune`.
        OutputError: as `fine_tune`.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        data = output.with_name(f"{output.name}-texts.jsonl")
        with whole_file(data) as aside, aside.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(text) + "\n" for text in texts)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror or error}") from error
    with data.open("rb") as written:
        inputs = hashlib.file_digest(written, "sha256").hexdigest()
    request = Request(str(model), str(data.resolve()), "all", options, inputs=inputs)
    summary = _run(request, output, on_progress)
    data.unlink()
    return summary


def _run(request: Request, output: Path, on_progress: OnProgress) -> SftSummary:
    require_extra(*_LIBRARIES)
    output, request = output.absolute(), _located(request)
    work = Work(output.with_name(f"{output.name}-training"))
    started_s = time.monotonic()
    try:
        if not _is_there(output):
            check_machine(request.model, request.options, output.parent)
            work.claim(request)
            _follow(request, work, on_progress)
            if output.exists():
                output.rmdir()
            work.model.rename(output)
        elif not work.is_of(request):
            raise OutputError(f"{output} exists already", hint="give another name")
        for path in (work.checkpoints, work.folder / "adapter"):
            shutil.rmtree(path, ignore_errors=True)
        work.samples.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror or error}") from error
    return _summary(output, work, time.monotonic() - started_s)


def _is_there(path: Path) -> bool:
    """Whether anything but an empty folder has this name."""
    return path.exists() and (not path.is_dir() or any(path.iterdir()))


def _located(request: Request) -> Request:
    """With a model's folder as the training process finds it, and what is in it."""
    folder = Path(request.model)
    if not folder.is_dir():
        return request
    inputs = f"{request.inputs} {fingerprint(folder)}"
    return replace(request, model=str(folder.resolve()), inputs=inputs)


def _follow(request: Request, work: Work, on_progress: OnProgress) -> None:
    """Runs the training to its end."""
    with Training(request, work) as training:
        for event in training.events():
            if event["event"] == "step":
                on_progress(_progress(event))
            elif event["event"] == "error":
                raise TrainerError(
                    event["message"], hint=event["hint"], details=tuple(event["details"])
                )


def _progress(event: Mapping[str, Any]) -> SftProgress:
    return SftProgress(**{field.name: event[field.name] for field in fields(SftProgress)})


def _summary(output: Path, work: Work, seconds: float) -> SftSummary:
    counts = json.loads(work.counts.read_text("utf-8"))
    steps = [event for event in work.events() if event["event"] == "step"]
    losses = [float(step["loss"]) for step in steps]
    tenth = max(1, len(losses) // 10)
    return SftSummary(
        model=output,
        log=work.log,
        rows=counts["rows"],
        too_long=counts["too_long"],
        tokens=counts["tokens"],
        learnt=counts["learnt"],
        longest=counts["longest"],
        steps=steps[-1]["step"],
        first_loss=sum(losses[:tenth]) / tenth,
        last_loss=sum(losses[-tenth:]) / tenth,
        tokens_per_s=steps[-1]["tokens_per_s"],
        seconds=seconds,
    )
