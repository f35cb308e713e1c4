"""The shape of a dense Qwen3 model: from `config.json`, to tensors and the keys of a GGUF file.

Only `Qwen3ForCausalLM` as it was published is understood: attention without biases and without
sliding windows, SwiGLU, rotary embeddings unscaled or scaled by YaRN. Whatever else a configuration
asks for is refused, since llama.cpp would compute something different without a word.

Sources: transformers' `modeling_qwen3.py` and `modeling_rope_utils.py`; llama.cpp's `docs` of GGUF
keys and its `convert_hf_to_gguf.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import JsonFile, read_json

if TYPE_CHECKING:
    from gguf import GGUFWriter

CLASS = "Qwen3ForCausalLM"
_YARN_KEYS = {"rope_type", "type", "rope_theta", "factor", "original_max_position_embeddings"}


@dataclass(frozen=True, slots=True)
class Yarn:
    """How rotary embeddings are stretched to more positions (arXiv 2309.00071)."""

    factor: float
    original_tokens: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """All numbers that fix a dense Qwen3 model but its weights.

    Attributes:
        layers: transformer blocks.
        hidden: width of the residual stream.
        heads: query heads.
        kv_heads: key and value heads; divides `heads`.
        head_dim: width of each head; `heads * head_dim` need not be `hidden`.
        ffn: width inside the feed-forward part.
        vocab: rows of the embedding.
        context_tokens: positions it was trained for.
        tied: the output layer is the embedding.
        rope_theta: base of the rotary frequencies.
        rms_epsilon: of the norms.
        yarn: scaling of positions, None for none.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    context_tokens: int
    tied: bool = True
    rope_theta: float = 1_000_000.0
    rms_epsilon: float = 1e-6
    yarn: Yarn | None = None


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that a model must have.

    Attributes:
        source: its name in the safetensors files.
        target: its name in a GGUF file.
        shape: rows first, as in torch.
    """

    source: str
    target: str
    shape: tuple[int, ...]

    @property
    def is_norm(self) -> bool:
        """Scales of a norm: a vector, which stays in full precision."""
        return len(self.shape) == 1


def read_architecture(folder: Path) -> Architecture:
    """Reads `config.json`.

    Raises:
        TrainerError: there is none, it is damaged, or it describes another kind of model.
    """
    path = folder / "config.json"
    if not path.exists() and (folder / "adapter_config.json").exists():
        raise TrainerError(
            f"{folder} holds an adapter, not a whole model",
            hint="merge it into its base model first (peft: merge_and_unload)",
        )
    config = read_json(path)
    _check_kind(config)
    heads, kv_heads = (config.count(f"num_{kind}_heads") for kind in ("attention", "key_value"))
    if heads % kv_heads:
        raise config.error(
            f"num_attention_heads ({heads}) is no multiple of num_key_value_heads ({kv_heads})"
        )
    hidden = config.count("hidden_size")
    context_tokens = config.count("max_position_embeddings")
    rope = _rope(config)
    return Architecture(
        layers=config.count("num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=config.count("head_dim", 128),
        ffn=config.count("intermediate_size"),
        vocab=config.count("vocab_size"),
        context_tokens=context_tokens,
        tied=bool(config.values.get("tie_word_embeddings")),
        rope_theta=rope.number("rope_theta"),
        rms_epsilon=config.number("rms_norm_eps", 1e-6),
        yarn=_yarn(rope, context_tokens),
    )


def _check_kind(config: JsonFile) -> None:
    names = config.values.get("architectures") or [config.values.get("model_type")]
    if names != [CLASS] or config.values.get("model_type") != "qwen3":
        raise config.error(
            f"the model is a {', '.join(map(str, names))}; only a {CLASS} can be exported",
            hint="take a dense Qwen3, such as Qwen3-4B-Instruct-2507, as the base model",
        )
    layer_types = set(config.values.get("layer_types") or ())
    for key, value, wanted in (
        ("hidden_act", config.values.get("hidden_act", "silu"), "silu"),
        ("attention_bias", bool(config.values.get("attention_bias")), False),
        ("use_sliding_window", bool(config.values.get("use_sliding_window")), False),
        ("layer_types", layer_types - {"full_attention"}, set()),
        ("quantization_config", config.values.get("quantization_config"), None),
    ):
        if value != wanted:
            raise config.error(f"{key} is {config.values[key]!r}, which cannot be exported")


def _rope(config: JsonFile) -> JsonFile:
    """The rotary embedding's object: `rope_parameters`, or before transformers 5 two keys."""
    rope = config.part("rope_parameters")
    if rope.values:
        return rope
    theta = config.values.get("rope_theta")
    return JsonFile(config.path, {"rope_theta": theta, **config.part("rope_scaling").values})


