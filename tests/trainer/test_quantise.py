"""Quantised files run and say what they are; what cannot be quantised is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Request, Sampling
from benchwright_sim.errors import OutputError
from benchwright_trainer.architecture import tensor_specs
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.quantise import Quantisation, quantise
from tests import shaped_model
from tests.tiny_model import shaped_gguf, tiny_folder, tiny_gguf

SMALL = shaped_model.architecture(
    layers=2, hidden=256, heads=4, kv_heads=2, head_dim=64, ffn=256, vocab=1280
)


def types(path: Path) -> dict[str, str]:
    """Type of each tensor of a GGUF file."""
    import gguf

    return {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors}


def test_the_output_may_be_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tiny_gguf().resolve()
    monkeypatch.chdir(tmp_path)
    quantise(source, Path("out.gguf"), quantisation="Q8_0")
    assert read_gguf(tmp_path / "out.gguf").quantisation == "Q8_0"


@pytest.mark.parametrize("quantisation", ["Q8_0", "Q4_K_M"])
def test_a_quantised_model_is_smaller_and_answers(
    quantisation: Quantisation, tmp_path: Path
) -> None:
    out = quantise(tiny_gguf(), tmp_path / "out.gguf", quantisation=quantisation)
    assert read_gguf(out).quantisation == quantisation
    assert out.stat().st_size < tiny_gguf().stat().st_size / 3
    with LlamaCpp(out, context_tokens=512, threads=1) as model:
        request = Request((Message("user", "Write a testbench."),), Sampling(0, max_tokens=12))
        assert model.answer(request).text.startswith("```systemverilog\n")


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    one = quantise(tiny_gguf(), tmp_path / "one.gguf", threads=1)
    two = quantise(tiny_gguf(), tmp_path / "two.gguf", threads=2)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("tied", [True, False])
def test_random_models_have_the_types_that_the_quantiser_chooses(
    tied: bool, tmp_path: Path
) -> None:
    shape = replace(SMALL, layers=36, tied=tied)
    whole = tmp_path / "whole.gguf"
    shaped_model.write(whole, shape, "f16", tiny_folder())
    found = types(quantise(whole, tmp_path / "out.gguf"))
    expected = {
        spec.target: shaped_model.block_type(spec, shape, "Q4_K_M") for spec in tensor_specs(shape)
    }
    assert found == expected


@pytest.mark.parametrize("quantisation", ["Q4_K_M", "Q8_0", "f16"])
def test_a_random_model_answers(quantisation: shaped_model.Quantisation) -> None:
    path = shaped_gguf(
        layers=2, hidden=256, heads=4, kv_heads=2, head_dim=64, ffn=256, vocab=1280,
        quantisation=quantisation,
    )  # fmt: skip
    assert read_gguf(path).quantisation.lower() == quantisation.lower()
    with LlamaCpp(path, context_tokens=512, threads=1) as model:
        request = Request((Message("user", "Go on."),), Sampling(0, max_tokens=12))
        assert model.answer(request).new_tokens == 12


def truncated(folder: Path) -> Path:
    path = folder / "in.gguf"
    path.write_bytes(tiny_gguf().read_bytes()[:100_000])
    return path


def quantised(folder: Path) -> Path:
    return quantise(tiny_gguf(), folder / "in.gguf", quantisation="Q8_0")


def narrow(folder: Path) -> Path:
    path = folder / "in.gguf"
    shape = replace(SMALL, ffn=288)
    shaped_model.write(path, shape, "f16", tiny_folder())
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nowhere.gguf", "cannot be read"),
        (lambda _folder: tiny_folder() / "config.json", "not a GGUF file"),
        (truncated, "truncated"),
        (quantised, r"quantised already \(Q8_0\)"),
        (narrow, "rows of blk.0.ffn_down.weight have 288 weights, no multiple of 256"),
    ],
)
def test_what_cannot_be_quantised_is_named(make: Any, says: str, tmp_path: Path) -> None:
    source = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(TrainerError, match=says):
        quantise(source, tmp_path / "out.gguf")
    assert sorted(tmp_path.iterdir()) == before


def test_a_quantiser_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    """The header is whole and so is the size, but the last tensor's numbers are none."""
    import numpy as np

    path = tmp_path / "in.gguf"
    data = bytearray(tiny_gguf().read_bytes())
    data[-1024 * 64 :] = np.full(1024 * 16, np.nan, np.float32).tobytes()
    path.write_bytes(data)
    with pytest.raises(TrainerError, match="the quantiser failed") as caught:
        quantise(path, tmp_path / "out.gguf")
    assert caught.value.details
    assert not (tmp_path / "out.gguf").exists()


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        quantise(tiny_gguf(), out)
    assert out.read_text() == "mine"


def test_a_disk_without_room_is_found_out_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchwright_trainer.quantise._HEADER_BYTES", 1 << 60)
    with pytest.raises(OutputError, match="EB, but its disk has"):
        quantise(tiny_gguf(), tmp_path / "out.gguf")
