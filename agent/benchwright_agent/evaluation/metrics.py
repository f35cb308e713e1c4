"""The paper's figures over outcomes, with confidence intervals.

pass@k is the unbiased estimator of Chen et al. 2021 (arXiv 2107.03374, eq. 1): of n samples of
which c pass, 1 - C(n-c, k) / C(n, k), averaged over designs; pass@1 is the mean rate. Samples of a
design are not independent of each other, so that intervals come from resampling designs (percentile
bootstrap, Efron and Tibshirani 1993, chapter 13), with a fixed seed: the same outcomes give the
same digits. With few designs, or where all pass, such an interval is too narrow.

Rows that are errors are in no figure and are counted apart. A row is not in a figure that does not
apply to it (no applicable target, no code bins), whether its samples ran or not. Where no sample of
a row can tell whether its targets apply, it is in no pass rate, and counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from statistics import fmean

from benchwright_agent.evaluation.outcome import ROW_ERROR, Outcome

RESAMPLES = 2000
CONFIDENCE = 0.95
_SEED = 2107_03374


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over designs, from 0 to 1, with its interval; `n` designs are in it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one evaluation.

    Attributes:
        rows: of the suite.
        row_errors: id of the row -> what is wrong with it.
        samples: outcomes that count, those of good rows.
        statuses: how many of them ended how.
        sim_pass: share that compiled and ran.
        cov_pass: share that meets all applicable targets; None where no row has one.
        avg_cov: overall average, failures as 0.
        closure: covered, proven unreachable and waived bins, of all.
        pass_at: k -> pass@k of `cov_pass`.
        targets: of samples that ran: met, missed, not applicable.
        no_targets: rows that Cov Pass does not apply to.
        unknown_targets: rows of which no sample tells whether it does.
        simulations: mean a sample.
        prompt_tokens: mean a sample.
        new_tokens: mean a sample.
        seconds: mean a sample.
    """

    rows: int
    row_errors: Mapping[str, str]
    samples: int
    statuses: Mapping[str, int]
    sim_pass: Estimate | None
    cov_pass: Estimate | None
    avg_cov: Estimate | None
    closure: Estimate | None
    pass_at: Mapping[int, Estimate | None]
    targets: tuple[int, int, int]
    no_targets: int
    unknown_targets: int
    simulations: float
    prompt_tokens: float
    new_tokens: float
    seconds: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that at least one of k samples passes, when c of n did; needs k <= n."""
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} of {c} in {n} is not defined")
    return 1 - comb(n - c, k) / comb(n, k)


def estimate(values: Sequence[float]) -> Estimate | None:
    """The mean of one value a design and its interval; None of nothing."""
    if not values:
        return None
    rng = random.Random(_SEED)
    means = sorted(fmean(rng.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return Estimate(fmean(values), means[tail], means[-1 - tail], len(values))


def summarise(outcomes: Sequence[Outcome], ks: Sequence[int]) -> Summary:
    """The figures of all outcomes, whatever their order.

    Args:
        outcomes: of every row the same number.
        ks: of pass@k; one above the number of samples has no figure.
    """
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.id, []).append(outcome)
    errors = {
        id_: next(outcome.error for outcome in group if outcome.status == ROW_ERROR)
        for id_, group in rows.items()
        if any(outcome.status == ROW_ERROR for outcome in group)
    }
    good = [rows[id_] for id_ in sorted(rows.keys() - errors.keys())]
    judged = [group for group in good if _applies(group)]
    unknown = [group for group in good if _applies(group) is None]
    counted = [outcome for group in good for outcome in group]

    def mean(value: Callable[[Outcome], float]) -> float:
        return fmean(map(value, counted)) if counted else 0.0

    return Summary(
        rows=len(rows),
        row_errors=dict(sorted(errors.items())),
        samples=len(counted),
        statuses=dict(sorted(Counter(outcome.status for outcome in counted).items())),
        sim_pass=estimate([fmean(outcome.ran for outcome in group) for group in good]),
        cov_pass=estimate([fmean(bool(outcome.passed) for outcome in group) for group in judged]),
        avg_cov=_over_rows(good, lambda outcome: outcome.average),
        closure=_over_rows(good, lambda outcome: outcome.closure),
        pass_at={k: _pass_at(judged, k) for k in ks},
        targets=_sums([outcome for outcome in counted if outcome.ran]),
        no_targets=len(good) - len(judged) - len(unknown),
        unknown_targets=len(unknown),
        simulations=mean(lambda outcome: outcome.simulations),
        prompt_tokens=mean(lambda outcome: outcome.prompt_tokens),
        new_tokens=mean(lambda outcome: outcome.new_tokens),
        seconds=mean(lambda outcome: outcome.seconds),
    )


def _applies(group: Sequence[Outcome]) -> bool | None:
    """Whether a row's targets apply; None where none of its samples can tell."""
    found = {outcome.applies for outcome in group}
    return False if False in found else True if True in found else None


def _over_rows(
    rows: Sequence[Sequence[Outcome]], value: Callable[[Outcome], Fraction | None]
) -> Estimate | None:
    """Over the rows that have a value in every sample."""
    found = [[share for o in group if (share := value(o)) is not None] for group in rows]
    whole = [shares for shares, group in zip(found, rows, strict=True) if len(shares) == len(group)]
    return estimate([float(fmean(shares)) for shares in whole])


def _pass_at(rows: Sequence[Sequence[Outcome]], k: int) -> Estimate | None:
    shares = [
        pass_at_k(len(group), sum(bool(outcome.passed) for outcome in group), k)
        for group in rows
        if len(group) >= k
    ]
    return estimate(shares)


def _sums(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    met, missed, absent = (sum(o.targets[i] for o in outcomes) for i in range(3))
    return met, missed, absent
