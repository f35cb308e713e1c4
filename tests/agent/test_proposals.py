"""Every candidate is a legal program, the same for the same random numbers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchwright_agent.proposals import RESET, Proposer
from benchwright_agent.tape import program_of
from benchwright_sim.program_fit import check
from benchwright_sim.program_json import dumps, loads
from benchwright_sim.stimulus import Drive, Segment
from tests.built import designs, elaborated


def candidates(name: str, n: int, seed: int = 1) -> list[Segment]:
    proposer = Proposer(elaborated(name), random.Random(seed))
    found: list[Segment] = []
    for i in range(n):
        proposer.stretch = (1, 16, 256)[i % 3]
        proposal = proposer.propose()
        proposer.learn(proposal.style, i % 5)
        found.append(proposal.segment)
        if i % 4 == 3:
            found.append(proposer.mutate(found[-2]))
    return [replace(s, name=f"s{i}") for i, s in enumerate(found)]


@pytest.mark.parametrize("name", designs())
def test_every_candidate_fits_the_design(name: str) -> None:
    program = program_of(candidates(name, 80))
    check(program, elaborated(name).interface)
    assert loads(dumps(program)) == program


def test_the_same_numbers_make_the_same_candidates() -> None:
    name = "examples/08_cpu"
    assert candidates(name, 50) == candidates(name, 50)
    assert candidates(name, 50) != candidates(name, 50, seed=2)


def test_every_style_comes_up() -> None:
    styles = {segment.purpose for segment in candidates("examples/07_axil_regs", 300)}
    assert styles >= {"uniform", "random", "directed", "hold", "paced", "random_reset"}


def test_clocks_differ_in_pace_only_where_there_are_several() -> None:
    assert any(s.periods for s in candidates("tests/rtl/async_fifo.sv", 20))
    assert not any(s.periods for s in candidates("examples/02_fifo", 20))


def test_a_reset_asserts_and_releases_all() -> None:
    elaboration = elaborated("tests/rtl/async_fifo.sv")
    reset = Proposer(elaboration, random.Random(1)).reset()
    assert reset is not None
    assert reset.name == RESET
    first, _, second, _ = reset.actions
    assert isinstance(first, Drive)
    assert isinstance(second, Drive)
    assert dict(first.values) == {r.signal: r.active for r in elaboration.interface.resets}
    assert dict(second.values) == {r.signal: 1 - r.active for r in elaboration.interface.resets}


def test_without_resets_there_is_none_to_propose() -> None:
    assert Proposer(elaborated("tests/rtl/no_reset.sv"), random.Random(1)).reset() is None


def test_a_style_that_gains_is_proposed_more_often() -> None:
    proposer = Proposer(elaborated("examples/02_fifo"), random.Random(1))
    for _ in range(200):
        proposal = proposer.propose()
        proposer.learn(proposal.style, 4 if proposal.style == "hold" else 0)
    styles = [proposer.propose().style for _ in range(200)]
    assert styles.count("hold") > 100
