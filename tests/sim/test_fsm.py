"""Tests of the checkers that sample state registers, run by the real simulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_sim.bins import Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.design import Design
from benchwright_sim.elaboration import StateRegister
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.testbench import Status, simulate

RING = """
module ring #(parameter int W = 1)
  (input logic clk, input logic rst_n, input logic go, output logic [1:0] q);
  logic [1:0] state;
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) state <= 0;
    else case (state)
      0: if (go) state <= 1;
      1: state <= 2;
      default: state <= 0;
    endcase
  assign q = state;
endmodule
"""
TOP = """
module top (input logic clk, input logic rst_n, input logic go, output logic [1:0] q);
  ring #(.W(3)) u (.clk, .rst_n, .go, .q);
endmodule
"""
BENCH = """
module tb;
  logic clk = 0, rst_n = 0, go = 0;
  logic [1:0] q;
  top dut (.*);
  initial begin
    STEPS
    $finish;
  end
  task automatic cycles(input int n);
    repeat (n) begin #1 clk = 1; #1 clk = 0; end
  endtask
endmodule
"""
STATES = (("IDLE", 0), ("RUN", 1), ("DONE", 2))
ARCS = (("IDLE", "RUN"), ("RUN", "DONE"), ("DONE", "IDLE"), ("RUN", "IDLE"))


def register(**changes: object) -> StateRegister:
    """The register of `RING`."""
    base = StateRegister(
        module="ring",
        name="state",
        width=2,
        clock="clk",
        edge="posedge",
        reset="!rst_n",
        states=STATES,
        arcs=ARCS,
        file=Path("/design/dut.sv"),
        line=4,
        column=15,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # one helper for fields of any type


def run(folder: Path, source: str, steps: str, *registers: StateRegister) -> Coverage:
    """Coverage of a run whose checkers sample `registers`."""
    file = folder / "dut.sv"
    file.write_text(source)
    design = Design(root=folder, sources=(file,), top="top")
    here = [replace(one, file=file) for one in registers]
    fsm = fsm_bind(here, root=folder) if here else None
    feedback = simulate(design, BENCH.replace("STEPS", steps), fsm=fsm)
    assert feedback.status is Status.OK, (feedback.log, feedback.diagnostics)
    return feedback.coverage


def counts(coverage: Coverage) -> dict[str, int]:
    """Name -> count of the FSM bins."""
    kinds = {Kind.FSM_STATE, Kind.FSM_ARC}
    return {b.name.partition(": ")[2]: n for b, n in coverage.items() if b.kind in kinds}


def test_states_and_arcs_are_counted_exactly(tmp_path: Path) -> None:
    steps = "cycles(2); rst_n = 1; cycles(3); go = 1; cycles(7);"
    coverage = run(tmp_path, RING + TOP, steps, register())
    # Sampled before each edge: 0 0 | 0 0 0 | 0 1 2 0 1 2 0.
    assert counts(coverage) == {
        "IDLE": 8,
        "RUN": 2,
        "DONE": 2,
        "IDLE -> RUN": 2,
        "RUN -> DONE": 2,
        "DONE -> IDLE": 2,
        "RUN -> IDLE": 0,
    }


def test_bins_stand_at_the_declaration(tmp_path: Path) -> None:
    coverage = run(tmp_path, RING + TOP, "cycles(1);", register())
    bins = {bin_ for bin_ in coverage if bin_.kind is Kind.FSM_STATE}
    assert {bin_.id for bin_ in bins} == {
        f"fsm_state:dut.sv:4:15:state: {name}" for name, _ in STATES
    }
    assert {bin_.module for bin_ in bins} == {"ring"}


def test_checkers_leave_no_bins_of_their_own(tmp_path: Path) -> None:
    steps = "cycles(2); rst_n = 1; go = 1; cycles(7);"
    without = run(tmp_path, RING + TOP, steps)
    with_checker = run(tmp_path, RING + TOP, steps, register())
    others = {b: n for b, n in with_checker.items() if not b.kind.startswith("fsm")}
    assert others == dict(without)
    assert len(with_checker) == len(without) + len(STATES) + len(ARCS)


@pytest.mark.parametrize(
    ("how", "steps"),
    [
        ("seen by the clock", "rst_n = 0; cycles(1); rst_n = 1; cycles(2);"),
        ("between two edges", "rst_n = 0; #1 rst_n = 1; #1 cycles(2);"),
        ("with the clock high", "#1 clk = 1; rst_n = 0; #1 clk = 0; rst_n = 1; cycles(2);"),
    ],
)
def test_arc_that_reset_makes_is_not_counted(tmp_path: Path, how: str, steps: str) -> None:
    before = "rst_n = 0; #1 rst_n = 1; go = 1; cycles(2); go = 0;"
    found = counts(run(tmp_path, RING + TOP, before + steps, register()))
    # RUN was sampled last; the edge to DONE was taken back by reset.
    assert found["RUN"] == 1, how
    assert found["RUN -> IDLE"] == 0, how
    assert found["IDLE"] > 1, how


def test_synchronous_reset_is_no_arc_and_states_count_in_reset(tmp_path: Path) -> None:
    source = RING.replace(" or negedge rst_n", "") + TOP
    steps = "cycles(1); rst_n = 1; go = 1; cycles(2); rst_n = 0; cycles(3); rst_n = 1; cycles(2);"
    found = counts(run(tmp_path, source, steps, register()))
    # Sampled: 0 | 0 1 | 2 0 0 | 0 1, the middle three in reset.
    assert found["DONE"] == 1
    assert found["DONE -> IDLE"] == 0
    assert found["RUN -> DONE"] == 0
    assert found["IDLE -> RUN"] == 2


def test_register_without_reset(tmp_path: Path) -> None:
    found = counts(run(tmp_path, RING + TOP, "rst_n = 1; go = 1; cycles(4);", register(reset="")))
    assert found["IDLE -> RUN"] == found["RUN -> DONE"] == found["DONE -> IDLE"] == 1


def test_negative_edge_and_blocking_assignments(tmp_path: Path) -> None:
    source = RING.replace("posedge clk", "negedge clk").replace("<=", "=") + TOP
    steps = "#1 rst_n = 1; go = 1; cycles(7);"
    found = counts(run(tmp_path, source, steps, register(edge="negedge")))
    assert found == {
        "IDLE": 3,
        "RUN": 2,
        "DONE": 2,
        "IDLE -> RUN": 2,
        "RUN -> DONE": 2,
        "DONE -> IDLE": 2,
        "RUN -> IDLE": 0,
    }


def test_instances_and_specialisations_add_up(tmp_path: Path) -> None:
    top = TOP.replace("endmodule", "logic [1:0] r, s;") + (
        "ring #(.W(3)) v (.clk, .rst_n, .go(1'b0), .q(r));\n"
        "ring w (.clk, .rst_n, .go, .q(s));\nendmodule\n"
    )
    found = counts(run(tmp_path, RING + top, "#1 rst_n = 1; go = 1; cycles(4);", register()))
    assert (found["IDLE"], found["RUN"], found["IDLE -> RUN"]) == (8, 2, 2)


def test_states_without_a_visit_are_bins(tmp_path: Path) -> None:
    states = (*STATES, ("NEVER", 3))
    never = register(states=states, arcs=(*ARCS, ("NEVER", "IDLE")))
    found = counts(run(tmp_path, RING + TOP, "cycles(3);", never))
    assert found["NEVER"] == found["NEVER -> IDLE"] == 0


def test_enumerated_type_and_gated_clock_in_a_generate_block(tmp_path: Path) -> None:
    source = """
    module top (input logic clk, input logic rst_n, input logic go, output logic [1:0] q);
      typedef enum logic [1:0] {IDLE, RUN, DONE} state_e;
      for (genvar n = 0; n < 2; n++) begin : lane
        wire gated = clk & go;
        state_e state;
        always_ff @(posedge gated)
          if (!rst_n) state <= IDLE;
          else state <= state == IDLE ? RUN : state == RUN && n == 1 ? DONE : IDLE;
      end
      assign q = lane[1].state;
    endmodule
    """
    lanes = [
        register(module="top", name=f"lane[{n}].state", clock=f"lane[{n}].gated", column=15 + n)
        for n in range(2)
    ]
    steps = "go = 1; cycles(1); rst_n = 1; cycles(4); go = 0; cycles(5);"
    coverage = run(tmp_path, source, steps, *lanes)
    found = {b.name: n for b, n in coverage.items() if b.kind is Kind.FSM_ARC}
    assert found["lane[0].state: RUN -> IDLE"] == 1
    assert found["lane[0].state: RUN -> DONE"] == 0
    assert found["lane[1].state: RUN -> DONE"] == 1
    assert found["lane[1].state: RUN -> IDLE"] == 0


def test_names_that_need_escaping(tmp_path: Path) -> None:
    source = RING.replace("state", "\\do ").replace("ring", r"\ring+1 ")
    top = TOP.replace("ring", r"\ring+1 ")
    odd = register(module="ring+1", name="do")
    found = counts(run(tmp_path, source + top, "#1 rst_n = 1; go = 1; cycles(3);", odd))
    assert found["IDLE -> RUN"] == 1


def test_module_that_the_top_does_not_use_is_no_error(tmp_path: Path) -> None:
    absent = register(module="absent")
    found = counts(run(tmp_path, RING + TOP, "cycles(2);", absent, register()))
    assert found["IDLE"] == 2


def test_wide_register(tmp_path: Path) -> None:
    run_value = (1 << 99) + 1
    source = RING.replace("logic [1:0] state", "logic [99:0] state")
    source = source.replace("state <= 1;", f"state <= 100'h{run_value:x};")
    source = source.replace("1: state", f"100'h{run_value:x}: state")
    wide = register(width=100, states=(("IDLE", 0), ("RUN", run_value), ("DONE", 2)))
    found = counts(run(tmp_path, source + TOP, "#1 rst_n = 1; go = 1; cycles(4);", wide))
    assert (found["RUN"], found["IDLE -> RUN"], found["RUN -> DONE"]) == (1, 1, 1)


def test_two_names_of_one_value_are_one_state() -> None:
    points = fsm_bind(
        [
            register(
                states=(("IDLE", 0), ("RESET", 0), ("RUN", 1), ("FAR", 9)),
                arcs=(
                    ("IDLE", "RUN"),
                    ("RESET", "RUN"),
                    ("IDLE", "RESET"),
                    ("RUN", "FAR"),
                    ("RUN", "GONE"),
                ),
            )
        ],
        root=Path("/design"),
    )
    assert [bin_.name for bin_ in points.bins.values()] == [
        "state: IDLE",
        "state: RUN",
        "state: IDLE -> RUN",
    ]
    assert {bin_.file for bin_ in points.bins.values()} == {"dut.sv"}


def test_nothing_to_sample_is_no_text() -> None:
    assert fsm_bind([], root=Path("/design")) == FsmPoints()
    assert fsm_bind([register(states=())], root=Path("/design")).text == ""


def test_equal_registers_give_equal_text() -> None:
    once = fsm_bind([register(), register(name="other")], root=Path("/design"))
    assert once == fsm_bind([register(), register(name="other")], root=Path("/design"))
    assert once.text.count("endmodule") == 2
