"""A learned tokenizer gives llama.cpp the tokens that transformers has."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.export import export
from benchwright_trainer.sft.vocabulary import CHAT_TEMPLATE, FILES, train_tokenizer
from tests.trainer.sft.students import ALIASES, SMALL, small_student, texts
from tests.trainer.test_parity import TRICKY, vocabulary


@cache
def tokenizer() -> Any:
    """Of the small student, as transformers loads it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small_student())


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(small_student(), tmp_path_factory.mktemp("student") / "student.gguf")


def test_llama_cpp_and_transformers_make_the_same_tokens(gguf: Path) -> None:
    tokenize = vocabulary(gguf)
    names = " ".join(ALIASES)
    more = (
        names,
        "assign Xaa[3:0] <= {Xab,Xac}; Xaa_tb MXaab XXaa Xzz Xa\nXad\tXaeXaf",
        "é\u0301 ﬁ",
    )
    for text in (*TRICKY, *texts(), *more):
        assert tokenize(text) == tokenizer().encode(text, add_special_tokens=False), text[:80]


def test_an_added_text_is_one_token_wherever_it_stands() -> None:
    for text in ALIASES:
        ids = tokenizer().encode(f"logic {text}, q{text};", add_special_tokens=False)
        tokens = tokenizer().convert_ids_to_tokens(ids)
        assert tokens.count(text) == 2
        assert tokenizer().decode(ids) == f"logic {text}, q{text};"


def test_merges_are_not_wasted_on_added_texts(tmp_path: Path) -> None:
    train_tokenizer(["Xaa Xaa Xaa always_ff always_ff"] * 50, SMALL, tmp_path, added=("Xaa",))
    from tokenizers import Tokenizer

    entries = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).get_vocab()
    assert {"Xa", "ĠXa", "aa"} & entries.keys() == set()
    assert "Ġalways" in entries


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_tokenizer(iter(texts()), SMALL, tmp_path / name, added=ALIASES)
    for file in FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_template_marks_the_answer_as_chatml() -> None:
    shown = tokenizer().apply_chat_template(
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], tokenize=False
    )
    assert shown == "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
    assert "{%- generation %}" in CHAT_TEMPLATE


def test_few_texts_give_fewer_tokens(tmp_path: Path) -> None:
    assert train_tokenizer(["a"], SMALL, tmp_path) == 256 + 3


@pytest.mark.parametrize(
    ("samples", "added", "vocab", "said"),
    [
        ([], (), 1024, "no text"),
        (["", ""], (), 1024, "no text"),
        (["a"], tuple(ALIASES), 320, "has no room"),
        (["a"], ("Xaa", "Xaa"), 1024, "twice"),
        (["a"], ("<|im_end|>",), 1024, "special"),
        (["a"], ("abc", "cde"), 1024, "'abc' and 'cde' overlap in 'c'"),
        (["a"], ("abc", "bc"), 1024, "overlap"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    samples: list[str], added: tuple[str, ...], vocab: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match=said):
        train_tokenizer(samples, replace(SMALL, vocab=vocab), tmp_path / "new", added=added)
    assert not (tmp_path / "new").exists()
