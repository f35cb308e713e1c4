"""Short designs lose the shares that the paper names, exactly and by the seed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_trainer.balance import BalanceOptions, rebalance
from benchwright_trainer.rollouts.trace import Trace
from tests.trainer.traces import agentic, direct, failed, ran


def samples(n_short: int, n_long: int = 0) -> list[Trace]:
    """So many direct and agentic ones of short designs, and as many of long ones."""
    tokens = [1000] * n_short + [1001] * n_long
    found = [direct(f"d{n}/direct/s0/0", ran(50), design_tokens=t) for n, t in enumerate(tokens)]
    return found + [
        agentic(f"d{n}/agentic/0/0", failed(), ran(50), design_tokens=t)
        for n, t in enumerate(tokens)
    ]


def keys(traces: Sequence[Trace]) -> tuple[str, ...]:
    return tuple(trace.key for trace in traces)


def counts(traces: tuple[Trace, ...]) -> tuple[int, int]:
    kinds = [trace.kind for trace in traces if trace.design_tokens <= 1000]
    return kinds.count("direct"), kinds.count("agentic")


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, (0, 0)), (1, (0, 1)), (2, (1, 1)), (3, (1, 2)), (30, (10, 15)), (3000, (1000, 1500))],
)
def test_a_third_and_a_half_are_kept(n: int, expected: tuple[int, int]) -> None:
    assert counts(rebalance(samples(n), BalanceOptions(), seed=1)) == expected


def test_long_designs_and_other_kinds_are_kept() -> None:
    traces = [*samples(0, 9), *(direct(f"s{n}", ran(9), kind="stimulus") for n in range(9))]
    assert rebalance(traces, BalanceOptions(), seed=1) == tuple(traces)


def test_the_seed_draws() -> None:
    traces = samples(30)
    kept = [keys(rebalance(traces, BalanceOptions(), seed=seed)) for seed in (1, 1, 2, 3)]
    assert kept[0] == kept[1]
    assert len(set(kept)) == 3


def test_all_and_nothing_can_be_kept() -> None:
    traces = samples(20)
    everything = BalanceOptions(keep_direct=1, keep_agentic=1)
    assert rebalance(traces, everything, seed=1) == tuple(traces)
    assert rebalance(traces, BalanceOptions(keep_direct=0, keep_agentic=0), seed=1) == ()


@given(st.permutations(samples(9, 3)), st.integers(0, 5))
def test_the_order_counts_only_for_the_order(traces: list[Trace], seed: int) -> None:
    kept = keys(rebalance(traces, BalanceOptions(), seed=seed))
    assert set(kept) == set(keys(rebalance(samples(9, 3), BalanceOptions(), seed=seed)))
    assert tuple(key for key in keys(traces) if key in kept) == kept


@pytest.mark.parametrize(
    "options", [{"short_tokens": -1}, {"keep_direct": 2}, {"keep_agentic": -1}]
)
def test_bad_options_are_refused(options: dict[str, int]) -> None:
    (name, value) = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} is {value}; legal: "):
        BalanceOptions(**options)
