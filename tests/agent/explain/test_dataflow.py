"""Pyverilog's dataflow: what registers are loaded with, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.explain import dataflow as module
from benchwright_agent.explain.dataflow import Dataflow, dataflow
from benchwright_sim.frontend.parsing import parse
from tests.agent.explain.explained import elaborated
from tests.built import RTL

COUNTER = """\
`timescale 1ns/1ps
`define WIDTH 4
`define NEXT(x) x + 1
module counter (input clk, input rst, input en, output reg [`WIDTH-1:0] count, output [1:0] two);
  localparam TOP = 9;
  assign two[0] = en;
  assign two[1] = rst;
`ifdef NEVER
  this is not Verilog
`endif
  always @(posedge clk) // a comment
    if (rst) count <= 0;
    else if (en) begin
      if (count == TOP) count <= 0;
      else count <= `NEXT(count);
    end
endmodule
"""


def flow(text: str, name: str = "design.v") -> Dataflow | None:
    """The dataflow of a design."""
    design = elaborated(text, name).design
    return dataflow(design, parse(design))


def test_a_register_has_one_expression_for_its_next_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = flow(COUNTER)
    assert found is not None
    expected = "(rst ? 0 : (en ? ((count == TOP) ? 0 : (count + 1)) : count))"
    assert found.next_value("count") == expected
    assert found.next_value("two") == ""
    assert found.next_value("nothing") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (COUNTER, "design.sv"),
        ((RTL / "keyword_names.v").read_text(), "design.v"),
        ((RTL / "keyword_region.v").read_text(), "design.v"),
    ],
)
def test_what_pyverilog_cannot_read_has_no_dataflow(text: str, name: str) -> None:
    assert flow(text, name) is None


@pytest.mark.parametrize(("limit", "value"), [("TIMEOUT_S", 0.05), ("MEMORY_BYTES", 1 << 24)])
def test_an_analysis_that_needs_too_much_is_given_up(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(module, limit, value)
    assert flow(COUNTER) is None
