"""A tokenizer learned from the corpus: byte-level BPE that splits text as Qwen2's does.

Files are those of a Hugging Face folder. Nothing is normalised, so that llama.cpp, which never
normalises, makes the same tokens of any text. Added tokens are found wherever their text stands,
before anything is split, in transformers and in llama.cpp alike; so they should be texts that mean
nothing else, and none may begin inside another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchwright_sim.errors import OutputError
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra
from benchwright_trainer.sft.options import StudentOptions
from benchwright_trainer.tokenizer import QWEN2_SPLIT
from benchwright_trainer.whole_file import write_whole

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
CHAT_TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}{{- message.content + '<|im_end|>' }}{%- endgeneration %}{{- '\\n' }}
{%- else %}{{- message.content + '<|im_end|>\\n' }}{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""
_N_BYTES = 256


def train_tokenizer(
    texts: Iterable[str], options: StudentOptions, folder: Path, *, added: Sequence[str] = ()
) -> int:
    """Learns merges from texts and writes the tokenizer's files to `folder`.

    Args:
        texts: of the corpus, in an order that repeats.
        options: how many tokens, and for how long a context.
        folder: made if it is missing; its tokenizer is replaced.
        added: texts that shall be one token each, as the aliases of canonical names.

    Returns:
        Tokens in all, fewer than `options.vocab` where the texts have no more pairs.

    Raises:
        TrainerError: there are no texts, or more added tokens than the vocabulary has room for.
        OutputError: the folder cannot be written.
    """
    require_extra("tokenizers")
    special = (PAD, START, END)
    _check_added(added, special)
    room = options.vocab - len(special) - len(added)
    if room < _N_BYTES:
        raise TrainerError(
            f"a vocabulary of {options.vocab} has no room for {_N_BYTES} bytes, "
            f"{len(special)} special and {len(added)} added tokens",
            hint=f"set student.vocab to {_N_BYTES + len(special) + len(added)} or more",
        )
    tokenizer = _learned(_without(texts, (*special, *added)), room)
    from tokenizers import AddedToken  # noqa: PLC0415 - an extra, loaded where it is used

    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in added])
    _write(folder, tokenizer.to_str(pretty=True), options.context)
    return int(tokenizer.get_vocab_size())


def _check_added(added: Sequence[str], special: Sequence[str]) -> None:
    """Tokens that overlap could be found in one place by transformers, in another by llama.cpp."""
    if len({*added, *special}) < len(added) + len(special) or "" in added:
        raise TrainerError("an added token is empty, special, or given twice")
    tails = {text[at:]: text for text in added for at in range(1, len(text))}
    heads = {text[:end]: text for text in added for end in range(1, len(text) + 1)}
    for part in sorted(tails.keys() & heads.keys()):
        raise TrainerError(
            f"the added tokens {tails[part]!r} and {heads[part]!r} overlap in {part!r}",
            hint="take texts of which none begins inside another",
        )


def _without(texts: Iterable[str], tokens: Sequence[str]) -> Iterator[str]:
    """The parts of texts between whole tokens, from which alone merges are learned."""
    border = re.compile("|".join(map(re.escape, tokens)))
    for text in texts:
        yield from filter(None, border.split(text))


def _learned(texts: Iterator[str], n_tokens: int) -> Any:
    """A `tokenizers.Tokenizer` with merges."""
    from tokenizers import (  # noqa: PLC0415 - an extra, loaded where it is used
        Regex,
        Tokenizer,
        decoders,
        models,
        pre_tokenizers,
        trainers,
    )

    first = next(texts, None)
    if first is None:
        raise TrainerError(
            "there is no text to learn a tokenizer from",
            hint="give the corpus a source, or generated designs",
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=n_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_and_then(first, texts), trainer)
    return tokenizer


def _and_then(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _write(folder: Path, rules: str, context: int) -> None:
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
    }
    contents = (rules, json.dumps(config, indent=2), CHAT_TEMPLATE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in zip(FILES, contents, strict=True):
            write_whole(folder / name, content)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
