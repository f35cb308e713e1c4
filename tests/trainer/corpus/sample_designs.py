"""Small designs and rows of the formats that a corpus reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

COUNTER = """\
// counts up
module counter (
  input  logic       clk,
  input  logic       rst_n,
  input  logic       en,
  output logic [3:0] count
);
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) count <= '0;
    else if (en) count <= count + 1'b1;
endmodule
"""

COUNTER_AGAIN = """\
module counter(input logic clk, input logic rst_n, input logic en, output logic[3:0]count);
  /* the same, written
     otherwise */
  always_ff @(posedge clk or negedge rst_n) if (!rst_n) count <= '0;
  else if (en) count<=count + 1'b1;
endmodule
"""

MUX = """\
module mux (input [7:0] a, input [7:0] b, input sel, output [7:0] y);
  assign y = sel ? a : b;
endmodule
"""

PARITY = """\
module parity (input [15:0] word, output reg odd);
  always @* odd = ^word;
endmodule
"""

SHIFTER = """\
module shifter (input clk, input load, input [7:0] d, output bit_out);
  reg [7:0] held;
  always @(posedge clk) held <= load ? d : {1'b0, held[7:1]};
  assign bit_out = held[0];
endmodule
"""

TWO_TOPS = MUX + PARITY

NO_INPUT = "module constant (output [3:0] y);\n  assign y = 4'd9;\nendmodule\n"

BROKEN = "module broken (input a, output y);\n  assign y = a +;\nendmodule\n"

ANSWER = f"<think>a parity bit, ```no code``` yet</think>\nHere it is:\n```verilog\n{PARITY}```\n"


def lines(path: Path, values: Sequence[object]) -> Path:
    """Writes a file of JSON Lines; bytes are written as they are."""
    data = [v if isinstance(v, bytes) else json.dumps(v).encode() for v in values]
    path.write_bytes(b"\n".join(data) + b"\n")
    return path


def folder(path: Path, **files: str) -> Path:
    """Writes `.sv` files to a new folder."""
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.sv").write_text(text)
    return path
