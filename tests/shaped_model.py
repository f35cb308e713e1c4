"""Qwen3 models of any shape with random weights, for tests and benchmarks of time and memory.

Weights are random *blocks* of the quantised format, written tensor by tensor, with scales that make
the values about as large as a trained model's: a file of the real size and mix of types in seconds,
without ever holding the model. The types are those that llama.cpp's quantiser chooses
(`llama_tensor_get_type` in its `llama-quant.cpp`), which a test compares. What such a model says is
noise, and it hardly ever ends by itself.

Source of the blocks' layouts: `ggml-common.h` of llama.cpp.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchwright_trainer.architecture import Architecture, TensorSpec, tensor_specs
from benchwright_trainer.export import About, open_writer
from benchwright_trainer.tokenizer import Token, Tokenizer, read_tokenizer, write_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Quantisation = Literal["Q4_K_M", "Q8_0", "f16"]
CONTEXT_TOKENS = 262_144
_SPREAD = 0.02
"""Standard deviation of the weights."""
_BLOCK_BYTES = {"F32": 4, "F16": 2, "Q8_0": 34, "Q4_K": 144, "Q6_K": 210}
_BLOCK_WEIGHTS = {"F32": 1, "F16": 1, "Q8_0": 32, "Q4_K": 256, "Q6_K": 256}


def architecture(
    *, layers: int, hidden: int, heads: int, kv_heads: int, head_dim: int, ffn: int, vocab: int
) -> Architecture:
    """As of Qwen3-4B-Instruct-2507, but for the sizes."""
    return Architecture(
        layers=layers, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=head_dim, ffn=ffn,
        vocab=vocab, context_tokens=CONTEXT_TOKENS, rope_theta=5_000_000.0,
    )  # fmt: skip


def write(
    path: Path, shape: Architecture, quantisation: Quantisation, tokenizer_folder: Path
) -> None:
    """Writes a model with the tokenizer of `tokenizer_folder`, its vocabulary filled up."""
    import gguf
    import numpy as np

    chance = np.random.default_rng(1)
    specs = tensor_specs(shape)
    writer = open_writer(path, shape, About(), "random")
    file_types = {
        "Q4_K_M": gguf.LlamaFileType.MOSTLY_Q4_K_M,
        "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
        "f16": gguf.LlamaFileType.MOSTLY_F16,
    }
    writer.add_file_type(file_types[quantisation])
    write_tokenizer(writer, filled(read_tokenizer(tokenizer_folder, shape.vocab)))
    types = {spec.target: block_type(spec, shape, quantisation) for spec in specs}
    for spec in specs:
        kind = types[spec.target]
        n_bytes = math.prod(spec.shape) // _BLOCK_WEIGHTS[kind] * _BLOCK_BYTES[kind]
        writer.add_tensor_info(
            spec.target, spec.shape, np.dtype(np.float32), n_bytes, gguf.GGMLQuantizationType[kind]
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for spec in specs:
        writer.write_tensor_data(_values(chance, math.prod(spec.shape), types[spec.target]))
    writer.close()


def filled(tokenizer: Tokenizer) -> Tokenizer:
    """Words in the places of unused tokens, so that a grammar has as many to look at as in life.

    No text is split into them, since no merges lead there. A third of them are numbers and a third
    end a string, so that an answer under a schema gets on.
    """
    forms = ("\u0120w{}", "{}7", 's{}",')
    tokens = tuple(
        Token(forms[number % 3].format(number)) if token.kind == "unused" else token
        for number, token in enumerate(tokenizer.tokens)
    )
    return replace(tokenizer, tokens=tokens)


def block_type(spec: TensorSpec, shape: Architecture, quantisation: Quantisation) -> str:
    """The type that llama.cpp's quantiser gives to a tensor, widths being multiples of 256."""
    if spec.is_norm:
        return "F32"
    if quantisation != "Q4_K_M":
        return quantisation.upper()
    name = spec.target
    is_output = name == ("token_embd.weight" if shape.tied else "output.weight")
    if is_output or (
        name.endswith(("attn_v.weight", "ffn_down.weight")) and _is_better(spec, shape)
    ):
        return "Q6_K"
    return "Q4_K"


def _is_better(spec: TensorSpec, shape: Architecture) -> bool:
    """Whether a layer gets more bits (`use_more_bits` of llama.cpp)."""
    layer, eighth = int(spec.target.split(".")[1]), shape.layers // 8
    return layer < eighth or layer >= 7 * shape.layers // 8 or (layer - eighth) % 3 == 2


def _values(chance: np.random.Generator, n_weights: int, kind: str) -> NDArray[Any]:
    """Random weights of a type: blocks with their scales, or plain numbers around 0 (norms: 1)."""
    import numpy as np

    if kind == "F32":
        return np.ones(n_weights, np.float32)
    if kind == "F16":
        return (chance.standard_normal(n_weights, np.float32) * _SPREAD).astype(np.float16)
    n_blocks = n_weights // _BLOCK_WEIGHTS[kind]
    blocks = chance.integers(0, 256, (n_blocks, _BLOCK_BYTES[kind]), np.uint8)
    for offset, scale in _SCALES[kind].items():
        blocks[:, offset : offset + 2] = np.array([scale], np.float16).view(np.uint8)
    return blocks.reshape(-1)


_SCALES = {
    "Q8_0": {0: _SPREAD / 74},
    "Q4_K": {0: _SPREAD / 258, 2: 7.5 * _SPREAD / 258},
    "Q6_K": {208: _SPREAD / 1366},
}
"""Where a block's factors lie and what they are: the bytes they multiply are uniform, with such
standard deviations; the second of Q4_K multiplies the offset that brings the mean to 0."""
