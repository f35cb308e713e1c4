"""A student from nothing: a small dense Qwen3 that the exporter and llama.cpp take as it is.

Initialisation follows Qwen3's but for the norms of queries and keys, which begin at 1.6: attention
of models of some million weights is too flat to copy names otherwise (measured; heads of 64 help
for the same reason).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchwright_sim.errors import OutputError
from benchwright_trainer.architecture import Architecture
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra
from benchwright_trainer.sft import vocabulary
from benchwright_trainer.sft.options import StudentOptions
from benchwright_trainer.tokenizer import read_tokenizer

QK_NORM = 1.6


def architecture_of(options: StudentOptions) -> Architecture:
    """The numbers of a student from scratch."""
    return Architecture(
        layers=options.n_layers,
        hidden=options.d_model,
        heads=options.n_heads,
        kv_heads=options.n_kv_heads,
        head_dim=options.head_dim,
        ffn=options.d_ff,
        vocab=options.vocab,
        context_tokens=options.context,
        rope_theta=options.rope_theta,
    )


def make_student(options: StudentOptions, tokenizer: Path, folder: Path) -> Architecture:
    """Writes a model with random weights to `folder`, as transformers' `save_pretrained` does.

    Args:
        options: its shape and seed; the same give the same bytes.
        tokenizer: folder with the tokenizer's files, which are copied.
        folder: of the model; may be `tokenizer`.

    Raises:
        TrainerError: the tokenizer does not fit, or `folder` holds a model already.
        OutputError: the folder cannot be written.
    """
    require_extra("torch", "transformers", "tokenizers", "safetensors")
    if not options.from_scratch:
        raise TrainerError(f"student.init is {options.init!r}: such a student is made already")
    if (folder / "config.json").exists():
        raise TrainerError(f"{folder} holds a model already", hint="name another folder")
    ends, pad = _special_ids(tokenizer, options.vocab)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in vocabulary.FILES:
            if folder.resolve() != tokenizer.resolve():
                shutil.copyfile(tokenizer / name, folder / name)
        _save(options, ends, pad, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
    return architecture_of(options)


def _special_ids(tokenizer: Path, vocab: int) -> tuple[tuple[int, ...], int]:
    """What ends an answer, with what pads last: a model may stop by either."""
    known = read_tokenizer(tokenizer, vocab)
    if known.pad is None:
        raise TrainerError(f"the tokenizer in {tokenizer} has no pad_token")
    return tuple(dict.fromkeys((*known.ends, known.pad))), known.pad


def _save(options: StudentOptions, ends: tuple[int, ...], pad: int, folder: Path) -> None:
    import torch  # noqa: PLC0415 - heavy, and an extra
    from transformers import Qwen3Config, Qwen3ForCausalLM  # noqa: PLC0415 - heavy, and an extra

    config = Qwen3Config(
        vocab_size=options.vocab,
        hidden_size=options.d_model,
        intermediate_size=options.d_ff,
        num_hidden_layers=options.n_layers,
        num_attention_heads=options.n_heads,
        num_key_value_heads=options.n_kv_heads,
        head_dim=options.head_dim,
        max_position_embeddings=options.context,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": options.rope_theta},
        bos_token_id=None,
        eos_token_id=ends[0],
        pad_token_id=pad,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.q_norm.weight.fill_(QK_NORM)
            layer.self_attn.k_norm.weight.fill_(QK_NORM)
    model.generation_config.eos_token_id = list(ends)
    model.save_pretrained(folder)
