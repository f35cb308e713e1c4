"""The model of an evaluation, before it is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.evaluation.source import ModelSource


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (ModelSource("/models/qwen3-4b.gguf", "http://localhost:1/v1"), "qwen3-4b.gguf"),
        (ModelSource("openai:/models/qwen3-4b.gguf"), "qwen3-4b.gguf"),
        (ModelSource("openai:Qwen/Qwen3-4B"), "Qwen/Qwen3-4B"),
    ],
)
def test_a_served_model_is_called_as_its_server_calls_it_without_folders(
    source: ModelSource, name: str
) -> None:
    assert source.name == name


def test_a_local_model_is_told_from_another_of_its_name(tmp_path: Path) -> None:
    from tests.tiny_model import tiny_gguf

    data = tiny_gguf().read_bytes()
    folders = {
        "same": data,
        "last": data[:-1] + bytes([data[-1] ^ 1]),
        "middle": data[: len(data) // 2] + b"other" + data[len(data) // 2 + 5 :],
        "longer": data + b"\0",
    }
    sources = {}
    for name, text in folders.items():
        path = tmp_path / name / "tiny.gguf"
        path.parent.mkdir()
        path.write_bytes(text)
        sources[name] = ModelSource(str(path))
    assert {source.name for source in sources.values()} == {"tiny"}
    assert sources["same"].digest == ModelSource(str(tiny_gguf())).digest
    assert len({source.digest for source in sources.values()}) == len(folders)


def test_nobody_knows_the_file_of_a_served_model() -> None:
    assert ModelSource("openai:qwen3-4b").digest is None
