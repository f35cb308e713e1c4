"""Which drafts become the states that transitions start from (LLM4Cov, section 3.3 and figure 5).

Worst-state selection takes up to three drafts of a design: one that fails in simulation, if any,
as a state to recover from; the worst one that runs; and the median of those that run, where it is
better than the worst by more than a gap. Where all fail, only one of them. The other strategies
exist to compare with: of the same drafts they take as many.

A draft that covers everything is no state, since nothing can be gained from it. The median is the
lower one of the distinct scores, as in the authors' published scripts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from benchwright_trainer.rollouts.trace import Judged

Strategy = Literal["worst", "uniform", "median", "best"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """How states are selected.

    Attributes:
        strategy: `worst` is the paper's, the others are for its ablation.
        gap: of coverage, above which the median is a state beside the worst.
        n_states: that are selected of a design at most.
    """

    strategy: Strategy = "worst"
    gap: float = 0.1
    n_states: int = 3

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy is {self.strategy!r}; legal: {', '.join(STRATEGIES)}")
        if not 0 <= self.gap <= 1:
            raise ValueError(f"gap is {self.gap}; legal: 0 to 1")
        if not 1 <= self.n_states <= 3:
            raise ValueError(f"n_states is {self.n_states}; legal: 1 to 3")


def select_states(
    drafts: Sequence[Judged], options: SelectionOptions, *, seed: int
) -> tuple[int, ...]:
    """Indices of the drafts of one design that become states, the first choice first.

    Args:
        drafts: of one design, as they were drawn.
        options: see there.
        seed: of the uniform strategy's draw; the others depend on the drafts alone.

    Returns:
        Distinct indices, at most `options.n_states`, whatever the strategy as many as the worst
        states would be; none where every draft covers everything.
    """
    worst = _worst(drafts, Fraction(str(options.gap)))[: options.n_states]
    if options.strategy == "worst":
        return worst
    ordered = _ordered(drafts, options.strategy, seed)
    first_of = {drafts[i].text: i for i in reversed(ordered)}
    distinct = [i for i in ordered if first_of[drafts[i].text] == i]
    return tuple(distinct[: len(worst)])


def _worst(drafts: Sequence[Judged], gap: Fraction) -> tuple[int, ...]:
    """The failing, the worst and the median state, as far as there are such."""
    # What has no testbench shows a model the least, and is taken only where nothing else failed.
    failing = sorted(
        (i for i, d in enumerate(drafts) if not d.ran), key=lambda i: not drafts[i].text
    )
    running = [i for i, draft in enumerate(drafts) if draft.ran and draft.score < 1]
    chosen = failing[:1]
    if running:
        scores = sorted({drafts[i].score for i in running})
        median = scores[(len(scores) - 1) // 2]
        wanted = [scores[0], median] if median - scores[0] > gap else scores[:1]
        chosen += [next(i for i in running if drafts[i].score == score) for score in wanted]
    return tuple(chosen)


def _ordered(drafts: Sequence[Judged], strategy: Strategy, seed: int) -> list[int]:
    """All drafts that leave something to gain, those that a strategy prefers first."""
    ranked = sorted(
        (i for i, draft in enumerate(drafts) if draft.score < 1), key=lambda i: drafts[i].score
    )
    if strategy == "uniform":
        random.Random(seed).shuffle(ranked)
        return ranked
    if strategy == "best":
        return sorted(ranked, key=lambda i: -drafts[i].score)
    place = {i: rank for rank, i in enumerate(ranked)}
    return sorted(ranked, key=lambda i: abs(2 * place[i] - (len(ranked) - 1)))
