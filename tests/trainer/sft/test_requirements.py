"""What a training costs, and what is said where the machine lacks it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_trainer.architecture import n_parameters
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft import requirements
from benchwright_trainer.sft.estimate import Estimate, Load, estimate
from benchwright_trainer.sft.hardware import Hardware, cpu, gpus_named
from benchwright_trainer.sft.options import SftOptions, StudentOptions
from benchwright_trainer.sft.requirements import check_machine
from benchwright_trainer.sft.shapes import shape_of
from tests.trainer.sft.students import SMALL, small_student

QWEN = "Qwen/Qwen3-4B-Instruct-2507"
GIB = 2**30
PAPER = SftOptions(gradient_checkpointing=True, precision="bf16")
LOAD = Load(samples=57_000, tokens=57_000 * 8_000, longest=40_960)


def cost(options: SftOptions, hardware: Hardware) -> Estimate:
    """Of the paper's model and data."""
    shape = shape_of(QWEN)
    assert shape is not None
    return estimate(shape, options, LOAD, hardware)


def test_shapes_are_known_without_a_download() -> None:
    shape = shape_of(QWEN)
    assert shape is not None
    assert n_parameters(shape) == 4_022_468_096
    small = shape_of("Qwen/Qwen3-0.6B-Base")
    assert small is not None
    assert n_parameters(small) == 596_049_920
    assert shape_of("Qwen/Qwen3-30B-A3B-Instruct-2507") is None
    assert shape_of("someone/else") is None
    assert shape_of("scratch", SMALL) == shape_of(str(small_student()))


def test_the_paper_s_training_fits_where_it_ran() -> None:
    one = cost(PAPER, gpus_named("NVIDIA A100-SXM4", 80))
    assert one.memory_bytes > 80 * GIB
    eight = cost(replace(PAPER, n_gpus=8), gpus_named("NVIDIA A100-SXM4", 80))
    assert eight.memory_bytes < 60 * GIB
    assert 20 < eight.gpu_hours < 100  # 72 in the paper, of which the lengths are not known
    assert eight.steps == 2375
    assert cost(PAPER, gpus_named("NVIDIA H200", 139)).memory_bytes < 139 * GIB


def test_each_way_to_save_memory_saves_it() -> None:
    gpu = gpus_named("NVIDIA A100-SXM4", 80)
    most = cost(replace(PAPER, gradient_checkpointing=False), gpu).memory_bytes
    assert most > 2 * cost(PAPER, gpu).memory_bytes
    assert cost(replace(PAPER, method="lora"), gpu).memory_bytes < 60 * GIB
    assert cost(replace(PAPER, max_length=8192), gpu).memory_bytes < cost(PAPER, gpu).memory_bytes


def test_a_measured_throughput_is_taken() -> None:
    shape = shape_of("scratch", StudentOptions())
    assert shape is not None
    found = estimate(
        shape, SftOptions(batch=32, epochs=2.0), Load(640, 64_000, 200), cpu(2), tokens_per_s=1000.0
    )
    assert (found.tokens, found.steps, found.seconds, found.gpu_hours) == (128_000, 40, 128.0, 0.0)


def test_missing_gpus_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="asks for 99 GPUs; present: "):
        check_machine(QWEN, SftOptions(n_gpus=99, batch=99), tmp_path)


def test_missing_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Hardware("cpu", "2 threads", 2, 8 * GIB, 1e9)
    monkeypatch.setattr(requirements, "hardware_for", lambda _: small)
    with pytest.raises(
        TrainerError, match=r"needs about \d+\.\d GB; this machine has 8\.\d GB"
    ) as error:
        check_machine(QWEN, SftOptions(device="cpu"), tmp_path)
    assert any(line.startswith("optimiser: ") for line in error.value.details)
    check_machine(str(small_student()), SftOptions(device="cpu"), tmp_path)


def test_missing_disk_is_named(tmp_path: Path) -> None:
    load = Load(10**9, 10**15, 100)
    with pytest.raises(TrainerError, match="on the disk of"):
        check_machine(str(small_student()), SftOptions(device="cpu"), tmp_path / "new", load)
    assert not (tmp_path / "new").exists()
