"""One stimulus covers the same bins in the harness, in SystemVerilog and in cocotb.

Over every legal design of `tests/rtl` and `examples`, with programs that hold every kind of action.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchwright_agent.emit.systemverilog import render
from benchwright_agent.proposals import Proposer
from benchwright_agent.tape import program_of
from benchwright_sim.bins import Bin
from benchwright_sim.stimulus import Program, Segment
from benchwright_sim.testbench import Feedback, Status, simulate
from tests.built import Built, built, designs
from tests.programs import programs

N_PROPOSALS = 10
VARIED = (
    "tests/rtl/both_edges.sv",
    "tests/rtl/emit_packet.sv",
    "tests/rtl/latch.sv",
    "tests/rtl/queue_state.sv",
    "tests/rtl/three_clocks.sv",
    "tests/rtl/unpacked_ports.sv",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program covers in the harness, and the testbench made of it."""

    harness: frozenset[Bin]
    bins: frozenset[Bin]
    testbench: Feedback


def proposed(design: Built, seed: int) -> Program:
    """A reset and one candidate of the search after another."""
    proposer = Proposer(design.elaboration, random.Random(seed))
    reset = proposer.reset()
    candidates = [proposer.propose().segment for _ in range(N_PROPOSALS)]
    named = [replace(s, name=f"segment_{i}") for i, s in enumerate(candidates)]
    return program_of([*([reset] if reset else []), *named])


def outcome(design: Built, program: Program) -> Outcome:
    run, reached = design.run(program)
    assert run.status in ("ok", "finished", "stopped")
    return Outcome(
        reached,
        frozenset(bin_ for of in design.bins for bin_ in of),
        simulate_text(design, program),
    )


def simulate_text(design: Built, program: Program) -> Feedback:
    text = render(
        design.elaboration.interface,
        replace(program, segments=tuple(_readable(s) for s in program.segments)),
        tb_name="bench",
        covers={},
        header=("Test.",),
    )
    return simulate(
        design.elaboration.design, text, tb_name="bench", fsm=design.fsm, modules=design.modules
    )


def _readable(segment: Segment) -> Segment:
    return replace(segment, purpose="Test.")


def compare(result: Outcome) -> None:
    assert result.testbench.status is Status.OK, result.testbench.log
    coverage = result.testbench.coverage
    assert sorted(result.bins ^ frozenset(coverage)) == []
    assert sorted(result.harness ^ coverage.covered) == []


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Outcome]]]:
    """What the selected designs give, worked out on every processor."""
    selected = {
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.function is test_every_design_is_covered_alike
        and hasattr(item, "callspec")
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(_outcome_of, name) for name in sorted(selected)}
        pool.shutdown(cancel_futures=True)


def _outcome_of(name: str) -> Outcome:
    design = built(name)
    return outcome(design, proposed(design, seed=1))


@pytest.mark.parametrize("name", designs())
def test_every_design_is_covered_alike(name: str, outcomes: dict[str, Future[Outcome]]) -> None:
    compare(outcomes[name].result())


@pytest.mark.parametrize("name", VARIED)
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_every_program_covers_alike(name: str, data: st.DataObject) -> None:
    design = built(name)
    compare(outcome(design, data.draw(programs(design.elaboration.interface))))
