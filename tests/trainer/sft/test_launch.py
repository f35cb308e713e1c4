"""A training process sees what it asks for."""

from __future__ import annotations

import pytest

from benchwright_trainer.sft.launch import environment
from benchwright_trainer.sft.options import SftOptions

VISIBLE = "CUDA_VISIBLE_DEVICES"


@pytest.mark.parametrize(
    ("before", "seen"), [(None, "0"), ("3,1", "3"), ("GPU-8932f937", "GPU-8932f937"), ("", "")]
)
def test_one_gpu_is_the_first_that_is_visible(
    before: str | None, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VISIBLE, before)
    assert environment(SftOptions())[VISIBLE] == seen
    assert environment(SftOptions(n_gpus=2, batch=24)).get(VISIBLE) == before
    assert environment(SftOptions(device="cpu")).get(VISIBLE) == before