def _yarn(rope: JsonFile, context_tokens: int) -> Yarn | None:
    """The scaling; what llama.cpp sets by itself must not be set otherwise."""
    kind = rope.values.get("rope_type", rope.values.get("type", "default"))
    if kind == "default":
        return None
    if kind != "yarn":
        raise rope.error(
            f"rope_type is {kind!r}, which cannot be exported", hint="use none, or YaRN"
        )
    factor = rope.number("factor")
    fixed = {
        "attention_factor": 0.1 * math.log(max(factor, 1.0)) + 1.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
    }
    for key, value in rope.values.items():
        if value is None or key in _YARN_KEYS:
            continue
        if key not in fixed or not math.isclose(rope.number(key), fixed[key], rel_tol=1e-4):
            wanted = f"; llama.cpp always takes {fixed[key]:.4g}" if key in fixed else ""
            raise rope.error(f"YaRN's {key} is {value!r}, which cannot be exported{wanted}")
    return Yarn(factor, rope.count("original_max_position_embeddings", context_tokens))


def tensor_specs(architecture: Architecture) -> tuple[TensorSpec, ...]:
    """Every tensor, in the order of the file: embedding, blocks from first to last, output."""
    a = architecture
    q_width, kv_width = a.heads * a.head_dim, a.kv_heads * a.head_dim
    block = (
        ("input_layernorm", "attn_norm", (a.hidden,)),
        ("self_attn.q_proj", "attn_q", (q_width, a.hidden)),
        ("self_attn.q_norm", "attn_q_norm", (a.head_dim,)),
        ("self_attn.k_proj", "attn_k", (kv_width, a.hidden)),
        ("self_attn.k_norm", "attn_k_norm", (a.head_dim,)),
        ("self_attn.v_proj", "attn_v", (kv_width, a.hidden)),
        ("self_attn.o_proj", "attn_output", (a.hidden, q_width)),
        ("post_attention_layernorm", "ffn_norm", (a.hidden,)),
        ("mlp.gate_proj", "ffn_gate", (a.ffn, a.hidden)),
        ("mlp.up_proj", "ffn_up", (a.ffn, a.hidden)),
        ("mlp.down_proj", "ffn_down", (a.hidden, a.ffn)),
    )
    specs = [TensorSpec("model.embed_tokens.weight", "token_embd.weight", (a.vocab, a.hidden))]
    specs += [
        TensorSpec(f"model.layers.{layer}.{source}.weight", f"blk.{layer}.{target}.weight", shape)
        for layer in range(a.layers)
        for source, target, shape in block
    ]
    specs.append(TensorSpec("model.norm.weight", "output_norm.weight", (a.hidden,)))
    if not a.tied:
        specs.append(TensorSpec("lm_head.weight", "output.weight", (a.vocab, a.hidden)))
    return tuple(specs)


def n_parameters(architecture: Architecture) -> int:
    """Weights in all."""
    return sum(math.prod(spec.shape) for spec in tensor_specs(architecture))


def write_architecture(writer: GGUFWriter, architecture: Architecture) -> None:
    """Puts the numbers into a GGUF file's header."""
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is written

    a = architecture
    writer.add_block_count(a.layers)
    writer.add_context_length(a.context_tokens)
    writer.add_embedding_length(a.hidden)
    writer.add_feed_forward_length(a.ffn)
    writer.add_head_count(a.heads)
    writer.add_head_count_kv(a.kv_heads)
    writer.add_key_length(a.head_dim)
    writer.add_value_length(a.head_dim)
    writer.add_layer_norm_rms_eps(a.rms_epsilon)
    writer.add_rope_freq_base(a.rope_theta)
    if a.yarn is not None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(a.yarn.factor)
        writer.add_rope_scaling_orig_ctx_len(a.yarn.original_tokens)
