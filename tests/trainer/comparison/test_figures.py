"""Figures design by design have the means that `benchwright eval` prints."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_agent.evaluation.metrics import summarise
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_trainer.comparison.figures import difference, mean, shares
from tests.trainer.comparison.evaluations import outcome

PCTS = st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=5, max_size=5)


@settings(max_examples=20)
@given(st.dictionaries(st.sampled_from("abcdef"), PCTS, min_size=1), st.booleans())
def test_they_agree_with_those_of_one_evaluation(
    designs: dict[str, list[int | None]], odd: bool
) -> None:
    outcomes = [
        outcome(id_, n, pct) for id_, found in designs.items() for n, pct in enumerate(found)
    ]
    if odd:
        outcomes += [Outcome("x", n, "row_error", error="broken") for n in range(5)]
        outcomes += [Outcome("y", n, "ok", None, {"line": (1, 2)}) for n in range(5)]
        outcomes += [Outcome("z", n, "ok", True, {}, targets=(1, 0, 0)) for n in range(5)]
    summary = summarise(outcomes, (5,))
    found = {name: mean(values) for name, values in shares(outcomes, (5,)).items()}
    assert found == {
        "sim_pass": summary.sim_pass,
        "cov_pass": summary.cov_pass,
        "pass@5": summary.pass_at[5],
        "avg_cov": summary.avg_cov,
        "closure": summary.closure,
    }


def test_samples_of_several_runs_count_together() -> None:
    outcomes = [outcome("a", 0, pct) for pct in (100, 0, 0, 0, 0, 0)]
    found = shares(outcomes, (5,))
    assert found["cov_pass"] == {"a": pytest.approx(1 / 6)}
    assert found["pass@5"] == {"a": pytest.approx(5 / 6)}


def test_too_few_samples_have_no_pass_at_5() -> None:
    assert shares([outcome("a", 0, 100)], (1, 5))["pass@5"] == {}
    assert mean({}) is None


def test_pass_at_1_stands_there_once() -> None:
    names = ["sim_pass", "cov_pass", "pass@2", "pass@5", "avg_cov", "closure"]
    assert list(shares([], (5, 1, 2))) == names


def test_a_difference_is_paired() -> None:
    before = {str(n): n / 10 for n in range(8)}
    found = difference(before, {key: share + 0.1 for key, share in before.items()} | {"new": 0.0})
    assert found is not None
    assert found.n == 8
    assert [found.value, found.low, found.high] == pytest.approx([0.1, 0.1, 0.1])
    assert difference(before, {"new": 1.0}) is None
