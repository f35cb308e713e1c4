"""The model of an evaluation, before it is open."""

from __future__ import annotations

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
