"""The accepted program: cut, executed, and never past what ends the simulation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchwright_agent.budget import Budget
from benchwright_agent.goals import Goals
from benchwright_agent.tape import Tape, cut_actions, n_cycles, program_of
from benchwright_sim.stimulus import Cycles, Drive, Driver, Random, Repeat, Segment, WaitFor
from tests.built import Built, built

FINISHES = "tests/rtl/finish_on_value.sv"
SET = Drive((("data", 1),))
NOISE = Random(40, 7, (("data", Driver()),))
TRIGGER = (Drive((("data", 0xA5),)), Cycles(1), Drive((("data", 0x5A),)), Cycles(1))


@contextmanager
def tape_of(design: Built) -> Iterator[Tape]:
    with design.worker() as worker:
        yield Tape(worker, design.encoder, Goals(design.bins), Budget(None))


def segment(*actions: Drive | Cycles | Random, name: str = "") -> Segment:
    return Segment(name, "uniform", actions)


def test_what_is_accepted_is_covered_by_running_the_program() -> None:
    design = built("tests/rtl/fsm_three_process.sv")
    inputs = [s.name for s in design.elaboration.interface.inputs]
    with tape_of(design) as tape:
        for seed in range(1, 6):
            drivers = tuple((name, Driver()) for name in inputs)
            tape.offer((), segment(Random(200, seed, drivers)))
            run, covered = design.run(tape.program())
            assert run.status == "ok"
            assert covered == tape.goals.covered
    assert len(tape.segments) >= 1


def test_a_candidate_is_cut_after_its_last_gain() -> None:
    with tape_of(built(FINISHES)) as tape:
        assert tape.offer((), segment(Cycles(500)))
        assert n_cycles(tape.segments[0].actions) == 1
        before = len(tape.goals.covered)
        assert tape.offer((), segment(NOISE, Cycles(100)))
        (noise, *rest) = tape.segments[1].actions
        assert isinstance(noise, Random)
        assert noise.n <= 40
        assert rest == []
        assert len(tape.goals.covered) > before


def test_a_segment_with_a_name_stays_whole() -> None:
    release = (Drive((("rst_n", 0),)), Cycles(1), Drive((("rst_n", 1),)), Cycles(20))
    reset = Segment("reset", "reset", release)
    with tape_of(built(FINISHES)) as tape:
        assert tape.offer((), reset)
        assert tape.segments == [reset]


def test_what_brings_nothing_is_not_taken() -> None:
    with tape_of(built(FINISHES)) as tape:
        assert tape.offer((), segment(Cycles(3)))
        assert tape.offer((), segment(Cycles(3))) == 0
        assert len(tape.segments) == 1


def test_what_ends_the_simulation_is_taken_up_to_there_and_whole_as_the_last() -> None:
    candidate = segment(NOISE, *TRIGGER, Cycles(9))
    with tape_of(built(FINISHES)) as tape:
        assert tape.offer((), candidate)
        assert not tape.ended
        assert design_status(tape) == "ok"
        assert tape.offer((), segment(*TRIGGER)) == 0
        assert tape.offer((), segment(*TRIGGER), last=True)
        assert tape.ended
        assert design_status(tape) == "finished"


def design_status(tape: Tape) -> str:
    return built(FINISHES).run(tape.program())[0].status


def test_segments_are_named_apart() -> None:
    with tape_of(built(FINISHES)) as tape:
        reset = Segment(
            "reset", "reset", (Drive((("rst_n", 0),)), Cycles(1), Drive((("rst_n", 1),)), Cycles(1))
        )
        tape.offer((), reset)
        tape.offer((reset,), segment(NOISE))
        tape.offer((reset,), segment(*TRIGGER), last=True)
        names = [s.name for s in tape.segments]
    assert names[0] == "reset"
    assert len(set(names) - {"reset"}) == len([n for n in names if n != "reset"])
    assert program_of(tape.segments).run == tuple(names)


def test_cycles_are_known_unless_the_design_decides() -> None:
    paced = Random(5, 1, (), pace=3)
    assert n_cycles((SET, Cycles(4), paced)) == 19
    assert n_cycles((Cycles(4), WaitFor("armed", 1, 3))) is None
    assert n_cycles((Repeat(2, (Cycles(1),)),)) is None


@pytest.mark.parametrize("cycles", range(0, 24))
def test_a_cut_runs_as_many_cycles_or_to_the_end_of_a_move(cycles: int) -> None:
    actions = (SET, Cycles(3), SET, Random(5, 1, (), pace=4), Cycles(2), SET)
    kept = cut_actions(actions, cycles)
    ran = n_cycles(kept)
    assert ran is not None
    assert cycles <= ran < cycles + 4 or ran == 25
    assert not kept or not isinstance(kept[-1], Drive)
