"""Small designs as rows of suites, written here so that no suite lies in the repository."""

from __future__ import annotations

from typing import Any

from benchwright_agent.evaluation.rows import Row, row_from_json

COUNTER = """\
module counter (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       en,
    output logic [1:0] count,
    output logic       wrap
);
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) count <= '0;
    else if (en) count <= count + 1'b1;
  assign wrap = en && count == '1;
endmodule
"""

PAIR = """\
module pair (
    input  logic clk,
    input  logic a,
    input  logic b,
    output logic x,
    output logic y
);
  latch u_fast (.clk, .d(a), .q(x));
  latch u_slow (.clk, .d(b), .q(y));
endmodule
"""

LATCH = """\
module latch (
    input  logic clk,
    input  logic d,
    output logic q
);
  always_ff @(posedge clk)
    if (d) q <= 1'b1;
    else q <= 1'b0;
endmodule
"""

GATE = """\
module gate (
    input  logic a,
    input  logic b,
    output logic y
);
  assign y = a & b;
endmodule
"""

BROKEN = "module broken (input logic a, output logic y);\n  assign y = b;\nendmodule\n"

DESIGNS = {
    "counter": {"counter.sv": COUNTER},
    "pair": {"rtl/pair.sv": PAIR, "rtl/latch.sv": LATCH},
    "gate": {"gate.sv": GATE},
    "broken": {"broken.sv": BROKEN},
}
"""Module -> its files."""


def row_json(module: str, **fields: Any) -> dict[str, Any]:
    """A row of the data set's format for one of `DESIGNS`."""
    files = [{"name": name, "content": text} for name, text in DESIGNS[module].items()]
    row = {
        "id": f"ours_{module}_0001",
        "rtl_files": files,
        "spec_files": [{"name": "docs/spec.md", "content": f"# {module}\n"}],
        "dut_module_name": module,
        "dut_instance_name": "dut",
        "instruction": "Cover it.",
        "targets": [
            {"inst_name": "dut", "metric": "Overall Average", "target_percentage": 90.0},
        ],
        "difficulty": "easy",
        "is_agentic": False,
    }
    return row | fields


def row(module: str, **fields: Any) -> Row:
    """The same as a row."""
    return row_from_json(row_json(module, **fields), f"suite.jsonl:{module}")


def target(metric: str, percent: float = 100.0, instance: str = "dut") -> dict[str, Any]:
    """A target of a row."""
    return {"inst_name": instance, "metric": metric, "target_percentage": percent}
