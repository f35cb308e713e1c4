"""The paper's figures design by design, so that two models can be compared on the same designs.

They are those of `evaluation.metrics`, before the mean over designs is taken: Sim Pass, Cov Pass
(which is pass@1), pass@k and Avg Cov (LLM4Cov, section 5.1 and table 4), and closure. Differences
are paired: the interval is of the mean of differences, design by design, which is narrower than the
two intervals suggest, since designs that are hard are so for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from statistics import fmean

from benchwright_agent.evaluation.metrics import Estimate, estimate, pass_at_k
from benchwright_agent.evaluation.outcome import ROW_ERROR, Outcome

Shares = Mapping[str, float]
"""Design -> its share, from 0 to 1."""


def shares(outcomes: Sequence[Outcome], ks: Sequence[int]) -> dict[str, Shares]:
    """Figure -> its share of every design that it applies to, designs in the order of their ids.

    Args:
        outcomes: of one model on one suite; samples of several runs count together.
        ks: of pass@k; pass@1 is Cov Pass.
    """
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.id, []).append(outcome)
    good = {
        id_: rows[id_]
        for id_ in sorted(rows)
        if all(outcome.status != ROW_ERROR for outcome in rows[id_])
    }
    judged = {id_: group for id_, group in good.items() if _applies(group)}
    return {
        "sim_pass": {id_: fmean(o.ran for o in group) for id_, group in good.items()},
        "cov_pass": {id_: _passed(group) / len(group) for id_, group in judged.items()},
        **{
            f"pass@{k}": {
                id_: pass_at_k(len(group), _passed(group), k)
                for id_, group in judged.items()
                if len(group) >= k
            }
            for k in sorted(set(ks) - {1})
        },
        "avg_cov": _means(good, lambda outcome: outcome.average),
        "closure": _means(good, lambda outcome: outcome.closure),
    }


def _means(
    rows: Mapping[str, Sequence[Outcome]], share: Callable[[Outcome], Fraction | None]
) -> Shares:
    """Of the designs that have a share in every sample."""
    found = {id_: [share(outcome) for outcome in group] for id_, group in rows.items()}
    return {
        id_: float(fmean(known))
        for id_, values in found.items()
        if len(known := [value for value in values if value is not None]) == len(values)
    }


def mean(values: Shares) -> Estimate | None:
    """Over designs, with its interval; None of no design."""
    return estimate(list(values.values()))


def difference(before: Shares, after: Shares) -> Estimate | None:
    """What changed from one to the other, over the designs that both have."""
    return estimate([after[id_] - before[id_] for id_ in before if id_ in after])


def _applies(group: Sequence[Outcome]) -> bool:
    """Whether a design's targets are known to apply."""
    found = {outcome.applies for outcome in group}
    return True in found and False not in found


def _passed(group: Sequence[Outcome]) -> int:
    return sum(bool(outcome.passed) for outcome in group)
