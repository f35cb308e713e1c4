"""Students from nothing: their size, their seed, and what llama.cpp makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_trainer.architecture import n_parameters
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.options import StudentOptions
from benchwright_trainer.sft.student import QK_NORM, architecture_of, make_student
from tests.trainer.model_folders import tensors
from tests.trainer.sft.students import SMALL, small_student


def test_it_has_the_weights_that_were_announced() -> None:
    weights, announced = tensors(small_student()), n_parameters(architecture_of(SMALL))
    assert sum(value.numel() for value in weights.values()) == announced
    norms = [
        value
        for name, value in weights.items()
        if name.endswith(("q_norm.weight", "k_norm.weight"))
    ]
    assert norms
    assert all((value == QK_NORM).all() for value in norms)


def test_the_seed_decides(tmp_path: Path) -> None:
    folders = {seed: tmp_path / f"{seed}-{n}" for n, seed in enumerate((1, 2))}
    for seed, folder in folders.items():
        make_student(replace(SMALL, seed=seed), small_student(), folder)
    first, other = (folder / "model.safetensors" for folder in folders.values())
    assert first.read_bytes() == (small_student() / "model.safetensors").read_bytes()
    assert first.read_bytes() != other.read_bytes()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="holds a model already"):
        make_student(SMALL, small_student(), small_student())
    with pytest.raises(TrainerError, match="made already"):
        make_student(StudentOptions(init="Qwen/Qwen3-4B"), small_student(), tmp_path)
    with pytest.raises(TrainerError, match="its ids go up to"):
        make_student(replace(SMALL, vocab=512), small_student(), tmp_path / "narrow")
    assert not (tmp_path / "narrow").exists()
