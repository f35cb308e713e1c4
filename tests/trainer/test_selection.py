"""States are those of the paper's section 3.3, and every strategy takes as many of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_trainer.rollouts.trace import Judged
from benchwright_trainer.selection import STRATEGIES, SelectionOptions, Strategy, select_states
from tests.trainer.traces import failed, ran

DRAFTS = st.lists(
    st.one_of(
        st.integers(0, 100).map(ran),
        st.sampled_from([failed(text="a"), failed("timeout", "b"), failed("no_testbench", "")]),
    ),
    max_size=12,
)


def chosen(drafts: list[Judged], seed: int = 1, **options: object) -> tuple[int, ...]:
    return select_states(drafts, SelectionOptions(**options), seed=seed)  # type: ignore[arg-type] # values of several types


def test_the_failing_the_worst_and_the_median_state_are_taken() -> None:
    drafts = [ran(90), ran(30), failed(), ran(50), ran(60), failed(text="other")]
    assert chosen(drafts) == (2, 1, 3)


def test_of_drafts_that_all_fail_one_is_taken() -> None:
    assert chosen([failed("no_testbench", ""), failed(text="x"), failed(text="y")]) == (1,)
    assert chosen([failed("no_testbench", "")]) == (0,)


def test_nothing_comes_of_nothing() -> None:
    for strategy in STRATEGIES:
        assert chosen([], strategy=strategy) == ()
        assert chosen([ran(100), ran(100)], strategy=strategy) == ()


def test_a_draft_that_covers_everything_is_no_state() -> None:
    assert chosen([ran(100), failed(), ran(100)]) == (1,)
    assert chosen([ran(100), ran(40), ran(100)]) == (1,)


@pytest.mark.parametrize(("median", "expected"), [(40, (0,)), (41, (0, 1)), (39, (0,))])
def test_the_median_counts_only_beyond_the_gap(median: int, expected: tuple[int, ...]) -> None:
    assert chosen([ran(30), ran(median), ran(95)]) == expected


def test_a_gap_is_exact() -> None:
    assert chosen([ran(20), ran(30), ran(95)], gap=0.1) == (0,)
    assert chosen([ran(20), ran(30), ran(95)], gap=0.0999) == (0, 1)


def test_the_median_is_of_distinct_scores() -> None:
    drafts = [ran(10, text) for text in "abcde"] + [ran(50), ran(90)]
    assert chosen(drafts) == (0, 5)


def test_a_bound_on_states_leaves_the_worst() -> None:
    drafts = [ran(90), ran(30), failed(), ran(60)]
    assert chosen(drafts, n_states=1) == (2,)
    assert chosen(drafts, n_states=2) == (2, 1)


def test_the_other_strategies_take_what_their_names_say() -> None:
    drafts = [ran(90), ran(30), failed(), ran(50), ran(60)]
    assert chosen(drafts, strategy="best") == (0, 4, 3)
    assert chosen(drafts, strategy="median") == (3, 1, 4)
    assert {chosen(drafts, seed, strategy="uniform") for seed in range(40)} > {(0, 4, 3)}


def test_the_same_text_is_one_state() -> None:
    drafts = [ran(30, "a"), ran(60, "b"), ran(90, "c"), ran(90, "c"), ran(90, "c")]
    assert chosen(drafts, strategy="best") == (2, 1)


@given(DRAFTS, st.sampled_from(STRATEGIES), st.integers(0, 9), st.integers(1, 3))
def test_states_are_distinct_open_and_equally_many(
    drafts: list[Judged], strategy: Strategy, seed: int, n_states: int
) -> None:
    found = chosen(drafts, seed, strategy=strategy, n_states=n_states)
    assert len(found) == len(chosen(drafts, n_states=n_states)) <= n_states
    assert len({drafts[i].text for i in found}) == len(found)
    assert all(drafts[i].score < 1 for i in found)
    assert found == chosen(drafts, seed, strategy=strategy, n_states=n_states)


@given(DRAFTS)
def test_the_worst_states_hold_the_lowest_coverage(drafts: list[Judged]) -> None:
    left = [draft.score for draft in drafts if draft.score < 1]
    found = chosen(drafts)
    assert bool(found) == bool(left)
    if left:
        assert min(drafts[i].score for i in found) == min(left)
        assert sum(not drafts[i].ran for i in found) <= 1


@given(DRAFTS, st.integers(0, 9))
def test_the_best_states_are_never_worse_than_the_worst(drafts: list[Judged], seed: int) -> None:
    def total(strategy: Strategy) -> object:
        found = chosen(drafts, seed, strategy=strategy)
        return sum(drafts[i].score for i in found)

    assert total("best") >= total("uniform")  # type: ignore[operator] # both are numbers
    assert total("best") >= total("worst")  # type: ignore[operator] # both are numbers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "wurst"}, "strategy is 'wurst'; legal: worst, uniform, median, best"),
        ({"gap": 1.5}, "gap is 1.5; legal: 0 to 1"),
        ({"gap": float("nan")}, "gap is nan; legal: 0 to 1"),
        ({"n_states": 0}, "n_states is 0; legal: 1 to 3"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="legal") as caught:
        SelectionOptions(**options)  # type: ignore[arg-type] # wrong on purpose
    assert str(caught.value) == message
