"""What a recipe's trainings need of a machine: memory, disk, GPUs, time.

Where the GPUs that a recipe asks for are not here, it is told for those of the paper (A100 with 80
GiB). A student of the hub whose shape cannot be known without a download has no figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from benchwright_trainer.architecture import Architecture, n_parameters
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline.amounts import Amounts, amounts_of
from benchwright_trainer.pipeline.steps import trained_by
from benchwright_trainer.recipe.recipe import STAGES, Recipe
from benchwright_trainer.sft.estimate import Load, estimate
from benchwright_trainer.sft.hardware import Hardware, gpus_named
from benchwright_trainer.sft.options import SftOptions
from benchwright_trainer.sft.requirements import hardware_for
from benchwright_trainer.sft.shapes import shape_of

_PAPERS_GPU = ("A100", 80)
_ANSWER_FLOPS = 60e9
"""Of one processor that runs a student: between reading and writing."""
_TRACE_BYTES = 30_000
"""Of a simulated testbench with its prompt, in the journal, the traces and the cache."""
_FORMS_BYTES = 10
"""For each weight: in a checkpoint's folder and in its GGUF files."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training.

    Attributes:
        step: its name.
        device: that it runs on, in words.
        here: this machine has it.
        tokens: in all.
        steps: of the optimiser.
        seconds: that it takes.
        gpu_hours: over all GPUs.
        memory_bytes: of each GPU, or of the machine.
        free_bytes: of these that the device has.
        disk_bytes: while it runs.
    """

    step: str
    device: str
    here: bool
    tokens: int
    steps: int
    seconds: float
    gpu_hours: float
    memory_bytes: int
    free_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Needs:
    """All of a recipe's.

    Attributes:
        parameters: of the student, 0 where that is not known.
        trainings: in their order.
        answer_cpu_s: of the student's answers, where a processor runs it.
        disk_bytes: at most at a time.
    """

    parameters: int
    trainings: tuple[Training, ...]
    answer_cpu_s: float
    disk_bytes: int

    @property
    def seconds(self) -> float:
        """Of all trainings."""
        return sum(training.seconds for training in self.trainings)

    @property
    def gpu_hours(self) -> float:
        """Of all trainings."""
        return sum(training.gpu_hours for training in self.trainings)


def needs_of(recipe: Recipe, steps: Collection[str] | None = None) -> Needs:
    """What a recipe needs, by its own expectations (`amounts`).

    Args:
        recipe: see there.
        steps: that are counted, None for all.
    """
    amounts = tuple(one for one in amounts_of(recipe) if steps is None or one.step in steps)
    shape = shape_of(recipe.student.init, recipe.student)
    drawn = sum(one.simulations for one in amounts) * _TRACE_BYTES
    if shape is None:
        return Needs(0, (), 0.0, drawn)
    n = n_parameters(shape)
    trainings = tuple(_trainings(recipe, amounts, shape))
    models = (*map(trained_by, recipe.checkpoint_names), "export")
    kept = n * _FORMS_BYTES * sum(steps is None or step in steps for step in models)
    return Needs(
        parameters=n,
        trainings=trainings,
        answer_cpu_s=sum(one.student_tokens for one in amounts) * 2 * n / _ANSWER_FLOPS,
        disk_bytes=drawn + kept + max((training.disk_bytes for training in trainings), default=0),
    )


def _trainings(
    recipe: Recipe, amounts: tuple[Amounts, ...], shape: Architecture
) -> Iterator[Training]:
    options = trainings_of(recipe)
    for one in amounts:
        if one.step in options:
            yield _training(one, options[one.step], _longest(recipe, one.step), shape)


def _longest(recipe: Recipe, step: str) -> int:
    """Tokens of the longest row that a training may be given, on which its memory depends."""
    stage = STAGES[0] if step == "base" else step.partition(".")[0]
    union = recipe.stages.mode == "union"
    data = STAGES[: STAGES.index(stage) + 1] if union else (stage,)
    drawn = [recipe.stage(name).rollouts for name in data]
    return max(options.prompt_tokens + options.answer_tokens for options in drawn)


def trainings_of(recipe: Recipe) -> dict[str, SftOptions]:
    """Each step that trains, with its options, in their order."""
    base = {"base": recipe.pretrain} if recipe.student.from_scratch else {}
    return base | {f"{name}.sft": recipe.stage(name).sft for name in recipe.stage_names}


def _training(one: Amounts, options: SftOptions, longest: int, shape: Architecture) -> Training:
    here, device = _device(options)
    load = Load(one.samples, one.samples * one.sample_tokens, longest)
    cost = estimate(shape, options, load, device)
    return Training(
        step=one.step,
        device=f"{options.n_gpus} {device.name}" if device.kind == "gpu" else device.name,
        here=here,
        tokens=cost.tokens,
        steps=cost.steps,
        seconds=cost.seconds,
        gpu_hours=cost.gpu_hours,
        memory_bytes=cost.memory_bytes,
        free_bytes=device.memory_bytes,
        disk_bytes=cost.disk_bytes,
    )


def _device(options: SftOptions) -> tuple[bool, Hardware]:
    """What a training would run on, and whether that is here."""
    try:
        return True, hardware_for(options)
    except TrainerError:
        return False, gpus_named(*_PAPERS_GPU, n=options.n_gpus)
