"""Whether this machine can do a training, found out before it begins and not after hours."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.filesize import decimal

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.estimate import Estimate, Load, estimate
from benchwright_trainer.sft.hardware import Hardware, computes_bf16, cpu, gpus
from benchwright_trainer.sft.options import SftOptions
from benchwright_trainer.sft.shapes import shape_of

_MANY = 1 << 30


def hardware_for(options: SftOptions) -> Hardware:
    """What a training will run on here.

    Raises:
        TrainerError: there are fewer GPUs than it asks for.
    """
    found = gpus() if options.device != "cpu" else ()
    wanted = options.n_gpus if options.device != "cpu" else 0
    if (options.device == "gpu" or wanted > 1) and len(found) < wanted:
        present = ", ".join(gpu.name for gpu in found) or "none"
        raise TrainerError(
            f"the training asks for {wanted} GPU{'s' if wanted > 1 else ''}; present: {present}",
            hint="run it on such a machine, or set sft.device to 'cpu' and sft.n_gpus to 1",
        )
    if found:
        return found[0]
    bf16 = options.precision == "bf16" or (options.precision == "auto" and computes_bf16())
    return cpu(options.n_threads, bf16=bf16)


def check_machine(model: str, options: SftOptions, folder: Path, load: Load | None = None) -> None:
    """Checks processors, memory and disk.

    Args:
        model: its folder, or its name on the hub.
        options: of the training.
        folder: on whose disk it will work; need not exist.
        load: what will be trained on, None where that is not known.

    Raises:
        TrainerError: something is missing; says what is needed and what is there.
    """
    hardware = hardware_for(options)
    shape = shape_of(model)
    if shape is None:
        return
    cost = estimate(shape, options, load or Load(1, 1, min(options.max_length, 1024)), hardware)
    _check_memory(cost, hardware)
    _check_disk(cost, folder)


def _check_memory(cost: Estimate, hardware: Hardware) -> None:
    if cost.memory_bytes <= hardware.memory_bytes:
        return
    where = f"each GPU ({hardware.name})" if hardware.kind == "gpu" else "this machine"
    raise TrainerError(
        f"the training needs about {decimal(cost.memory_bytes)}; {where} has "
        f"{decimal(hardware.memory_bytes)}",
        details=tuple(f"{name}: {decimal(n)}" for name, n in cost.parts.items() if n >= _MANY),
        hint="set gradient_checkpointing, method = 'lora', a lower micro_batch or max_length, or "
        "more GPUs",
    )


def _check_disk(cost: Estimate, folder: Path) -> None:
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if cost.disk_bytes > free:
        raise TrainerError(
            f"the training needs about {decimal(cost.disk_bytes)} on the disk of {place}; "
            f"{decimal(free)} are free",
            hint="free some space, or choose another place",
        )
