"""The search: the same for a seed, ended by its budget, and better than uniform cycles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchwright_agent.budget import Budget
from benchwright_agent.goals import Goals
from benchwright_agent.policies.search import Search
from benchwright_agent.proposals import RESET
from benchwright_agent.tape import Tape
from benchwright_sim.program_json import dumps
from benchwright_sim.stimulus import Driver, Program, Random, Segment
from tests.built import built


def search(
    name: str, cycles: int, *, seed: int = 1, done: Callable[[Goals], bool] = lambda _: False
) -> Tape:
    design = built(name)
    with design.worker() as worker:
        goals = Goals(design.bins)
        tape = Tape(worker, design.encoder, goals, Budget(None, cycles))
        policy = Search(
            design.elaboration, tape, seed=seed, done=lambda: done(goals), on_round=lambda: None
        )
        policy.run()
        policy.finish()
    return tape


@pytest.mark.parametrize("name", ["examples/08_cpu", "tests/rtl/delays.sv"])
def test_a_seed_gives_the_same_program(name: str) -> None:
    first, second = (search(name, 30_000).program() for _ in range(2))
    assert dumps(first) == dumps(second)


def test_a_reset_comes_first() -> None:
    assert search("tests/rtl/async_fifo.sv", 5_000).segments[0].name == RESET


def test_enough_ends_it() -> None:
    tape = search("examples/01_lock", 10**9, done=lambda goals: len(goals.covered) > 30)
    assert tape.budget.spent < 50_000


def test_nothing_left_ends_it() -> None:
    tape = search("tests/rtl/alu.sv", 10**9)
    assert not tape.goals.left
    assert tape.budget.spent < 1_000_000


@pytest.mark.parametrize(
    "name", ["examples/05_spi", "examples/08_cpu", "tests/rtl/three_clocks.sv"]
)
def test_it_beats_uniform_cycles_of_the_same_number(name: str) -> None:
    design = built(name)
    interface = design.elaboration.interface
    resets = {reset.signal for reset in interface.resets}
    drivers = tuple((s.name, Driver()) for s in interface.inputs if s.name not in resets)
    plain = Segment("plain", "", (Random(10_000, 1, drivers),))
    _, uniform = design.run(Program((plain,), ("plain",)))
    tape = search(name, 10_000)
    assert len(tape.goals.covered) >= len(uniform)


def test_what_ends_the_simulation_is_run_last() -> None:
    tape = search("tests/rtl/finish_on_value.sv", 400_000)
    assert tape.ended
    assert not tape.goals.left
