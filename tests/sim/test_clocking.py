"""Tests of clocks and resets, inferred from use."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import ParameterError
from benchwright_sim.interface import Clock, Interface, Reset

RTL = Path(__file__).parent.parent / "rtl"

PORTS = "input c, c2, a, b, rst, input [3:0] d, output reg [3:0] q, output reg [3:0] p"


def _interface(tmp_path: Path, body: str, ports: str = PORTS) -> Interface:
    path = tmp_path / "top.sv"
    path.write_text(f"module top({ports});\n{body}\nendmodule\n")
    return elaborate(load_design([path])).interface


def _clocks(interface: Interface) -> dict[str, str]:
    return {clock.signal: clock.edge for clock in interface.clocks}


def _resets(interface: Interface) -> dict[str, tuple[int, bool]]:
    return {reset.signal: (reset.active, reset.asynchronous) for reset in interface.resets}


@pytest.mark.parametrize(
    ("body", "clocks"),
    [
        ("always @(posedge c) q <= d;", {"c": "posedge"}),
        ("always @(negedge c) q <= d;", {"c": "negedge"}),
        ("always @(posedge c) q <= d; always @(negedge c) p <= d;", {"c": "both"}),
        ("always_ff @(edge c) q <= d;", {"c": "both"}),
        ("always @(posedge c) q <= d; always @(posedge c2) p <= d;",
         {"c": "posedge", "c2": "posedge"}),
        ("wire n = ~c; always @(posedge n) q <= d;", {"c": "negedge"}),
        ("always @* if (c) q = d;", {}),
        ("always_latch if (c) q = d;", {}),
        ("always @(c or d) q = d & {4{c}};", {}),
        ("always @(posedge d[0]) q <= d;", {}),
        ("wire g = c & a; always @(posedge g) q <= d; always @(posedge c) p <= d;",
         {"c": "posedge"}),
        ("reg h; always @(posedge c) h <= ~h; always @(posedge h) q <= d;", {"c": "posedge"}),
        ("always begin @(posedge c); q = d; end", {"c": "posedge"}),
        ("assign q = c;", {}),
    ],
)  # fmt: skip
def test_clocks(tmp_path: Path, body: str, clocks: dict[str, str]) -> None:
    assert _clocks(_interface(tmp_path, body)) == clocks


@pytest.mark.parametrize(
    ("body", "resets"),
    [
        ("always @(posedge c or posedge a) if (a) q <= 0; else q <= d;", {"a": (1, True)}),
        ("always @(posedge a or posedge c) if (a) q <= 0; else q <= d;", {"a": (1, True)}),
        ("always @(posedge c or negedge a) if (!a) q <= 0; else q <= d;", {"a": (0, True)}),
        ("always @(posedge c or negedge a) if (a == 1'b0) q <= 0; else q <= d;",
         {"a": (0, True)}),
        ("always @(posedge c, posedge a, posedge b) if (a) q <= 0; else if (b) q <= 4'hF;"
         " else q <= d;", {"a": (1, True), "b": (1, True)}),
        ("wire n = ~a; always @(posedge c or negedge n) if (!n) q <= 0; else q <= d;",
         {"a": (1, True)}),
        ("wire n = a | b; always @(posedge c or posedge n) if (n) q <= 0; else q <= d;",
         {"a": (1, True), "b": (1, True)}),
        ("always @(posedge c or posedge a) if (a) q <= d; else q <= q + 1;", {}),
        ("always @(posedge c) if (rst) q <= 0; else q <= d;", {"rst": (1, False)}),
        ("always @(posedge c) if (!rst) q <= 0; else q <= d;", {"rst": (0, False)}),
        ("always @(posedge c) begin q <= d; if (rst) q <= 0; end", {"rst": (1, False)}),
        ("always @(posedge c) q <= rst ? 4'd0 : d;", {"rst": (1, False)}),
        ("always @(posedge c) if (rst || a) q <= 0; else q <= d;", {"rst": (1, False)}),
        ("always @(posedge c) if (rst & a) q <= 0; else q <= d;", {"rst": (1, False)}),
        ("always @(posedge c) if (rst) q <= d;", {}),
        ("reg [3:0] n; always @* if (rst) n = 0; else n = d; always @(posedge c) q <= n;",
         {"rst": (1, False)}),
        ("always @(posedge c) if (a) q <= 0; else q <= d;", {"a": (1, False)}),
        ("always @(posedge c) if (a) q <= 0; else q <= d; always @(posedge c) p <= d;", {}),
        ("always @(posedge c) if (a) q <= d; else q <= 0;", {}),
        ("always @(posedge c) if (a) q <= 0; else q <= d; always @(posedge c)"
         " if (rst) p <= 0; else p <= d;", {"rst": (1, False)}),
    ],
)  # fmt: skip
def test_resets(tmp_path: Path, body: str, resets: dict[str, tuple[int, bool]]) -> None:
    assert _resets(_interface(tmp_path, body)) == resets


@pytest.mark.parametrize("name", ["en", "load", "start", "wr_en", "valid"])
def test_an_enable_is_no_reset(tmp_path: Path, name: str) -> None:
    body = f"always @(posedge c) if ({name}) q <= 0; else q <= d;"
    ports = f"input c, {name}, input [3:0] d, output reg [3:0] q"
    assert _interface(tmp_path, body, ports).resets == ()


def test_through_hierarchy_with_other_names(tmp_path: Path) -> None:
    (tmp_path / "leaf.sv").write_text(
        "module leaf(input x, y, input [3:0] d, output logic [3:0] q);\n"
        "  always_ff @(posedge x or negedge y) if (!y) q <= 0; else q <= d;\nendmodule\n"
    )
    interface = _interface(
        tmp_path, "leaf u(.x(!a), .y(~b), .d(d), .q(q)); leaf v [1:0] (c2, {2{~rst}}, d, );"
    )
    assert _clocks(interface) == {"c2": "posedge", "a": "negedge"}
    assert _resets(interface) == {"b": (1, True), "rst": (1, True)}


def test_gates_muxes_and_inverters() -> None:
    interface = elaborate(load_design([RTL / "front_gated.sv"])).interface
    assert interface.clocks == (Clock("osc", "both"), Clock("aux_clk", "negedge"))
    assert interface.resets == (Reset("kill", 1, True),)


def test_declared_clocks_and_resets_win(tmp_path: Path) -> None:
    path = tmp_path / "top.sv"
    path.write_text(
        f"module top({PORTS}); always @(posedge c) if (rst) q <= 0; else q <= d; endmodule\n"
    )
    found = elaborate(load_design([path], clocks=[("a", "negedge")], resets=[("b", 0)]))
    assert found.interface.clocks == (Clock("a", "negedge"),)
    assert found.interface.resets == (Reset("b", 0, False),)
    assert found.interface.idle_value("b") == 1
    for options in ({"clocks": [("zz", "posedge")]}, {"clocks": [("d", "posedge")]}):
        with pytest.raises(ParameterError, match="one-bit input"):
            elaborate(load_design([path], **options))  # type: ignore[arg-type]  # both are clocks


@pytest.mark.parametrize(
    ("file", "clocks", "resets"),
    [
        ("async_fifo.sv", {"wclk": "posedge", "rclk": "posedge"},
         {"wrst_n": (0, True), "rrst_n": (0, True)}),
        ("both_edges.sv", {"clk": "both"}, {"rst": (1, False)}),
        ("clock_gate.sv", {"clk": "posedge"}, {"rst_n": (0, True)}),
        ("sync_reset.sv", {"ck": "posedge"}, {"clear": (1, False)}),
        ("async_reset.sv", {"tick": "posedge"}, {"alive": (0, True)}),
        ("latch.sv", {}, {}),
        ("negedge_ff.sv", {"clk": "negedge"}, {"rst_n": (0, True)}),
        ("instance_array.sv", {"clk": "posedge"}, {"clear": (1, False)}),
    ],
)  # fmt: skip
def test_designs(file: str, clocks: dict[str, str], resets: dict[str, tuple[int, bool]]) -> None:
    interface = elaborate(load_design([RTL / file])).interface
    assert _clocks(interface) == clocks
    assert _resets(interface) == resets
