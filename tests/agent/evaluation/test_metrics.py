"""The paper's figures: pass@k, means over designs, intervals, and what is in none of them."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import pytest

from benchwright_agent.evaluation.metrics import estimate, pass_at_k, summarise
from benchwright_agent.evaluation.outcome import Outcome


def outcome(id_: str, sample: int, *, passed: bool | None, covered: int = 5) -> Outcome:
    """A sample that ran, with one metric of ten bins."""
    return Outcome(
        id_, sample, "ok", passed=passed, tallies={"line": (covered, 10)}, closed=(covered, 10)
    )


def failed(id_: str, sample: int, status: str = "compile_error") -> Outcome:
    return Outcome(id_, sample, status, error="it does not compile")


@pytest.mark.parametrize("n", [1, 3, 5])
def test_pass_at_k_is_the_chance_that_one_of_k_passes(n: int) -> None:
    for c in range(n + 1):
        for k in range(1, n + 1):
            draws = list(combinations([True] * c + [False] * (n - c), k))
            assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 6), (5, 2, 0)])
def test_pass_at_k_is_not_defined_for_everything(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(n, c, k)


def test_figures_are_means_over_designs() -> None:
    outcomes = [
        outcome("a", 0, passed=True, covered=10),
        outcome("a", 1, passed=False),
        outcome("b", 0, passed=False, covered=8),
        failed("b", 1),
    ]
    summary = summarise(outcomes, (1, 2))
    assert summary.sim_pass is not None
    assert summary.sim_pass.value == pytest.approx(0.75)
    assert summary.cov_pass is not None
    assert summary.cov_pass.value == pytest.approx(0.25)
    assert summary.avg_cov is not None
    assert summary.avg_cov.value == pytest.approx((0.75 + 0.4) / 2)
    both = summary.pass_at[2]
    assert both is not None
    assert both.value == pytest.approx(0.5)
    assert summary.statuses == {"compile_error": 1, "ok": 3}


def test_figures_do_not_depend_on_the_order_of_outcomes() -> None:
    outcomes = [
        outcome(name, n, passed=(n + len(name)) % 2 == 0, covered=n + len(name))
        for name in ("a", "bb", "ccc", "dddd")
        for n in range(3)
    ]
    shuffled = outcomes.copy()
    random.Random(1).shuffle(shuffled)
    assert summarise(outcomes, (1, 3)) == summarise(shuffled, (1, 3))


def test_rows_that_are_errors_are_in_no_figure() -> None:
    outcomes = [outcome("a", 0, passed=True), failed("b", 0, "row_error")]
    summary = summarise(outcomes, (1,))
    assert summary.row_errors == {"b": "it does not compile"}
    assert (summary.rows, summary.samples) == (2, 1)
    assert summary.sim_pass is not None
    assert (summary.sim_pass.value, summary.sim_pass.n) == (1.0, 1)


def test_a_row_without_an_applicable_target_is_no_part_of_the_pass_rate() -> None:
    outcomes = [outcome("a", 0, passed=True), outcome("b", 0, passed=None)]
    summary = summarise(outcomes, (1,))
    assert summary.no_targets == 1
    assert summary.cov_pass is not None
    assert (summary.cov_pass.value, summary.cov_pass.n) == (1.0, 1)
    assert summary.avg_cov is not None
    assert summary.avg_cov.n == 2


def test_a_row_whose_targets_do_not_apply_is_left_out_whatever_its_samples_come_to() -> None:
    crashed, absent = failed("b", 0, "crashed"), replace(failed("b", 1), passed=None)
    for samples in ([absent, crashed], [absent, outcome("b", 0, passed=None)]):
        summary = summarise([outcome("a", 0, passed=True), *samples], (1,))
        assert (summary.no_targets, summary.unknown_targets) == (1, 0)
        assert summary.cov_pass is not None
        assert (summary.cov_pass.value, summary.cov_pass.n) == (1.0, 1)


def test_samples_that_all_fail_miss_the_targets_that_apply() -> None:
    missed = replace(failed("b", 0), targets=(0, 1, 0))
    summary = summarise([outcome("a", 0, passed=True), missed, failed("b", 1, "hung")], (1,))
    assert (summary.no_targets, summary.unknown_targets) == (0, 0)
    assert summary.cov_pass is not None
    assert (summary.cov_pass.value, summary.cov_pass.n) == (0.5, 2)
    assert summary.targets == (0, 0, 0)


def test_a_row_of_which_no_sample_tells_neither_passes_nor_fails() -> None:
    summary = summarise([outcome("a", 0, passed=True), failed("b", 0, "crashed")], (1,))
    assert (summary.no_targets, summary.unknown_targets) == (0, 1)
    assert summary.cov_pass is not None
    assert (summary.cov_pass.value, summary.cov_pass.n) == (1.0, 1)
    assert summary.sim_pass is not None
    assert summary.sim_pass.n == 2


def test_nothing_has_no_figure() -> None:
    summary = summarise([failed("b", 0, "row_error")], (1,))
    assert (summary.sim_pass, summary.cov_pass, summary.avg_cov) == (None, None, None)
    assert summary.pass_at == {1: None}


def test_intervals_hold_the_mean_and_shrink_with_designs() -> None:
    rng = random.Random(3)
    values = [float(rng.random() < 0.6) for _ in range(400)]
    few, many = estimate(values[:40]), estimate(values)
    assert few is not None
    assert many is not None
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert many.low < 0.6 < many.high


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = random.Random(5)
    hits = 0
    for _ in range(60):
        found = estimate([float(rng.random() < 0.4) for _ in range(80)])
        assert found is not None
        hits += found.low <= 0.4 <= found.high
    assert hits >= 52
