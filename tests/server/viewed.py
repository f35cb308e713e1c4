"""A small design with an include file, simulated, and what is seen of its views."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchwright_agent.record import read_record
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results.line_map import lines_of
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Part, Result
from benchwright_server.results.view import BinView, FileView, file_view
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.verdict import decide
from benchwright_sim.waivers import Waiver

DESIGN = """\
`include "body.svh"
module top (input logic clk, rst, /* größe 🙂 */ input logic [1:0] s, output logic [3:0] q);
\talways_ff @(posedge clk) begin
\t\tif (rst) begin
\t\t\tq <= 0;
\t\tend else if (s == 1) begin
\t\t\tq <= 1;
\t\t\tif (s == 3)
\t\t\t\tq <= 9;
\t\tend else begin
\t\t\t/* ü🙂 */ if (s == 2) q <= 3;
\t\t\tcase (s)
\t\t\t\t0: q <= 5;
\t\t\t\t3: q <= 4;
\t\t\t\tdefault: ;
\t\t\tendcase
\t\tend
\tend
\t/* one
\t   two */ logic t; assign t = (s == 3) ? q[0] : q[1];
\t`BODY(t)
\tleaf #(.N(1)) one (.a(s[0])); leaf #(.N(2)) two (.a(s[1]));
\tfor (genvar i = 0; i < 2; i++) begin : g
\t\tleaf #(.N(2)) many (.a(q[i]));
\tend
endmodule
module leaf #(parameter int N = 1) (input logic a);
\tlogic b;
\talways_comb begin
\t\tif (a) b = 1;
\t\telse b = 0;
\tend
\tinitial begin
\t\tif (N == 3) begin
\t\t\t$display("Ä", b);
\t\tend
\tend
endmodule"""
BODY = """\
`define BODY(x) \\
  always_comb begin \\
    if (x) u = 1; \\
    else u = 0; \\
  end logic u;
"""
BENCH = """\
module tb;
  logic clk = 0, rst = 1;
  logic [1:0] s = 0;
  logic [3:0] q;
  top dut (.*);
  always #5 clk = ~clk;
  initial begin
    repeat (3) @(negedge clk);
    rst = 0;
    repeat (3) @(negedge clk);
    $finish;
  end
endmodule
"""


def written(folder: Path, text: str) -> Path:
    (folder / "body.svh").write_bytes(BODY.encode())
    (folder / "tb.sv").write_text(BENCH, encoding="utf-8")
    design = folder / "top.sv"
    design.write_bytes(text.encode())
    return design


def simulated(folder: Path, text: str) -> Result:
    design = written(folder, text)
    command = [str(Path(sys.executable).with_name("benchwright")), "simulate", "tb.sv", "top.sv"]
    subprocess.run([*command, "-o", "run.json", "--quiet"], check=True, cwd=folder)
    record = read_record(folder / "run.json")
    spec = DesignSpec(folder=folder, sources=(design,), include_dirs=(folder,), top="top")
    texts = {"top.sv": text, "body.svh": BODY}
    part = Part(folder / "tb.sv", "testbench", record, "2026-01-01T00:00:00+00:00")
    return Result(spec.key, spec, folder, texts, (part,))


def view_of(
    result: Result,
    text: str = DESIGN,
    provisional: Provisional | None = None,
    waivers: Sequence[Waiver] = (),
) -> FileView:
    return file_view(result.root / "top.sv", text, result, provisional, waivers)


def all_bins(view: FileView) -> list[BinView]:
    return [bin_ for line in view.lines.values() for bin_ in line.bins]


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(lines_of(text)) if part in line)


def hits(view: FileView, text: str = DESIGN) -> Mapping[str, int | None]:
    """Hits by the stripped text of the line, as far as that is known."""
    lines = lines_of(text)
    return {lines[n].strip(): line.hits for n, line in view.lines.items()}


def event(result: Result, **more: object) -> dict[str, object]:
    bins = [
        {
            key: getattr(b, key)
            for key in ("file", "line", "column", "kind", "name", "module", "span")
        }
        for b in result.coverage
    ]
    return {"event": "snapshot", "root": str(result.root), "bins": bins, **more}


def with_bins(part: Part, bins: list[Bin]) -> Part:
    coverage = Coverage(dict.fromkeys(bins, 0))
    return replace(part, record=replace(part.record, coverage=coverage, verdicts=decide(coverage)))
