"""Samples as tokens: what the student is shown, and the answer alone to learn (LLM4Cov, section 4).

The prompt is tokenised as it will be in use, up to where the answer begins, and the answer apart
from it up to the token that ends it; so no token spans both, and trained tokens are generated ones.
A sample of more tokens than allowed is left out and counted: a testbench that was cut teaches to
stop too late, a design that was cut teaches to invent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from benchwright_agent.models.dialect.canonical import Canonical
from benchwright_agent.models.model import Message
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.options import Dialect

IGNORED = -100
"""The label of a token that is not learnt."""

_BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One sample; `n_prompt` of its tokens, the first ones, are not learnt."""

    tokens: tuple[int, ...]
    n_prompt: int

    @property
    def labels(self) -> list[int]:
        """The tokens, with `IGNORED` in place of the prompt's."""
        return [IGNORED] * self.n_prompt + list(self.tokens[self.n_prompt :])


@dataclass(frozen=True, slots=True)
class Encoded:
    """What became of samples.

    Attributes:
        rows: that are trained on.
        tokens: of them.
        learnt: tokens of them that are learnt.
        longest: tokens of the longest row.
        too_long: samples that were left out.
        longest_left_out: tokens of the longest of these, 0 for none.
    """

    rows: int = 0
    tokens: int = 0
    learnt: int = 0
    longest: int = 0
    too_long: int = 0
    longest_left_out: int = 0

    def plain(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


class Encoder(Protocol):
    """Anything to train on -> a row."""

    def __call__(self, sample: Any) -> Row: ...


class AnswerEncoder:
    """Rows of a data set (`prompt` and `completion`, chat messages) by the model's chat template.

    Args:
        tokenizer: of transformers, with a chat template.
        dialect: in which the student is shown the design, and answers.
    """

    def __init__(self, tokenizer: Any, dialect: Dialect = "") -> None:
        if not tokenizer.chat_template or tokenizer.eos_token is None:
            raise TrainerError("the model's tokenizer has no chat template, or no eos_token")
        self._tokenizer = tokenizer
        self._dialect = dialect

    def __call__(self, sample: Mapping[str, Any]) -> Row:
        prompt, answer = self._words(sample)
        shown = self._rendered(prompt, add_generation_prompt=True)
        whole = self._rendered([*prompt, {"role": "assistant", "content": answer}])
        end = whole.rfind(self._tokenizer.eos_token)
        if not whole.startswith(shown) or end < len(shown):
            raise TrainerError(
                "the chat template shows a prompt otherwise once it is answered, or does not end "
                f"the answer with {self._tokenizer.eos_token!r}",
                hint="take a model whose template does, such as Qwen3-4B-Instruct-2507",
            )
        learnt = whole[len(shown) : end + len(self._tokenizer.eos_token)]
        before, after = self._ids(shown), self._ids(learnt)
        return Row((*before, *after), len(before))

    def _words(self, sample: Mapping[str, Any]) -> tuple[list[dict[str, str]], str]:
        prompt = [{"role": m["role"], "content": m["content"]} for m in sample["prompt"]]
        answer = "".join(m["content"] for m in sample["completion"])
        if not self._dialect:
            return prompt, answer
        form = Canonical.of([Message(m["role"], m["content"]) for m in prompt])
        return [{"role": m.role, "content": m.content} for m in form.messages], form.to(answer)

    def _rendered(self, messages: Sequence[Mapping[str, str]], **options: bool) -> str:
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, **options))

    def _ids(self, text: str) -> Sequence[int]:
        ids: Sequence[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids


class TextEncoder:
    """Texts, or pairs of a prompt and an answer without a template, of which all is learnt."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __call__(self, sample: str | Sequence[str]) -> Row:
        text = sample if isinstance(sample, str) else "\n".join(sample)
        end = self._tokenizer.eos_token
        whole = text if text.endswith(end) else text + end
        return Row(tuple(self._tokenizer.encode(whole, add_special_tokens=False)), 0)


def encode(samples: Iterable[Any], encoder: Encoder, max_length: int, path: Path) -> Encoded:
    """Writes samples as rows of an Arrow file, which the trainer maps into memory.

    Args:
        samples: what the encoder takes.
        encoder: samples -> rows.
        max_length: tokens of a row.
        path: of the file; it appears whole or not at all.

    Raises:
        TrainerError: no sample is left to train on.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, and an extra

    tokens = pa.list_(pa.int32())
    schema = pa.schema([("input_ids", tokens), ("labels", tokens)])
    aside = path.with_name(f".{path.name}.part")
    count = Encoded()
    with pa.OSFile(str(aside), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for rows, left_out in _batches(map(encoder, samples), max_length):
            count = _counted(count, rows, left_out)
            columns = {"input_ids": [r.tokens for r in rows], "labels": [r.labels for r in rows]}
            stream.write_table(pa.table(columns, schema))
    if not count.rows:
        aside.unlink()
        raise TrainerError(
            f"none of {count.too_long} samples has at most {max_length} tokens"
            if count.too_long
            else "there is no sample to train on",
            hint=f"the longest has {count.longest_left_out} tokens: raise max_length"
            if count.too_long
            else "loosen the filter, or draw more traces",
        )
    aside.replace(path)
    return count


def _batches(rows: Iterable[Row], max_length: int) -> Iterator[tuple[list[Row], list[Row]]]:
    """Rows that are kept and rows that are too long, some at a time."""
    kept: list[Row] = []
    left_out: list[Row] = []
    for row in rows:
        (kept if len(row.tokens) <= max_length else left_out).append(row)
        if len(kept) + len(left_out) == _BATCH_ROWS:
            yield kept, left_out
            kept, left_out = [], []
    if kept or left_out:
        yield kept, left_out


def _counted(before: Encoded, rows: Sequence[Row], left_out: Sequence[Row]) -> Encoded:
    lengths = [len(row.tokens) for row in rows]
    return Encoded(
        rows=before.rows + len(rows),
        tokens=before.tokens + sum(lengths),
        learnt=before.learnt + sum(len(row.tokens) - row.n_prompt for row in rows),
        longest=max([before.longest, *lengths]),
        too_long=before.too_long + len(left_out),
        longest_left_out=max([before.longest_left_out, *(len(row.tokens) for row in left_out)]),
    )
