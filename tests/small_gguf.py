"""A GGUF file that is whole and well-formed, made in milliseconds; no model to get words from."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from gguf import GGUFWriter

TOKENS = ["<unk>", "<s>", "</s>", "a", "b", "c"]


@cache
def small_gguf(n_values: int = 1 << 10) -> bytes:
    """The bytes of a file of the architecture qwen3 with so many weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.gguf"
        writer = GGUFWriter(path, "qwen3")
        writer.add_name("Small")
        writer.add_context_length(4096)
        writer.add_embedding_length(32)
        writer.add_feed_forward_length(64)
        writer.add_block_count(1)
        writer.add_head_count(2)
        writer.add_head_count_kv(1)
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(TOKENS)
        weights = np.random.default_rng(1).standard_normal(n_values).astype(np.float32)
        writer.add_tensor("token_embd.weight", weights.reshape(-1, 32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()
