"""Headers of GGUF files: what is read from a real one, and that no damaged one does harm."""

from __future__ import annotations

import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.model import ModelError
from tests.small_gguf import small_gguf
from tests.tiny_model import tiny_gguf

pytest.importorskip("gguf")


def test_a_real_model_is_described() -> None:
    info = read_gguf(tiny_gguf())
    assert (info.architecture, info.name, info.quantisation) == ("qwen3", "tiny", "F32")
    assert info.context_tokens == 40_960
    assert info.n_vocabulary == 1280
    assert info.chat
    assert info.file_bytes == tiny_gguf().stat().st_size
    assert 4 * info.parameters < info.file_bytes < 4 * info.parameters + (1 << 20)


def write(folder: Path, content: bytes) -> Path:
    """A file to read."""
    path = folder / "model.gguf"
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(ModelError) as caught:
        read_gguf(path)
    assert caught.value.location is not None
    assert caught.value.hint
    return str(caught.value)


def test_files_that_are_no_gguf_are_named_as_such(tmp_path: Path) -> None:
    assert "it starts with b'PK\\x03\\x04'" in refusal(write(tmp_path, b"PK\x03\x04 a zip file"))
    assert "it is empty" in refusal(write(tmp_path, b""))
    with pytest.raises(ModelError, match="No such file"):
        read_gguf(tmp_path / "missing.gguf")
    with pytest.raises(ModelError, match="Is a directory"):
        read_gguf(tmp_path)


@pytest.mark.parametrize(
    ("version", "said"),
    [(1, "version 1"), (4, "version 4"), (3 << 24, "big-endian")],
)
def test_other_versions_are_refused(tmp_path: Path, version: int, said: str) -> None:
    content = b"GGUF" + struct.pack("<I", version) + small_gguf()[8:]
    assert said in refusal(write(tmp_path, content))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = small_gguf()
    lengths = [*range(min(1200, len(content))), *range(1200, len(content), 97), len(content) - 1]
    for length in lengths:
        refusal(write(tmp_path, content[:length]))
    assert f"{len(content) - 1} bytes of {len(content)}" in refusal(tmp_path / "model.gguf")


def test_damaged_headers_end_in_an_answer_or_a_refusal(tmp_path: Path) -> None:
    content, chance = small_gguf(), random.Random(1)
    header_bytes = len(content) - 4096
    started = time.monotonic()
    refused = 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(4, header_bytes)] = chance.choice((0, 1, 127, 255))
        try:
            read_gguf(write(tmp_path, bytes(damaged)))
        except ModelError:
            refused += 1
    assert refused > 500
    assert time.monotonic() - started < 20


def keys(changes: Callable[[Any], None], folder: Path, architecture: str = "qwen3") -> Path:
    """A file of one tensor, with the keys that `changes` adds."""
    import numpy as np
    from gguf import GGUFWriter

    path = folder / "model.gguf"
    writer = GGUFWriter(path, architecture)
    writer.add_block_count(1)
    writer.add_context_length(4096)
    writer.add_embedding_length(64)
    changes(writer)
    writer.add_tensor("token_embd.weight", np.zeros((3, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def with_tokens(writer: Any) -> None:
    """The least that a tokenizer is."""
    writer.add_token_list(["a", "b", "c"])


@pytest.mark.parametrize("architecture", ["bert", "clip", "t5encoder", "whisper", "nomic-bert"])
def test_models_that_write_no_text_are_refused(tmp_path: Path, architecture: str) -> None:
    said = refusal(keys(with_tokens, tmp_path, architecture))
    assert "not a model that writes text" in said
    assert architecture in said


def test_parts_of_models_are_refused(tmp_path: Path) -> None:
    assert "without a tokenizer" in refusal(keys(lambda _writer: None, tmp_path))

    def adapter(writer: Any) -> None:
        writer.add_type("adapter")
        with_tokens(writer)

    assert "a file of type adapter" in refusal(keys(adapter, tmp_path))

    def part(writer: Any) -> None:
        writer.add_uint16("split.count", 3)
        with_tokens(writer)

    assert "one of 3 parts" in refusal(keys(part, tmp_path))


def test_values_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    def wrong(writer: Any) -> None:
        with_tokens(writer)
        writer.add_string("qwen3.attention.head_count", "many")

    assert "qwen3.attention.head_count is 'many'" in refusal(keys(wrong, tmp_path))


def test_lists_that_claim_to_be_huge_are_refused_at_once(tmp_path: Path) -> None:
    content = small_gguf()
    at = content.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
    started = time.monotonic()
    for n in (1 << 31, 1 << 62, (1 << 64) - 1):
        refusal(write(tmp_path, content[:at] + struct.pack("<Q", n) + content[at + 8 :]))
    assert time.monotonic() - started < 1


def test_texts_that_are_huge_together_are_refused(tmp_path: Path) -> None:
    path, n_bytes = tmp_path / "model.gguf", 4 << 20
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1000))
        for number in range(20):
            key = b"key%d" % number
            file.write(struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, n_bytes))
            file.seek(n_bytes, os.SEEK_CUR)
        file.truncate()
    assert "more than 67108864 bytes of text" in refusal(path)
