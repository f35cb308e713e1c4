"""Cones of influence: how far inputs and registers are, by slang and by pyverilog alike."""

from __future__ import annotations

import pytest

from benchwright_agent.explain.dataflow import dataflow
from benchwright_agent.explain.explain import Source
from benchwright_sim.frontend.parsing import parse
from tests.agent.explain.explained import elaborated, explanations
from tests.built import RTL

PIPELINE = """\
module stage (input clk, input [3:0] d, output reg [3:0] q);
  always @(posedge clk) q <= d;
endmodule
module pipeline (input clk, input rst, input [3:0] d, input en, output reg hit, output [3:0] y);
  wire [3:0] first, second;
  wire open;
  reg [1:0] count;
  stage one (.clk(clk), .d(d), .q(first));
  stage two (.clk(clk), .d(first ^ 4'd3), .q(second));
  and gate (open, en, count[1]);
  assign y = open ? second : 4'd0;
  always @(posedge clk)
    if (rst) count <= 0;
    else if (en) count <= count + 1;
  always @(posedge clk)
    if (rst)
      hit <= 0;
    else if (y == 4'd9)
      hit <= 1;
endmodule
"""

FUNCTIONS = """\
module functions (input clk, input [3:0] a, b, input s, output reg [3:0] q, output reg [3:0] r);
  function [3:0] pick;
    input [3:0] x, y;
    input which;
    pick = which ? x : y;
  endfunction
  always @(posedge clk) begin
    q <= pick(a, r, s);
    if (q[0])
      r <= b;
  end
endmodule
"""

SYSTEM = """\
module system (input logic clk, a, input logic [2:0] b, output logic [2:0] y);
  logic [2:0] total;
  task automatic count(input logic [2:0] value, output logic [2:0] result);
    result = '0;
    for (int i = 0; i < 3; i++) result += 3'(value[i]);
  endtask
  always_comb count(b, total);
  always_ff @(posedge clk)
    if (total == 2 && a)
      y <= total;
endmodule
"""


def cone(text: str, bin_key: str) -> dict[str, tuple[str, int, int]]:
    """Kind, width and distance of what a bin's guards depend on."""
    found = explanations(text)[bin_key].cone
    return {entry.name: (entry.kind, entry.width, entry.registers) for entry in found}


def test_distance_is_counted_in_registers_across_instances_and_gates() -> None:
    assert cone(PIPELINE, "18:branch:if") == {
        "rst": ("input", 1, 0),
        "en": ("input", 1, 0),
        "count": ("register", 2, 0),
        "two.q": ("register", 4, 0),
        "one.q": ("register", 4, 1),
        "d": ("input", 4, 2),
    }


def test_the_nearest_come_first() -> None:
    distances = [e.registers for e in explanations(PIPELINE)["18:branch:if"].cone]
    assert distances == sorted(distances)


def test_tasks_hand_on_what_they_are_given() -> None:
    assert set(cone(SYSTEM, "9:branch:if")) == {"a", "b"}


@pytest.mark.parametrize("text", [PIPELINE, FUNCTIONS, (RTL / "fsm_parameters.v").read_text()])
def test_pyverilog_finds_the_same_cones(text: str) -> None:
    elaboration = elaborated(text, "design.v")
    flow = dataflow(elaboration.design, parse(elaboration.design))
    assert flow is not None
    cones = Source(elaboration).cones
    symbols = {name: cones.top.body.find(name) for name in flow.drivers if "." not in name}
    signals = {name: symbol for name, symbol in symbols.items() if symbol is not None}
    assert len(signals) >= 2
    for name, symbol in signals.items():
        ours = {entry.name: entry.registers for entry in cones.of([symbol])}
        assert flow.cone(name) == ours, name
