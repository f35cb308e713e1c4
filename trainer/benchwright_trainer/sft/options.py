"""What a recipe says about the student and its training.

Plain values with the paper's as defaults (LLM4Cov, section 4 and appendix B: one epoch a stage,
learning rate 1e-5 on a cosine with a warm-up of 0.03, AdamW, batches of 24, up to 40,960 tokens).
Ranges are checked when an object is made; whether a machine can do it is checked by `requirements`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["full", "lora"]
Precision = Literal["auto", "bf16", "f32"]
Schedule = Literal["cosine", "linear", "constant"]
Device = Literal["auto", "cpu", "gpu"]
Dialect = Literal["", "canonical"]
SCRATCH = "scratch"


def _check(options: Any, ranges: Iterable[tuple[str, bool, str]]) -> None:
    """Raises a ValueError for the first key whose condition does not hold."""
    for key, holds, legal in ranges:
        if not holds:
            raise ValueError(f"{key} is {getattr(options, key)!r}; legal: {legal}")


@dataclass(frozen=True, slots=True)
class SftOptions:
    """How a student is fine-tuned.

    Attributes:
        learning_rate: at its height.
        epochs: passes over the data, unless `max_steps` is given.
        max_steps: optimiser steps, None for as many as the epochs take.
        batch: samples in an optimiser step, over all GPUs.
        micro_batch: samples that go through the model at once on one GPU; divides `batch`. On a CPU
            they go one by one, which is faster than padding.
        max_length: tokens of a sample, prompt and answer, and at most the model's context; longer
            ones are left out and counted.
        warmup: share of the steps in which the learning rate rises.
        schedule: how it falls thereafter.
        weight_decay: of AdamW, on matrices only.
        clip: largest norm of the gradient.
        method: all weights, or low-rank adapters that are merged into the weights at the end.
        lora_rank: of the adapters; their scale is twice the rank.
        precision: of the arithmetic; weights that are trained are kept in f32. `auto` takes bf16
            where the processor computes in it.
        packing: several samples in one row of `max_length` tokens, kept apart by the attention; a
            batch then counts rows.
        gradient_checkpointing: compute activations twice rather than keep them.
        checkpoint_steps: a training that was interrupted goes on from the last of these.
        log_steps: between two lines of the log.
        device: `auto` takes a GPU if there is one.
        n_gpus: processes, one a GPU, with the weights sharded among them.
        n_workers: processes on a CPU that share a batch. For a small model two with a thread each
            are nearly twice as fast as one with two.
        n_threads: of the CPU, in each process; 0 for all cores, shared among the processes.
        seed: of the order of the samples, and of adapters.
    """

    learning_rate: float = 1e-5
    epochs: float = 1.0
    max_steps: int | None = None
    batch: int = 24
    micro_batch: int = 1
    max_length: int = 40_960
    warmup: float = 0.03
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    clip: float = 1.0
    method: Method = "full"
    lora_rank: int = 16
    precision: Precision = "auto"
    packing: bool = False
    gradient_checkpointing: bool = False
    checkpoint_steps: int = 100
    log_steps: int = 1
    device: Device = "auto"
    n_gpus: int = 1
    n_workers: int = 1
    n_threads: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        share = self.micro_batch * self.n_gpus
        _check(
            self,
            (
                ("learning_rate", 0 < self.learning_rate <= 1, "above 0, at most 1"),
                ("epochs", self.epochs > 0, "above 0"),
                ("max_steps", self.max_steps is None or self.max_steps > 0, "above 0, or none"),
                ("n_gpus", self.n_gpus > 0, "at least 1"),
                ("n_gpus", self.n_gpus == 1 or self.device != "cpu", "1 where device is 'cpu'"),
                ("n_workers", self.n_workers > 0 and self.batch % self.n_workers == 0,
                 f"a divisor of batch ({self.batch})"),
                ("micro_batch", self.micro_batch > 0, "at least 1"),
                ("batch", self.batch > 0 and self.batch % share == 0,
                 f"a multiple of micro_batch times n_gpus ({share})"),
                ("max_length", self.max_length > 1, "at least 2"),
                ("warmup", 0 <= self.warmup < 1, "from 0 to below 1"),
                ("weight_decay", 0 <= self.weight_decay < 1, "from 0 to below 1"),
                ("clip", self.clip > 0, "above 0"),
                ("lora_rank", self.lora_rank > 0, "at least 1"),
                ("checkpoint_steps", self.checkpoint_steps > 0, "at least 1"),
                ("log_steps", self.log_steps > 0, "at least 1"),
                ("n_threads", self.n_threads >= 0, "0 for one a core, or more"),
                ("seed", 0 <= self.seed < 2**32, "from 0 to 4294967295"),
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PretrainOptions(SftOptions):
    """How a student from scratch learns the language first, with loss on all tokens.

    Keys are those of `SftOptions`; the defaults are for some million weights.
    """

    learning_rate: float = 2e-3
    batch: int = 16
    micro_batch: int = 8
    max_length: int = 2048
    weight_decay: float = 0.05


@dataclass(frozen=True, slots=True)
class StudentOptions:
    """Which model is trained.

    The widths count for `scratch` only. K-quants store rows of 256 weights, so `d_model`, `d_ff`
    and `n_heads * head_dim` must be multiples of that.

    Attributes:
        init: `scratch`, else a model's folder or its name on the Hugging Face hub.
        dialect: `canonical` shows the student each design with its names replaced.
        vocab: tokens, the special and the added ones included.
        d_model: width of the residual stream.
        n_layers: blocks.
        n_heads: query heads.
        n_kv_heads: key and value heads.
        head_dim: width of a head.
        d_ff: width inside the feed-forward part.
        context: positions.
        rope_theta: base of the rotary embedding.
        seed: of the weights.
    """

    init: str = SCRATCH
    dialect: Dialect = ""
    vocab: int = 2048
    d_model: int = 256
    n_layers: int = 6
    n_heads: int = 4
    n_kv_heads: int = 2
    head_dim: int = 64
    d_ff: int = 768
    context: int = 4096
    rope_theta: float = 10_000.0
    seed: int = 1

    def __post_init__(self) -> None:
        heads = f"a divisor of n_heads ({self.n_heads})"
        _check(
            self,
            (
                ("init", bool(self.init.strip()), "'scratch', a folder, or a name of the hub"),
                ("vocab", 320 <= self.vocab <= 1 << 20, "320 to 1048576"),
                ("d_model", self.d_model > 0 and self.d_model % 256 == 0, "a multiple of 256"),
                ("d_ff", self.d_ff > 0 and self.d_ff % 256 == 0, "a multiple of 256"),
                ("n_layers", self.n_layers > 0, "at least 1"),
                ("head_dim", self.head_dim in (32, 64, 128, 256), "32, 64, 128 or 256"),
                ("n_heads", self.n_heads > 0 and self.n_heads * self.head_dim % 256 == 0,
                 f"n_heads times head_dim ({self.head_dim}) a multiple of 256"),
                ("n_kv_heads", self.n_kv_heads > 0 and self.n_heads % self.n_kv_heads == 0, heads),
                ("context", self.context >= 64, "at least 64"),
                ("rope_theta", self.rope_theta > 1, "above 1"),
                ("seed", 0 <= self.seed < 2**32, "from 0 to 4294967295"),
            ),
        )  # fmt: skip

    @property
    def from_scratch(self) -> bool:
        """Whether the student is made from nothing."""
        return self.init == SCRATCH
