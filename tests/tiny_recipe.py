"""How the tests' small model is made: `python -m tests.tiny_recipe FOLDER`, some seconds.

A process of its own, since it sets torch's threads and random numbers. See `tiny_model`.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from benchwright_trainer.sft.vocabulary import CHAT_TEMPLATE, END, PAD, START
from benchwright_trainer.tokenizer import QWEN2_SPLIT

ROOT = Path(__file__).parents[1]
VOCAB = 1280
CONTEXT_TOKENS = 40_960
SPECIAL = (PAD, START, END)
_N_STEPS = 80
_N_ROWS = 8
_ROW_TOKENS = 128


def sources() -> list[Path]:
    """What the tokenizer and the weights are trained on."""
    return sorted(ROOT.glob("examples/*/*.sv"))


def make(folder: Path) -> None:
    """Trains tokenizer and model and saves both as transformers does."""
    import torch

    torch.manual_seed(1)
    torch.set_num_threads(1)  # more wait for each other where tests run side by side
    texts = [path.read_text("utf-8") for path in sources()]
    tokenizer = train_tokenizer(texts)
    tokenizer.save_pretrained(folder)  # before training, which leaves its truncation behind
    model = new_model()
    train(model, tokenizer, texts)
    model.save_pretrained(folder)


def train_tokenizer(texts: list[str]) -> Any:
    """Byte-level BPE that splits as Qwen2's does, with a chat template that marks answers."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=VOCAB - len(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in SPECIAL])
    wrapped: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # no types
        tokenizer_object=tokenizer, pad_token=SPECIAL[0], eos_token=SPECIAL[2]
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def new_model() -> Any:
    """Random weights; widths are multiples of 256, so that K-quants fit."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=VOCAB,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        bos_token_id=None,
        eos_token_id=VOCAB - 1,
        pad_token_id=VOCAB - len(SPECIAL),
    )
    model = Qwen3ForCausalLM(config)
    model.generation_config.eos_token_id = [VOCAB - 1, VOCAB - len(SPECIAL)]
    return model


def train(model: Any, tokenizer: Any, texts: list[str]) -> None:
    """A few steps on questions for some lines of an example, answered with these lines."""
    import torch

    chance = random.Random(1)
    lines = [text.splitlines() for text in texts]
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(_N_STEPS):
        optimiser.param_groups[0]["lr"] = 3e-3 * (1 - step / _N_STEPS)
        rows = [example(chance, lines) for _ in range(_N_ROWS)]
        batch = tokenizer.apply_chat_template(
            rows, padding=True, truncation=True, max_length=_ROW_TOKENS, return_tensors="pt",
            return_dict=True,
        )  # fmt: skip
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
        loss = model(**batch, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 20 == 0 or step == _N_STEPS - 1:
            sys.stderr.write(f"step {step}: loss {loss.item():.2f}\n")


def example(chance: random.Random, texts: list[list[str]]) -> list[dict[str, str]]:
    """One question and its answer."""
    lines = chance.choice(texts)
    start = chance.randrange(len(lines))
    asked = "\n".join(lines[start - 2 : start])
    answer = "\n".join(lines[start : start + chance.randint(1, 4)])
    return [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": f"```systemverilog\n{answer}\n```"},
    ]


if __name__ == "__main__":
    make(Path(sys.argv[1]))
