"""One stimulus covers the same bins in the harness, in SystemVerilog and in cocotb.

Over every legal design of `tests/rtl` and `examples`, with programs that hold every kind of action.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchwright_agent.emission import run_emitted
from benchwright_agent.emit import cocotb, systemverilog
from benchwright_agent.options import GenerateOptions
from benchwright_agent.proposals import Proposer
from benchwright_agent.tape import program_of
from benchwright_sim.bins import Bin
from benchwright_sim.stimulus import Cycles, Program, Segment
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
    """What a program covers in the harness, and the testbench made of it.

    Attributes:
        failed: the design ended the run by `$fatal`.
        harness: bins covered there.
        bins: all that the harness knows.
        testbench: what its simulation gave.
        cocotb: what the cocotb test gave, None where it was not run.
        stopped: the design ended the run by `$stop` or `$fatal`, which no cocotb test survives.
    """

    failed: bool
    stopped: bool
    harness: frozenset[Bin]
    bins: frozenset[Bin]
    testbench: Feedback
    cocotb: Feedback | None


def proposed(design: Built, seed: int) -> Program:
    """A reset and one candidate of the search after another."""
    proposer = Proposer(design.elaboration, random.Random(seed))
    reset = proposer.reset()
    candidates = [proposer.propose().segment for _ in range(N_PROPOSALS)]
    named = [replace(s, name=f"segment_{i}") for i, s in enumerate(candidates)]
    return program_of([*([reset] if reset else []), *named])


def outcome(design: Built, program: Program, *, in_cocotb: bool) -> Outcome:
    run, reached = design.run(program)
    assert run.status != "limit"
    return Outcome(
        run.status == "fatal",
        run.status in ("fatal", "stopped"),
        reached,
        frozenset(bin_ for of in design.bins for bin_ in of),
        simulate_text(design, program),
        simulate_cocotb_text(design, program, ends=run.status == "finished") if in_cocotb else None,
    )


def simulate_text(design: Built, program: Program, *, flatten: bool = False) -> Feedback:
    text = systemverilog.render(
        design.elaboration.interface,
        _readable(program),
        tb_name="bench",
        covers={},
        header=("Test.",),
    )
    return simulate(
        design.elaboration.design,
        text,
        tb_name="bench",
        fsm=design.fsm,
        modules=design.modules,
        flatten=flatten,
    )


def simulate_cocotb_text(design: Built, program: Program, *, ends: bool) -> Feedback:
    options = GenerateOptions(Path("test_it.py"), format="cocotb")
    files = cocotb.render(
        design.elaboration.interface,
        _readable(program),
        design=design.elaboration.design,
        folder=Path.cwd(),
        covers={},
        header=("Test.",),
        name="test_it",
        taken=design.modules,
        delays=design.elaboration.has_delays,
        ends=ends,
    )
    return run_emitted(design.elaboration, options, files["test_it.py"], design.fsm, cycles=0)


def _readable(program: Program) -> Program:
    return replace(program, segments=tuple(replace(s, purpose="Test.") for s in program.segments))


def compare(result: Outcome) -> None:
    compare_testbench(result)
    compare_cocotb(result)


def compare_testbench(result: Outcome) -> None:
    expected = Status.RUNTIME_ERROR if result.failed else Status.OK
    assert result.testbench.status is expected, result.testbench.log
    coverage = result.testbench.coverage
    assert sorted(result.bins ^ frozenset(coverage)) == []
    assert sorted(result.harness ^ coverage.covered) == []


def compare_cocotb(result: Outcome) -> None:
    """After `$stop` a cocotb simulation is gone at once, with what the present step would count."""
    assert result.cocotb is not None
    coverage = result.cocotb.coverage
    assert sorted(result.bins ^ frozenset(coverage)) == []
    if result.stopped:
        assert result.cocotb.status is Status.RUNTIME_ERROR, result.cocotb.log
        assert coverage.covered <= result.harness
        return
    assert result.cocotb.status is Status.OK, result.cocotb.log
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
    return outcome(design, proposed(design, seed=1), in_cocotb=True)


@pytest.mark.parametrize("name", designs())
def test_every_design_is_covered_alike(name: str, outcomes: dict[str, Future[Outcome]]) -> None:
    compare(outcomes[name].result())


@pytest.mark.parametrize("name", VARIED)
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_every_program_covers_alike(name: str, data: st.DataObject) -> None:
    """In cocotb the same is tried by `test_emit_cocotb`."""
    design = built(name)
    program = ended(data.draw(programs(design.elaboration.interface)))
    compare_testbench(outcome(design, program, in_cocotb=False))


def ended(program: Program) -> Program:
    """The program with a last cycle: see `stimulus` on what is driven after it."""
    last = Segment("last_cycle", "Let the last drive show.", (Cycles(1),))
    return Program((*program.segments, last), (*program.run, last.name))


@pytest.mark.parametrize("name", ["three_instances", "fsm_twice", "instance_array"])
def test_a_module_covers_what_its_instances_cover(name: str) -> None:
    design = built(f"tests/rtl/{name}.sv")
    program = proposed(design, 1)
    _, reached = design.run(program)
    apart = simulate_text(design, program, flatten=True).coverage
    assert len({bin_.instance for bin_ in apart}) > 2
    assert {replace(bin_, instance="") for bin_ in apart.covered} == reached
    assert {replace(bin_, instance="") for bin_ in apart} == {b for of in design.bins for b in of}


def test_instances_that_are_driven_differently_are_told_apart() -> None:
    design = built("tests/rtl/three_instances.sv")
    apart = simulate_text(design, proposed(design, 1), flatten=True).coverage
    u_free, u_up, u_idle = (
        {replace(b, instance="") for b in apart.covered if b.instance == instance}
        for instance in ("u_free", "u_up", "u_idle")
    )
    assert u_idle < u_up < u_free
