"""Counting tokens: by a tokenizer's file, or about."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from benchwright_agent.models.model import Message
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.tokens import (
    PER_MESSAGE,
    FileTokenizer,
    MessageCounter,
    estimate_tokens,
)

TEXT = "module counter (input logic clk);\nendmodule\n"


def test_an_estimate_grows_with_the_text() -> None:
    assert estimate_tokens("") == 0
    assert len(TEXT) / 4 <= estimate_tokens(TEXT) <= len(TEXT) / 2
    assert estimate_tokens("\ud800") == 1


def test_a_prompt_has_the_tokens_of_its_messages() -> None:
    counter = MessageCounter(len)
    assert counter.count((Message("system", "ab"), Message("user", "c"))) == 3 + 2 * PER_MESSAGE


def test_a_tokenizer_is_read_from_its_file_and_travels(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = {"module": 0, "counter": 1, "?": 2}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    count = pickle.loads(pickle.dumps(FileTokenizer(tmp_path / "tokenizer.json")))  # noqa: S301 - our own
    assert count("module counter module") == 3


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_file_that_is_no_tokenizer_is_said(tmp_path: Path, content: str | None) -> None:
    pytest.importorskip("tokenizers")
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrainerError, match="no tokenizer"):
        FileTokenizer(path)(TEXT)
