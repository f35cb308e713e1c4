"""What a run sees of guards: how often they held, what they read, how near they came."""

from __future__ import annotations

import pytest

from benchwright_agent.explain.explain import Source
from benchwright_agent.explain.explanation import Near, Seen
from benchwright_agent.explain.observation import observe
from benchwright_agent.explain.probe import Probes
from benchwright_agent.explain.wording import short
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.simulation import Feedback, Status
from benchwright_sim.testbench import simulate
from tests.agent.explain.explained import elaborated, ran, seen

MACHINE = """\
module machine (input logic clk, rst_n, go, input logic [7:0] d, output logic hit);
  typedef enum logic [1:0] {IDLE, RUN, LAST} state_t;
  state_t state;
  logic [5:0] count;
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) begin
      state <= IDLE; count <= 0; hit <= 0;
    end else case (state)
      IDLE: if (go) begin state <= RUN; count <= 0; end
      RUN: begin
        count <= count + 1;
        if (count == 6'd40) state <= LAST;
        else if (d > 8'd200 && !go) state <= IDLE;
      end
      default: state <= IDLE;
    endcase
endmodule
"""
BENCH = """\
module bench;
  logic clk = 0, rst_n = 0, go = 0, hit;
  logic [7:0] d = 0;
  machine dut (.*);
  always #5 clk = ~clk;
  initial begin
    repeat (2) @(negedge clk);
    rst_n = 1; go = 1;
    repeat (30) begin @(negedge clk); d = d + 3; end
    $finish;
  end
endmodule
"""


def test_each_guard_is_sampled_where_those_around_it_hold() -> None:
    found = seen(ran(MACHINE, BENCH, "design.sv:12"), "elsif")
    reset, state, last = found.values()
    assert reset is not None
    assert state is not None
    assert last is not None
    assert (reset.met, reset.missed) == (30, 2)
    assert (state.met, state.missed) == (29, 1)
    assert (last.met, last.missed) == (0, 29)
    assert last.near == (Near("count == 6'd40", 28, 40, 12, 1),)
    (values,) = last.values
    assert (values.name, values.low, values.high, values.complete) == ("count", 0, 28, False)
    assert len(values.distinct) == 8


def test_values_of_an_enum_have_their_names() -> None:
    answer = ran(MACHINE, BENCH, "design.sv:15")
    default = seen(answer, "case")["state is none of IDLE, RUN"]
    assert default is not None
    assert default.values[0].names == ("IDLE", "RUN")
    assert short(answer.explanations[0]).endswith("(state was IDLE, RUN)")


def test_the_text_names_the_guard_that_stopped_the_run() -> None:
    answer = ran(MACHINE, BENCH, "design.sv:13")
    (branch,) = [e for e in answer.explanations if e.bin.name == "if"]
    assert "`d > 8'd200 && !go` never held in 29 samples" in branch.text
    assert "nearest 87 against 200, 113 away" in branch.text


TWICE = """\
module part (input logic clk, input logic signed [7:0] v, output logic y);
  always_ff @(posedge clk)
    if (v < -8'sd100) y <= 1;
endmodule
module twice (input logic clk, input logic signed [7:0] a, b, output logic y, z);
  part one (.clk, .v(a), .y);
  part two (.clk, .v(b), .y(z));
endmodule
"""


def test_instances_are_added_up_and_signs_are_kept() -> None:
    bench = (
        "module bench; logic clk = 0; logic signed [7:0] a = -5, b = 7; wire y, z;\n"
        "twice dut (.*); initial begin repeat (20) #5 clk = ~clk; $finish; end endmodule\n"
    )
    found = seen(ran(TWICE, bench, "design.sv:3"), "if")["v < -8'sd100"]
    assert found is not None
    assert (found.met, found.missed) == (0, 20)
    assert (found.values[0].low, found.values[0].high) == (-5, 7)
    assert (found.near[0].left, found.near[0].right, found.near[0].distance) == (-5, -100, 95)


WITHOUT_CLOCK = """\
module gates (input logic [3:0] a, b, output logic y);
  always_comb begin
    y = 0;
    if (a == b) y = 1;
    for (int i = 0; i < 4; i++) if (a[i] && b == 4'd15) y = 0;
  end
endmodule
"""


def test_without_a_clock_every_change_is_a_sample() -> None:
    bench = (
        "module bench; logic [3:0] a = 0, b = 8; wire y; gates dut (.*);\n"
        "initial begin #1 a = 3; #1 a = 6; #1 a = 1; #1 $finish; end endmodule\n"
    )
    found = seen(ran(WITHOUT_CLOCK, bench, "design.sv:4"), "if")["a == b"]
    assert found is not None
    assert found.met == 0
    assert (found.near[0].left, found.near[0].right, found.near[0].distance) == (6, 8, 2)
    unknown = seen(ran(WITHOUT_CLOCK, bench, "design.sv:5"), "if")["a[i] && b == 4'd15"]
    assert unknown is not None
    assert unknown.met is None
    assert {values.name for values in unknown.values} == {"a", "b"}


def run_machine(points: FsmPoints) -> Feedback:
    """Simulates the machine's testbench."""
    design = elaborated(MACHINE).design
    return simulate(design, BENCH, tb_name="bench", fsm=points, modules={"machine"})


def test_probes_leave_the_coverage_as_it_is() -> None:
    elaboration = elaborated(MACHINE)
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    plain = run_machine(fsm)
    probed = observe(Source(elaboration), plain.coverage, run_machine, fsm)
    assert probed.feedback.coverage == plain.coverage
    assert probed.feedback.log == plain.log
    assert len(probed.seen) > 10


def test_a_probe_that_the_simulator_refuses_costs_itself_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = Probes.text

    def with_an_error(self: Probes, without: set[int]) -> tuple[str, dict[int, int]]:
        text, numbers = honest(self, without)
        if without:
            return text, dict(numbers)
        lines = text.splitlines()
        first = min(numbers)
        lines[first - 1] = lines[first - 1].replace("#(.ID(", "#(.NONE(")
        return "\n".join([*lines, ""]), dict(numbers)

    monkeypatch.setattr(Probes, "text", with_an_error)
    elaboration = elaborated(MACHINE)
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    bins = run_machine(fsm).coverage
    observation = observe(Source(elaboration), bins, run_machine, fsm)
    assert observation.feedback.status is Status.OK
    assert observation.notes == ("1 samples could not be taken: the simulator refuses them",)
    assert any(isinstance(found, Seen) for found in observation.seen.values())
