"""What a training costs in memory and time, before it runs.

Memory is counted tensor by tensor from the model's shape; time comes from the operations that the
shape asks for and a throughput, measured or from `hardware`. Good for a decision, not for a
benchmark: expect a quarter more or less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchwright_trainer.architecture import Architecture, n_parameters
from benchwright_trainer.sft.hardware import Hardware
from benchwright_trainer.sft.options import SftOptions

_F32, _BF16 = 4, 2
_FUSED_ROWS = 1 << 10
"""Positions of which the logits are in memory at once, where the loss is fused."""
_LOGIT_COPIES = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What goes through the model in an epoch; averages will do.

    Attributes:
        samples: rows.
        tokens: of them all, prompts included.
        longest: tokens of the longest row.
        learnt: share of the tokens that is learnt.
    """

    samples: int
    tokens: int
    longest: int
    learnt: float = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost.

    Attributes:
        memory_bytes: of each GPU, or of the machine.
        parts: name -> bytes of it.
        tokens: through the model in all.
        steps: of the optimiser.
        tokens_per_s: over all devices.
        seconds: of the training.
        gpu_hours: over all GPUs, 0 on a CPU.
        disk_bytes: of checkpoints, tokens and the model.
    """

    memory_bytes: int
    parts: dict[str, int]
    tokens: int
    steps: int
    tokens_per_s: float
    seconds: float
    gpu_hours: float
    disk_bytes: int


def estimate(
    shape: Architecture,
    options: SftOptions,
    load: Load,
    hardware: Hardware,
    *,
    tokens_per_s: float | None = None,
) -> Estimate:
    """The cost of a training.

    Args:
        shape: of the model.
        options: of the training.
        load: of one epoch.
        hardware: that it runs on; `options.n_gpus` of its GPUs are used.
        tokens_per_s: as measured over all devices, None for what the hardware promises.
    """
    n_devices = options.n_gpus if hardware.kind == "gpu" else hardware.n
    parts = _memory(shape, options, load, hardware)
    steps = options.max_steps or math.ceil(options.epochs * load.samples / options.batch)
    tokens = round(load.tokens / max(load.samples, 1) * options.batch * steps)
    if options.max_steps is None:
        tokens = round(load.tokens * options.epochs)
    if tokens_per_s is None:
        mean = load.tokens / max(load.samples, 1)
        tokens_per_s = hardware.flops * n_devices / _token_flops(shape, options, mean)
    seconds = tokens / tokens_per_s
    return Estimate(
        memory_bytes=sum(parts.values()),
        parts=parts,
        tokens=tokens,
        steps=steps,
        tokens_per_s=tokens_per_s,
        seconds=seconds,
        gpu_hours=seconds * n_devices / 3600 if hardware.kind == "gpu" else 0.0,
        disk_bytes=_disk(shape, options, load),
    )


def _memory(
    shape: Architecture, options: SftOptions, load: Load, hardware: Hardware
) -> dict[str, int]:
    on_gpu = hardware.kind == "gpu"
    bytes_each = _F32 if options.precision == "f32" else _BF16
    n_shards = options.n_gpus if on_gpu else 1
    weights, trained = n_parameters(shape), _trained(shape, options)
    kept = _BF16 if options.method == "lora" and on_gpu and bytes_each == _BF16 else _F32
    at_once = options.micro_batch if on_gpu else 1
    longest = options.max_length if options.packing else min(options.max_length, load.longest)
    in_flight = at_once * longest
    layer = in_flight * _layer_bytes(shape, bytes_each, longest, in_blocks=not on_gpu)
    residuals = in_flight * shape.hidden * _F32 * shape.layers
    rows = min(_FUSED_ROWS, in_flight) if on_gpu else math.ceil(in_flight * load.learnt)
    parts = {
        "weights": weights * kept // n_shards,
        "weights in use": _weights_in_use(shape, bytes_each, kept, n_shards),
        "gradients": trained * _F32 // n_shards,
        "optimiser": trained * 2 * _F32 // n_shards,
        "activations": residuals + layer
        if options.gradient_checkpointing
        else layer * shape.layers,
        "logits": rows * shape.vocab * _F32 * _LOGIT_COPIES,
        "libraries": hardware.reserve_bytes,
    }
    return {name: int(n_bytes) for name, n_bytes in parts.items()}


def _trained(shape: Architecture, options: SftOptions) -> int:
    """Weights that have gradients."""
    if options.method == "full":
        return n_parameters(shape)
    query, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    sides = 2 * (shape.hidden + query) + 2 * (shape.hidden + keys) + 3 * (shape.hidden + shape.ffn)
    return options.lora_rank * sides * shape.layers


def _weights_in_use(shape: Architecture, bytes_each: int, kept: int, n_shards: int) -> int:
    """Copies in the precision of the arithmetic: all that autocast keeps, or two gathered parts."""
    if n_shards > 1:
        block = n_parameters(shape) // shape.layers
        return 2 * block * bytes_each + shape.vocab * shape.hidden * bytes_each
    return n_parameters(shape) * bytes_each if bytes_each < kept else 0


def _layer_bytes(shape: Architecture, bytes_each: int, longest: int, *, in_blocks: bool) -> float:
    """Of one token in one block, what the way back needs: inputs of norms, products and gates."""
    query, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    numbers: float = 2 * shape.hidden + 3 * query + 2 * (query + 2 * keys) + 4 * shape.ffn
    if in_blocks:
        numbers += shape.heads * longest / 2
    in_f32 = 4 * shape.hidden + 2 * (query + keys)
    return numbers * bytes_each + in_f32 * _F32


def _token_flops(shape: Architecture, options: SftOptions, mean_tokens: float) -> float:
    """Forward once (twice with checkpointing) and backward, which is twice as much."""
    passes = 4 if options.gradient_checkpointing else 3
    if options.method == "lora":
        passes -= 1
    attention = 2 * shape.layers * shape.heads * shape.head_dim * mean_tokens
    return passes * (2 * n_parameters(shape) + attention)


def _disk(shape: Architecture, options: SftOptions, load: Load) -> int:
    """Three checkpoints while the newest is written, the model, and two numbers for each token."""
    checkpoint = _trained(shape, options) * 3 * _F32
    return 3 * checkpoint + n_parameters(shape) * _F32 + load.tokens * 8
