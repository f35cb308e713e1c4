"""The interpreter says what the words of `stimulus` say."""

from __future__ import annotations

import pytest

from benchwright_sim.interface import Clock, Interface, Reset, Signal
from benchwright_sim.interpreter import Cycle, Xorshift32, cycles
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

INTERFACE = Interface(
    "m",
    (),
    (),
    (
        Signal("clk", "clk", "input", 1),
        Signal("slow", "slow", "input", 1),
        Signal("rst_n", "rst_n", "input", 1),
        Signal("a", "a", "input", 8),
        Signal("w", "w", "input", 40),
        Signal("y", "y", "output", 8),
    ),
    (Clock("clk"), Clock("slow", "negedge")),
    (Reset("rst_n", 0, True),),
)


def run_all(*actions: Action, outputs: list[int] | None = None) -> list[Cycle]:
    """The cycles of one segment; `outputs` are what `y` reads before each cycle."""
    program = Program((Segment("s", "", actions),), ("s",))
    reads = outputs or [0]
    done: list[Cycle] = []
    for cycle in cycles(INTERFACE, program, lambda _: reads[min(len(done), len(reads) - 1)]):
        done.append(cycle)  # noqa: PERF402 - what is read depends on what was done
    return done


def driven(name: str, *actions: Action) -> list[int]:
    return [cycle.inputs[name] for cycle in run_all(*actions)]


def moved(name: str, driver: Driver, n: int = 4, seed: int = 1) -> list[int]:
    return driven(name, Random(n, seed, ((name, driver),)))


def test_the_generator_is_marsaglias() -> None:
    rng = Xorshift32(1)
    assert [rng.word() for _ in range(4)] == [270369, 67634689, 2647435461, 307599695]


def test_inputs_start_idle_and_keep_their_values() -> None:
    first, second = run_all(Cycles(1), Drive((("a", 300),)), Cycles(1))
    assert first.inputs == {"rst_n": 1, "a": 0, "w": 0}
    assert second.inputs == {"rst_n": 1, "a": 300 % 256, "w": 0}


def test_periods_count_from_the_start_of_each_run() -> None:
    segments = (
        Segment("s", "", (Cycles(3),), (("slow", 2),)),
        Segment("t", "", (Cycles(1),), (("clk", 0),)),
    )
    done = cycles(INTERFACE, Program(segments, ("s", "s", "t")), lambda _: 0)
    assert [cycle.due for cycle in done] == [
        ("clk", "slow"),
        ("clk",),
        ("clk", "slow"),
        ("clk", "slow"),
        ("clk",),
        ("clk", "slow"),
        ("slow",),
    ]


@pytest.mark.parametrize(
    ("outputs", "n"), [([7], 0), ([0, 7], 1), ([0, 0, 0, 7], 3), ([0, 0, 0, 0, 7], 3), ([0], 3)]
)
def test_a_wait_ends_with_the_value_or_with_its_timeout(outputs: list[int], n: int) -> None:
    assert len(run_all(WaitFor("y", 7, 3), outputs=outputs)) == n


def test_repeats_nest() -> None:
    body: tuple[Action, ...] = (Drive((("a", 1),)), Cycles(1), Drive((("a", 2),)), Cycles(2))
    assert driven("a", Repeat(2, (Repeat(2, body),))) == [1, 2, 2] * 4


def test_uniform_draws_the_least_significant_word_first() -> None:
    assert moved("w", Driver("uniform"), 1) == [270369 | (67634689 & 0xFF) << 32]


def test_modes_that_draw_nothing() -> None:
    assert moved("a", Driver("walk"), 10) == [1 << i % 8 for i in range(10)]
    assert moved("a", Driver("step", amount=100)) == [100, 200, 44, 144]


def test_modes_that_draw_a_word() -> None:
    words = [270369, 67634689, 2647435461, 307599695]
    assert moved("a", Driver("onehot")) == [1 << word % 8 for word in words]
    assert moved("a", Driver("choice", values=(3, 5, 9))) == [(3, 5, 9)[w % 3] for w in words]
    assert moved("a", Driver("bias", amount=20)) == [255 * (w >> 24 < 20) for w in words]


def test_an_input_that_does_not_change_draws_one_word() -> None:
    assert moved("a", Driver("uniform", change=5)) == [1, 1, 1, 1]
    assert [270369 >> 24 < 5, 67634689 & 255] == [True, 1]


def test_copy_sees_what_was_driven_before_it() -> None:
    drivers = (("a", Driver("step", amount=1)), ("w", Driver("copy", amount=255, source="a")))
    assert driven("w", Random(3, 1, drivers)) == [256, 257, 258]
    assert driven("w", Random(3, 1, drivers[::-1])) == [255, 256, 257]


def test_pace_holds_each_move() -> None:
    action = Random(2, 1, (("a", Driver("walk")),), pace=3)
    assert driven("a", action) == [1, 1, 1, 2, 2, 2]


def test_unknown_names_are_errors() -> None:
    for action in (Drive((("q", 1),)), WaitFor("a", 1, 1)):
        with pytest.raises(KeyError):
            run_all(action)
