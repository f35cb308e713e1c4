"""Whether llama.cpp says of an exported model what transformers says of the folder it came from.

Greedy answers to some prompts are compared. llama.cpp keeps keys and values in fewer bits and adds
in another order, so that the two may part where two tokens are nearly equally likely; a model that
was damaged in its export parts where transformers is sure of the next token, and that is an error.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchwright_agent.models.model import Message, Request, Sampling
from benchwright_trainer.errors import TrainerError

if TYPE_CHECKING:
    from torch import Tensor

MAX_TOKENS = 48
QUESTIONS = (
    "Write a testbench.",
    "module fifo (",
    "always_ff @(posedge clk) begin",
    "What does `assign y = a & ~b;` do?",
    "repeat (10) @(negedge clk);",
    "Name three bins of a counter.",
    "initial begin rst = 1; #10 rst = 0; end",
    "1 2 3 4 5 6 7 8",
)
_SURE = 1.0
"""Between the logits of the likeliest token and the next, above which rounding changes nothing."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What the comparison found.

    Attributes:
        prompts: that were asked.
        equal: whose answers are the same to the end.
        tokens: of transformers' answers.
        agreed: of these, before the two part.
    """

    prompts: int
    equal: int
    tokens: int
    agreed: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """Token by token: the text, and whether the model was sure of it."""

    pieces: tuple[str, ...]
    sure: tuple[bool, ...]


def short_prompts(n: int) -> list[tuple[Message, ...]]:
    """At most `n` prompts that any model can be asked."""
    return [(Message("user", question),) for question in QUESTIONS[:n]]


def check_parity(folder: Path, gguf: Path, prompts: Sequence[Sequence[Message]]) -> Parity:
    """Compares a model's folder with the GGUF file that was made of it.

    Args:
        folder: as transformers saves a model, with its tokenizer.
        gguf: the exported file, not quantised.
        prompts: to ask, short ones; no answer is longer than `MAX_TOKENS`.

    Raises:
        TrainerError: an answer parts where transformers is sure of the token.
        ModelError: llama.cpp cannot run the file.
    """
    equal = agreed = tokens = 0
    for ours, theirs in zip(_transformers(folder, prompts), _llama(gguf, prompts), strict=True):
        n_same = _same_tokens(ours.pieces, theirs)
        tokens += len(ours.pieces)
        agreed += n_same
        if "".join(ours.pieces) == theirs:
            equal += 1
        elif n_same < len(ours.pieces) and ours.sure[n_same]:
            raise TrainerError(
                f"{gguf.name} answers otherwise than {folder}: token {n_same + 1} of an answer "
                "differs, of which transformers is sure",
                hint="do not use this file; please report it",
            )
    return Parity(len(prompts), equal, tokens, agreed)


def _same_tokens(pieces: Sequence[str], text: str) -> int:
    """How many tokens from the beginning the text has."""
    for n_same, piece in enumerate(pieces):
        if not text.startswith(piece):
            return n_same
        text = text.removeprefix(piece)
    return len(pieces)


def _transformers(folder: Path, prompts: Sequence[Sequence[Message]]) -> list[_Answer]:
    import torch  # noqa: PLC0415 - an extra, and slow to load
    from transformers import (  # noqa: PLC0415 - as above
        AutoModelForCausalLM,
        AutoTokenizer,
        logging,
    )

    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # has no types
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ends = {tokenizer.eos_token_id, *_listed(model.generation_config.eos_token_id)}
    answers = []
    for prompt in prompts:
        inputs = tokenizer.apply_chat_template(
            [{"role": message.role, "content": message.content} for message in prompt],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        with torch.no_grad():
            found = model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
                output_logits=True,
                return_dict_in_generate=True,
            )
        new = found.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        kept = new[:-1] if new[-1] in ends else new
        sure = tuple(_is_sure(logits) for logits in found.logits[: len(kept)])
        answers.append(_Answer(_pieces(tokenizer, kept), sure))
    return answers


def _pieces(tokenizer: Any, tokens: Sequence[int]) -> tuple[str, ...]:
    """What each token adds to the text; one may hold a part of a character, which adds nothing."""
    texts = [tokenizer.decode(tokens[: n + 1]).rstrip("\ufffd") for n in range(len(tokens))]
    return tuple(text[len(before) :] for before, text in zip(["", *texts], texts, strict=False))


def _listed(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]


def _is_sure(logits: Tensor) -> bool:
    first, second = logits[0].topk(2).values.tolist()
    return bool(first - second > _SURE)


def _llama(gguf: Path, prompts: Sequence[Sequence[Message]]) -> list[str]:
    from benchwright_agent.models.local.llamacpp import LlamaCpp  # noqa: PLC0415 - needs the extra

    sampling = Sampling(temperature=0, max_tokens=MAX_TOKENS)
    with LlamaCpp(gguf) as model:
        return [model.answer(Request(tuple(prompt), sampling)).text for prompt in prompts]
