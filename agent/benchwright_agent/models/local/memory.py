"""Memory that a local model needs, against what this machine has left, before anything is loaded.

A model that does not fit makes the machine swap, or its processes be killed: so it is refused
first, with both figures. The estimate counts the whole file (mapped, not copied), the attention's
keys and values, the buffers of one step, and the interpreter around it. Measured against the
resident set of the child process, for models of 1 million to 4 billion parameters, it is 3 to 60 %
too high, the less the larger the model. A graphics card's own memory is not looked at.
"""

from __future__ import annotations

from pathlib import Path

from benchwright_agent.models.local.gguf_file import GgufInfo
from benchwright_agent.models.model import ModelError
from benchwright_sim.errors import Location

BATCH_TOKENS = 128
"""Tokens of a prompt that are computed in one step.

More is hardly faster on a processor, needs more memory, and would keep a cancel waiting.
"""

_FAST_TOKENS = 8192
_F16_BITS = 16
_Q8_0_BITS = 8.5
_PROCESS_BYTES = 64 << 20
_TOKEN_BYTES = 512
_LEAST_TOKENS = 4096
_ROOT = Path("/sys/fs/cgroup")


def is_packed(info: GgufInfo, n_tokens: int, context_tokens: int) -> bool:
    """Whether a context of n tokens, where at most `context_tokens` are allowed, is kept in 8 bits.

    Attention over 16 bits reads a prompt of 3,000 tokens three times as fast on a processor, where
    llama.cpp unpacks the 8 bits one by one. So they are taken only for contexts for which 16 bits
    would need more memory than the largest allowed one needs in 8.
    """
    return info.kv_8bit and n_tokens > max(_FAST_TOKENS, context_tokens // 2)


def context_bytes(info: GgufInfo, n_tokens: int, context_tokens: int) -> int:
    """Bytes of a context of n tokens and of the buffers of one step, see `is_packed`."""
    packed = is_packed(info, n_tokens, context_tokens)
    kv_bytes = n_tokens * info.kv_values * (_Q8_0_BITS if packed else _F16_BITS) / 8
    scores = n_tokens * (1 if packed else info.n_heads)  # flash attention keeps none
    widths = 8 * info.embedding + 4 * info.feed_forward
    return int(kv_bytes) + 4 * (BATCH_TOKENS * (widths + scores) + 8 * info.n_vocabulary)


def needed_bytes(info: GgufInfo, context_tokens: int) -> int:
    """Bytes that a model needs to answer within a context of so many tokens, or of fewer."""
    fast_tokens = min(context_tokens, max(_FAST_TOKENS, context_tokens // 2))
    largest = max(context_bytes(info, n, context_tokens) for n in (fast_tokens, context_tokens))
    return info.file_bytes + largest + info.n_vocabulary * _TOKEN_BYTES + _PROCESS_BYTES


def available_bytes() -> int:
    """Memory that can be had without swapping, the limits of this process's cgroups considered."""
    import psutil  # noqa: PLC0415 - only when a model is about to be loaded

    return min([int(psutil.virtual_memory().available), *_cgroup_bytes()])


def check_memory(info: GgufInfo, context_tokens: int, available: int | None = None) -> None:
    """Refuses a model that does not fit.

    Args:
        info: the model.
        context_tokens: prompt and answer together.
        available: bytes; None looks.

    Raises:
        ModelError: it needs more than there is, with both figures.
    """
    have = available_bytes() if available is None else available
    need = needed_bytes(info, context_tokens)
    if need <= have:
        return
    raise ModelError(
        f"not enough memory for {info.path.name} with a context of {context_tokens} tokens: "
        f"it needs {_gib(need)}, {_gib(have)} is available",
        location=Location(info.path),
        hint=_advice(info, context_tokens, have),
    )


def _advice(info: GgufInfo, context_tokens: int, have: int) -> str:
    smaller = range(context_tokens // 1024 * 1024, _LEAST_TOKENS - 1, -1024)
    for fits in smaller:
        if needed_bytes(info, fits) <= have:
            return f"ask for a smaller context, {fits} tokens fit; or close other programs"
    return (
        f"take a smaller model or a smaller quantisation (this one is {info.quantisation}, "
        f"{_gib(info.file_bytes)}), or close other programs"
    )


def _gib(n_bytes: int) -> str:
    return f"{max(0, n_bytes) / (1 << 30):.1f} GiB"


def _cgroup_bytes() -> list[int]:
    """What is left under each limit above this process: version 2 of cgroups, else version 1."""
    try:
        lines = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:  # no Linux
        return []
    own = next((line[3:] for line in lines if line.startswith("0::")), "/").strip("/")
    folders = [_ROOT / own, *(p for p in (_ROOT / own).parents if p.is_relative_to(_ROOT))]
    left = [_left(folder / "memory.max", folder / "memory.current", folder) for folder in folders]
    old = _ROOT / "memory"
    left.append(_left(old / "memory.limit_in_bytes", old / "memory.usage_in_bytes", old))
    return [n_bytes for n_bytes in left if n_bytes is not None]


def _left(limit: Path, usage: Path, folder: Path) -> int | None:
    """Bytes left under one limit; what files cache is given back when needed."""
    try:
        bound, used = int(limit.read_text("utf-8")), int(usage.read_text("utf-8"))
        stat = (folder / "memory.stat").read_text("utf-8").split()
    except (OSError, ValueError):  # no such controller, or the limit is `max`
        return None
    counts = dict(zip(stat[::2], stat[1::2], strict=False))
    cached = int(counts.get("inactive_file", 0)) + int(counts.get("active_file", 0))
    return max(0, bound - used + cached)
