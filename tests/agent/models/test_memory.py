"""Estimates of a model's memory against what its process really uses, and refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchwright_agent.models.local import memory
from benchwright_agent.models.local.gguf_file import GgufInfo, read_gguf
from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.local.memory import (
    available_bytes,
    check_memory,
    context_bytes,
    is_packed,
    needed_bytes,
)
from benchwright_agent.models.model import Message, ModelError, Request, Sampling
from tests.agent.models.local import children
from tests.tiny_model import shaped_gguf, tiny_gguf

pytest.importorskip("llama_cpp")

QWEN3_4B = GgufInfo(
    path=Path("Qwen3-4B-Instruct-2507-Q4_K_M.gguf"),
    architecture="qwen3",
    name="Qwen3 4B Instruct 2507",
    parameters=4_022_468_096,
    context_tokens=262_144,
    n_layers=36,
    n_heads=32,
    embedding=2560,
    feed_forward=9728,
    n_vocabulary=151_936,
    kv_values=73_728,
    kv_8bit=True,
    file_bytes=2_494_339_360,
    quantisation="Q4_K_M",
    chat=True,
)
MIB = 1 << 20


@pytest.mark.parametrize("context_tokens", [4096, 30_000])
@pytest.mark.parametrize("size", ["tiny", "larger"])
def test_the_estimate_holds_for_what_the_process_uses(size: str, context_tokens: int) -> None:
    path = (
        tiny_gguf()
        if size == "tiny"
        else shaped_gguf(
            layers=8, hidden=512, heads=8, kv_heads=4, head_dim=64, ffn=1536, vocab=32_000
        )
    )
    with LlamaCpp(path, context_tokens=context_tokens, threads=1) as model:
        prompt = (Message("user", "module fifo; " * 100),)
        n = model.count(prompt)
        sampling = Sampling(max_tokens=model.context_tokens - n, timeout_s=1.5)
        model.answer(Request(prompt, sampling))
        (child,) = children()
        used = child.memory_info().rss
    estimate = needed_bytes(read_gguf(path), context_tokens)
    assert used < estimate < 1.5 * used + 20 * MIB


def test_measured_figures_of_a_4b_model_are_met() -> None:
    """Its resident set, measured with random weights of this shape."""
    for context_tokens, measured_mib in ((4096, 3050), (40_960, 5536)):
        assert 1 < needed_bytes(QWEN3_4B, context_tokens) / MIB / measured_mib < 1.1


def test_a_larger_context_never_needs_less() -> None:
    needs = [needed_bytes(QWEN3_4B, n) for n in range(1024, 40_961, 1024)]
    assert needs == sorted(needs)


def test_8_bits_are_taken_where_16_would_need_more_memory() -> None:
    assert not is_packed(QWEN3_4B, 20_480, 40_960)
    assert is_packed(QWEN3_4B, 20_481, 40_960)
    assert not is_packed(QWEN3_4B, 8192, 8192)
    assert not is_packed(replace(QWEN3_4B, kv_8bit=False), 40_960, 40_960)
    halves = [context_bytes(QWEN3_4B, n, 40_960) for n in (20_480, 40_960)]
    assert 0.9 < halves[0] / halves[1] < 1.1


def test_a_model_that_does_not_fit_is_refused_with_both_figures() -> None:
    check_memory(QWEN3_4B, 40_960, 6 << 30)
    with pytest.raises(ModelError) as caught:
        check_memory(QWEN3_4B, 40_960, 5 << 30)
    said = str(caught.value)
    assert "needs 5.6 GiB, 5.0 GiB is available" in said
    fits = re.search(r"smaller context, (\d+) tokens fit", said)
    assert fits is not None
    check_memory(QWEN3_4B, int(fits[1]), 5 << 30)
    with pytest.raises(ModelError, match=r"smaller quantisation \(this one is Q4_K_M, 2\.3 GiB\)"):
        check_memory(QWEN3_4B, 40_960, 2 << 30)


def test_the_bound_holds_before_anything_is_started() -> None:
    with pytest.raises(ModelError, match=r"not enough memory for tiny\.gguf"):
        LlamaCpp(tiny_gguf(), memory_bytes=10 << 20)
    assert children() == []


def test_limits_of_control_groups_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = available_bytes()
    assert 0 < free <= psutil.virtual_memory().total
    monkeypatch.setattr(memory, "_ROOT", tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert abs(available_bytes() - free) < 1 << 30
    (tmp_path / "memory.max").write_text(f"{300 * MIB}\n")
    (tmp_path / "memory.current").write_text(f"{200 * MIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {50 * MIB}\nactive_file 0\n")
    assert available_bytes() == 150 * MIB
