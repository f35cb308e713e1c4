"""Sentences about segments and the bins that they cover."""

from __future__ import annotations

import pytest

from benchwright_agent.narrate import covers, purpose, renumbered
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Random, Repeat, Segment, WaitFor

A, B = ("a", 1), ("b", 2)


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        ((Cycles(1),), "Leave all inputs as they are for 1 cycle."),
        ((Drive((A, B)), Cycles(7)), "Hold a, b for 7 cycles."),
        ((Drive((A,)), Cycles(1), Drive((B,)), Cycles(2)), "Chosen values of a, b for 3 cycles."),
        ((Random(9, 1, (("a", Driver()),)),), "Random a for 9 cycles."),
        (
            (Drive((B,)), Random(9, 1, (("a", Driver()),), pace=4)),
            "Random a, b held for 36 cycles, new values every 4 cycles.",
        ),
        (
            (Random(1, 1, tuple((name, Driver()) for name in "abcdef")),),
            "Random a, b, c, d and 2 more for 1 cycle.",
        ),
        (
            (Repeat(2, (Drive((A,)), WaitFor("q", 1, 5))),),
            "Hold a until q is 1, for 5 cycles at most; 2 times.",
        ),
        (
            (WaitFor("q", 1, 5),),
            "Leave all inputs as they are until q is 1, for 5 cycles at most.",
        ),
        ((Drive((A,)),), "Set a for what follows."),
    ],
)
def test_a_segment_in_one_line(actions: tuple[Action, ...], text: str) -> None:
    assert purpose(Segment("segment", "", actions)) == text


def test_what_a_segment_is_for_stands_beside_what_it_does() -> None:
    actions = (Drive((A,)), Cycles(2))
    assert purpose(Segment("s", "fill it up", actions)) == "Hold a for 2 cycles. Aim: fill it up."
    assert purpose(Segment("s", "directed", actions)) == "Hold a for 2 cycles."


def test_a_reset_says_so() -> None:
    assert "reset" in purpose(Segment("reset", "", (Cycles(1),)))


def line(n: int) -> Bin:
    return Bin("a.sv", n, 1, Kind.LINE, "block")


def test_few_bins_are_named_and_toggles_counted() -> None:
    toggles = [Bin("a.sv", 9, 1, Kind.TOGGLE, f"q[{i}]:0->1") for i in range(3)]
    state = Bin("a.sv", 4, 1, Kind.FSM_ARC, "state: IDLE -> RUN")
    assert covers([line(1), state, *toggles]) == [
        "line a.sv:1 block",
        "FSM arc a.sv:4 state: IDLE -> RUN",
        "3 toggles of q",
    ]


def test_many_bins_are_counted_by_file() -> None:
    branch = Bin("b.sv", 2, 1, Kind.BRANCH, "if")
    lines = covers([*(line(n) for n in range(1, 9)), branch, branch])
    assert lines == ["a.sv: 8 lines", "b.sv: 2 branches"]


def test_nothing_covered_is_nothing_said() -> None:
    assert covers([]) == []


def test_numbers_follow_the_order_of_runs() -> None:
    names = ["reset", "random_9", "hold_3", "reset", "random_9"]
    told = renumbered([Segment(name, "", (Cycles(1),)) for name in names])
    assert [s.name for s in told] == ["reset", "random_1", "hold_2", "reset", "random_1"]
