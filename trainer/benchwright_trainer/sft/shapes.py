"""The shape of a student before it is loaded, for estimates."""

from __future__ import annotations

import re
from pathlib import Path

from benchwright_trainer.architecture import Architecture, read_architecture
from benchwright_trainer.sft.options import SCRATCH, StudentOptions
from benchwright_trainer.sft.student import architecture_of

_QWEN3 = {
    "0.6B": (28, 1024, 16, 3072),
    "1.7B": (28, 2048, 16, 6144),
    "4B": (36, 2560, 32, 9728),
    "8B": (36, 4096, 32, 12_288),
    "14B": (40, 5120, 40, 17_408),
    "32B": (64, 5120, 64, 25_600),
}
"""Size in the name -> layers, hidden, heads, feed-forward (the models' `config.json`)."""
_NAME = re.compile(r"(?:^|/)Qwen3-(\d+(?:\.\d+)?B)(?:-(?:Base|Instruct|Thinking)\b|-\d{4}|$)")


def shape_of(model: str, student: StudentOptions | None = None) -> Architecture | None:
    """The shape of a model.

    Args:
        model: `scratch`, a folder, or a name on the hub.
        student: of which `scratch` is made.

    Returns:
        None where it cannot be known without a download.

    Raises:
        TrainerError: a folder holds no model that can be exported.
    """
    if model == SCRATCH:
        return architecture_of(student) if student is not None else None
    if Path(model).is_dir():
        return read_architecture(Path(model))
    match = _NAME.search(model)
    if match is None or match[1] not in _QWEN3:
        return None
    layers, hidden, heads, ffn = _QWEN3[match[1]]
    return Architecture(
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=8,
        head_dim=128,
        ffn=ffn,
        vocab=151_936,
        context_tokens=262_144 if "2507" in model else 40_960,
        tied=hidden < 4096,
    )
