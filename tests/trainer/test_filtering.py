"""A trace is kept if it gains, loses nothing, and gains most of its state."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_agent.protocol.task import Outcome
from benchwright_trainer.filtering import FilterOptions, filter_traces
from benchwright_trainer.rollouts.trace import Judged, Trace
from tests.trainer.traces import agentic, direct, failed, ran


def outcome(*traces: Trace, **options: object) -> tuple[list[str], dict[str, int]]:
    """Keys of what is kept, and why the rest is not."""
    found = filter_traces(traces, FilterOptions(**options))  # type: ignore[arg-type] # values of several types
    return [trace.key for trace in found.kept], dict(found.rejected)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (ran(40), ran(41), None),
        (ran(40), ran(40), "small_gain"),
        (ran(40), Judged("x", "ok", {"line": (409, 1000)}), "small_gain"),
        (failed(), ran(0), None),
        (failed(), failed("timeout"), "timeout"),
        (failed(), failed("no_testbench", ""), "no_testbench"),
        (ran(40), failed("refused"), "refused"),
        (ran(40, toggle=(5, 10)), ran(90, toggle=(4, 10)), "metric_fell"),
        (ran(40, toggle=(5, 10)), ran(90, toggle=(10, 20)), None),
        (ran(40, toggle=(5, 10)), ran(90), "metric_fell"),
        (ran(40, toggle=(0, 10)), ran(90), "metric_fell"),
        (ran(40, toggle=(5, 10)), ran(90, toggle=(0, 0)), "metric_fell"),
        (ran(40, toggle=(0, 0)), ran(90), None),
        (ran(40), ran(90, toggle=(0, 10)), None),
        (ran(40, fsm=(3, 3)), ran(90, fsm=(2, 3)), "metric_fell"),
    ],
)
def test_a_transition_must_gain_and_lose_nothing(
    before: Judged, after: Judged, reason: str | None
) -> None:
    found = outcome(agentic("m/agentic/0/0", before, after))
    assert found == ((["m/agentic/0/0"], {}) if reason is None else ([], {reason: 1}))


def test_a_gain_of_exactly_one_percent_is_enough() -> None:
    # In floats 0.29 - 0.28 is less than 0.01.
    assert outcome(agentic("k", ran(28), ran(29)))[0] == ["k"]


def test_of_a_state_the_largest_gain_is_kept_and_of_equals_the_shorter() -> None:
    state = ran(10)
    traces = [
        agentic("m/a", state, ran(50)),
        agentic("m/b", state, ran(70, "long text")),
        agentic("m/c", state, ran(70, "short")),
        agentic("m/d", state, ran(70, "SHORT")),
        agentic("m/e", ran(20), ran(30)),
    ]
    assert outcome(*traces) == (["m/c", "m/e"], {"not_largest": 3})


def test_designs_and_kinds_do_not_compete() -> None:
    traces = [direct("m/0", ran(50)), direct("n/0", ran(60))]
    traces.append(direct("m/1", ran(40), kind="stimulus"))
    assert outcome(*traces)[0] == ["m/0", "m/1", "n/0"]


def test_direct_answers_that_run_are_kept_by_their_coverage() -> None:
    traces = [direct(f"m/{n}", ran(pct)) for n, pct in enumerate((30, 80, 0, 60))]
    traces.append(direct("m/4", failed()))
    lost = {"compile_error": 1, "small_gain": 1}
    assert outcome(*traces) == (["m/1"], lost | {"not_largest": 2})
    assert outcome(*traces, n_best=2) == (["m/1", "m/3"], lost | {"not_largest": 1})


def test_a_direct_answer_that_covers_next_to_nothing_is_not_kept() -> None:
    nearly = Judged("x", "ok", {"line": (9, 1000)})
    assert outcome(direct("m/0", nearly)) == ([], {"small_gain": 1})
    assert outcome(direct("m/0", ran(1)))[0] == ["m/0"]
    assert outcome(direct("m/0", ran(0)), min_gain=0)[0] == ["m/0"]


def test_stage_0_asks_for_a_floor() -> None:
    traces = [direct("m/0", ran(49)), direct("n/0", ran(50)), agentic("o/0", failed(), ran(3))]
    assert outcome(*traces, floor=0.5) == (["n/0"], {"below_floor": 2})


def test_without_execution_all_that_parses_is_kept() -> None:
    traces = [
        direct("m/0", failed()),
        direct("m/1", ran(10)),
        direct("m/2", failed("no_testbench", "")),
        agentic("m/3", ran(50), ran(10)),
    ]
    found = outcome(*traces, execution=False, floor=0.5)
    assert found == (["m/0", "m/1", "m/3"], {"no_testbench": 1})


def test_the_order_of_traces_does_not_count() -> None:
    traces = [agentic(f"m/{n}", ran(10), ran(pct)) for n, pct in enumerate((50, 70, 70, 5))]
    assert len({repr(outcome(*order)) for order in permutations(traces)}) == 1


def _falls(trace: Trace) -> bool:
    """Whether one of the two metrics falls."""
    assert trace.before is not None
    before, after = trace.before.tallies, trace.after.tallies
    return any(after[metric] < before[metric] for metric in ("line", "toggle"))


PCTS = st.integers(0, 100)
OUTCOMES = st.sampled_from(["ok", "timeout", "compile_error", "no_testbench"])


@given(st.lists(st.tuples(PCTS, PCTS, PCTS, PCTS, OUTCOMES), max_size=20), st.booleans())
def test_whatever_is_kept_gained_and_every_trace_is_accounted_for(
    figures: list[tuple[int, int, int, int, Outcome]], floor: bool
) -> None:
    traces = [
        agentic(
            f"m/{n:02}",
            ran(a // 25, f"tb {a // 25} {b // 25}", toggle=(b // 25, 100)),
            Judged("x", status, {"line": (c, 100), "toggle": (d, 100)} if status == "ok" else {}),
        )
        for n, (a, b, c, d, status) in enumerate(figures)
    ]
    found = filter_traces(traces, FilterOptions(floor=0.5 if floor else None))
    assert len(found.kept) + sum(found.rejected.values()) == len(traces)
    assert len({trace.prompt for trace in found.kept}) == len(found.kept)
    for trace in found.kept:
        assert trace.before is not None
        assert trace.after.score - trace.before.score >= Fraction(1, 100)
        assert trace.after.score >= (Fraction(1, 2) if floor else 0)
        better = [
            t
            for t in traces
            if t.prompt == trace.prompt and t.after.score > trace.after.score and not _falls(t)
        ]
        assert better == []


@pytest.mark.parametrize("options", [{"min_gain": -0.1}, {"floor": 50}, {"n_best": 0}])
def test_bad_options_are_refused(options: dict[str, float]) -> None:
    (name, value) = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} is {value}; legal: "):
        FilterOptions(**options)  # type: ignore[arg-type] # wrong on purpose
