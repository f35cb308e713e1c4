"""Fewer samples of short designs, so that they do not crowd out the long ones.

LLM4Cov, section 3.4: of designs of at most 1k tokens stage 0 keeps one third of the direct and one
half of the agentic samples. Which ones is drawn by a hash of the seed and the sample's key: it
depends neither on the order of samples nor on the others of its design.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchwright_trainer.rollouts.trace import Trace


@dataclass(frozen=True, slots=True)
class BalanceOptions:
    """How many samples of short designs are kept.

    Attributes:
        short_tokens: that a short design has at most.
        keep_direct: share of short direct samples, 1 for all.
        keep_agentic: share of short agentic samples, 1 for all.
    """

    short_tokens: int = 1000
    keep_direct: float = 1 / 3
    keep_agentic: float = 1 / 2

    def __post_init__(self) -> None:
        if self.short_tokens < 0:
            raise ValueError(f"short_tokens is {self.short_tokens}; legal: 0 and above")
        for name in ("keep_direct", "keep_agentic"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; legal: 0 to 1")


def rebalance(traces: Sequence[Trace], options: BalanceOptions, seed: int) -> tuple[Trace, ...]:
    """Leaves samples of short designs out, direct and agentic ones; keeps all of other kinds.

    Args:
        traces: with distinct keys.
        options: see there.
        seed: of the draw.

    Returns:
        The others in their order. Of n short samples of a kind the share of n is kept, rounded to
        the nearest number, halves up.
    """
    dropped = _dropped(traces, "direct", options.keep_direct, options.short_tokens, seed)
    dropped |= _dropped(traces, "agentic", options.keep_agentic, options.short_tokens, seed)
    return tuple(trace for trace in traces if trace.key not in dropped)


def _dropped(
    traces: Sequence[Trace], kind: str, share: float, short_tokens: int, seed: int
) -> set[str]:
    short = [t.key for t in traces if t.kind == kind and t.design_tokens <= short_tokens]
    # A share such as 1/3 is meant as written, not as the float that is nearest to it.
    n_kept = math.floor(len(short) * Fraction(share).limit_denominator(10_000) + Fraction(1, 2))
    return set(sorted(short, key=lambda key: _draw(seed, key))[n_kept:])


def _draw(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode("utf-8", "surrogatepass")).digest()
