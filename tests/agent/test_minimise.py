"""Nothing in a minimised program can be left out, and it covers what it covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_agent.bench import Bench
from benchwright_agent.budget import Budget
from benchwright_agent.goals import Goals
from benchwright_agent.minimise import Minimiser
from benchwright_agent.narrate import first_covers
from benchwright_agent.policies.search import Search
from benchwright_agent.tape import Tape, n_cycles, program_of
from benchwright_sim.bins import Kind
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.harness.client import Worker
from benchwright_sim.stimulus import Segment
from tests.built import Built, built, compile_design

DESIGNS = (
    "examples/04_arbiter",
    "tests/rtl/alu.sv",
    "tests/rtl/finish_on_value.sv",
    "tests/rtl/fsm_three_process.sv",
    "tests/rtl/queue_state.sv",
    "tests/rtl/three_clocks.sv",
)


def bench_of(design: Built, worker: Worker) -> Bench:
    return Bench(design.elaboration, worker, design.encoder, Goals(design.bins), (), design.fsm)


def searched(bench: Bench, cycles: int = 60_000) -> list[Segment]:
    tape = Tape(bench.worker, bench.encoder, bench.goals, Budget(None, cycles))
    Search(bench.elaboration, tape, seed=1, done=lambda: False, on_round=lambda: None).run()
    return tape.segments


@pytest.mark.parametrize("name", DESIGNS)
def test_nothing_can_be_left_out(name: str) -> None:
    design = built(name)
    with design.worker() as worker:
        bench = bench_of(design, worker)
        segments = searched(bench)
        kept = Minimiser(bench, searched=10_000_000).run(segments)
        covers = first_covers(bench, kept)
    _, before = design.run(program_of(segments))
    _, covered = design.run(program_of(kept))
    assert before == bench.goals.covered
    assert covered == before
    assert sum(n_cycles(s.actions) or 0 for s in kept) <= sum(
        n_cycles(s.actions) or 0 for s in segments
    )
    for i, segment in enumerate(kept):
        if segment.name == "reset" and i == 0:
            continue
        _, without = design.run(program_of(kept[:i] + kept[i + 1 :]))
        assert not without >= covered, segment.name
    if segments and segments[0].name == "reset":
        assert kept[0] == segments[0]
    told = [bin_ for bins in covers.values() for bin_ in bins]
    assert len(told) == len(set(told))
    assert set(told) == covered


def test_a_stop_leaves_the_program_as_it_is() -> None:
    design = built("tests/rtl/alu.sv")
    with design.worker() as worker:
        bench = bench_of(design, worker)
        segments = searched(bench)
        assert Minimiser(bench, searched=0, stopped=lambda: True).run(segments) == segments


def test_a_program_that_does_not_do_what_it_says_is_left_alone() -> None:
    design = built("tests/rtl/alu.sv")
    with design.worker() as worker:
        bench = bench_of(design, worker)
        segments = searched(bench)
        shorter = [replace(segments[0], actions=())]
        assert Minimiser(bench, searched=0).run(shorter) == shorter


FATAL = """
module guarded (input logic clk, input logic go, input logic arm, output logic [1:0] q);
  always_ff @(posedge clk) begin
    if (go) q <= 2;
    else q <= 1;
    /* verilator coverage_off */
    if (go && !arm) $fatal(1, "go without arm");
  end
endmodule
"""


def test_no_assertion_comes_to_fail(tmp_path: Path) -> None:
    (tmp_path / "guarded.sv").write_text(FATAL)
    design = compile_design(elaborate(load_design([tmp_path / "guarded.sv"])))
    toggles = {bin_ for of in design.bins for bin_ in of if bin_.kind is Kind.TOGGLE}
    with design.worker() as worker:
        goals = Goals(design.bins, unwanted=toggles)
        bench = Bench(design.elaboration, worker, design.encoder, goals, (), design.fsm)
        segments = searched(bench)
        kept = Minimiser(bench, searched=0).run(segments)
    assert kept
    assert design.run(program_of(kept))[0].status == "ok"
