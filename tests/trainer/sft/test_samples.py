"""What is learnt of a sample: the final answer and its end, and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.dialect.canonical import Canonical
from benchwright_agent.models.model import Message
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.samples import IGNORED, AnswerEncoder, Row, TextEncoder, encode
from tests.trainer.sft.students import small_student

DESIGN = 'Files:\n\n<file name="f.sv">\nmodule fifo(input clk, input push_i);\nendmodule\n</file>\n'


@cache
def tokenizer() -> Any:
    """Of the small student."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small_student())


def sample(answer: str = "the answer", *turns: tuple[str, str]) -> dict[str, Any]:
    """A row of a data set."""
    prompt = [{"role": role, "content": content} for role, content in turns or (("user", "q"),)]
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": answer}]}


def learnt(row: Row) -> str:
    """The text of the tokens with a label."""
    assert len(row.labels) == len(row.tokens)
    return str(tokenizer().decode([label for label in row.labels if label != IGNORED]))


def test_only_the_final_answer_is_learnt_and_where_it_ends() -> None:
    turns = (("system", "s"), ("user", "q"), ("assistant", "a bad draft"), ("user", "mend it"))
    row = AnswerEncoder(tokenizer())(sample("module tb;\nendmodule\n", *turns))
    assert learnt(row) == "module tb;\nendmodule\n<|im_end|>"
    shown = tokenizer().decode(row.tokens[: row.n_prompt])
    assert shown.startswith("<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n")
    assert shown.endswith("mend it<|im_end|>\n<|im_start|>assistant\n")


def test_the_prompt_has_the_tokens_that_it_has_in_use() -> None:
    row = AnswerEncoder(tokenizer())(sample("  indented"))
    used = tokenizer().apply_chat_template(
        sample()["prompt"], add_generation_prompt=True, return_dict=True
    )
    assert list(row.tokens[: row.n_prompt]) == used["input_ids"]


def test_the_dialect_is_that_of_the_running_model() -> None:
    answer = "initial begin clk = 0; push_i = 1; end"
    row = AnswerEncoder(tokenizer(), "canonical")(sample(answer, ("system", "s"), ("user", DESIGN)))
    form = Canonical.of([Message("system", "s"), Message("user", DESIGN)])
    assert learnt(row) == form.to(answer) + "<|im_end|>"
    assert "push_i" not in learnt(row)
    assert form.messages[0].content in tokenizer().decode(row.tokens[: row.n_prompt])


def test_texts_are_learnt_whole() -> None:
    encoder = TextEncoder(tokenizer())
    assert learnt(encoder("module a;")) == "module a;<|im_end|>"
    assert learnt(encoder(("what", "that<|im_end|>"))) == "what\nthat<|im_end|>"


def test_too_long_samples_are_left_out_and_counted_never_cut(tmp_path: Path) -> None:
    rows = [sample("short"), sample("long " * 200), sample("x"), sample("longer " * 400)]
    encoder = AnswerEncoder(tokenizer())
    lengths = [len(encoder(row).tokens) for row in rows]
    found = encode(rows, encoder, lengths[0], tmp_path / "rows.arrow")
    assert (found.rows, found.too_long) == (2, 2)
    assert (found.tokens, found.longest) == (lengths[0] + lengths[2], lengths[0])
    assert found.longest_left_out == lengths[3]
    from datasets import Dataset

    kept = Dataset.from_file(str(tmp_path / "rows.arrow"))
    assert kept["input_ids"][:] == [list(encoder(rows[n]).tokens) for n in (0, 2)]
    assert kept["labels"][:] == [encoder(rows[n]).labels for n in (0, 2)]


def test_nothing_left_to_train_on_is_an_error(tmp_path: Path) -> None:
    encoder = AnswerEncoder(tokenizer())
    with pytest.raises(TrainerError, match="none of 1 samples has at most 5 tokens") as error:
        encode([sample("a b c d e f")], encoder, 5, tmp_path / "rows.arrow")
    assert "raise max_length" in error.value.hint
    with pytest.raises(TrainerError, match="no sample"):
        encode([], encoder, 5, tmp_path / "rows.arrow")
    assert list(tmp_path.iterdir()) == []


def test_a_template_that_rewrites_the_prompt_is_refused() -> None:
    from transformers import AutoTokenizer

    odd = AutoTokenizer.from_pretrained(small_student())
    odd.chat_template = "{{ messages | length }}<|im_end|>"
    with pytest.raises(TrainerError, match="chat template"):
        AnswerEncoder(odd)(sample())
    odd.chat_template = None
    with pytest.raises(TrainerError, match="no chat template"):
        AnswerEncoder(odd)
