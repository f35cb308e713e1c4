"""Design units are found in any text, whole or broken."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_server.results.outline import ModuleOutline, outline

RTL = Path(__file__).parents[1] / "rtl"

PIECES = [
    *("module ", "macromodule ", "interface ", "program ", "endmodule", "endinterface", "class "),
    *(
        "a",
        " b",
        "\\e#s ",
        "#(",
        "(",
        ")",
        ";",
        "\n",
        "\r\n",
        '"',
        '"""',
        "//",
        "/*",
        "*/",
        "`else",
    ),
    *(
        "`ifdef X\n",
        "`endif",
        "`define M module\\\n",
        "begin : g ",
        "u (",
        "extern ",
        "\\",
        "[3:0]",
    ),
]


def names(text: str) -> list[str]:
    return [unit.name for unit in outline(text)]


def only(text: str) -> ModuleOutline:
    (unit,) = outline(text)
    return unit


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_has_an_outline(text: str) -> None:
    n_lines = text.count("\n") + 1
    for unit in outline(text):
        assert 0 <= unit.line <= unit.end_line < n_lines + text.count("\r")
        line = text.replace("\r\n", "\n").split("\n")[unit.line]
        assert line[unit.name_character :].removeprefix("\\").startswith(unit.name)


@given(st.text(max_size=80))
def test_no_text_is_an_error(text: str) -> None:
    outline(text)


def test_kinds_names_and_places() -> None:
    text = (
        "// module not_this (\n/* module nor_this; */\n"
        "module automatic first (input logic a); endmodule : first\n"
        "  macromodule second; endmodule\n"
        "interface bus (input clk); modport m(input clk); endinterface\n"
        "program check (bus b); endprogram\n"
        "module \\odd.name+ (a, b); input a; output b;\nendmodule\n"
    )
    assert [(u.kind, u.name, u.line, u.name_character, u.end_line) for u in outline(text)] == [
        ("module", "first", 2, 17, 2),
        ("module", "second", 3, 14, 3),
        ("interface", "bus", 4, 10, 4),
        ("program", "check", 5, 8, 5),
        ("module", "odd.name+", 6, 7, 7),
    ]
    assert [unit.has_ports for unit in outline(text)] == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("header", "has_ports"),
    [
        ("module m;", False),
        ("module m();", False),
        ("module m( /* none */ );", False),
        ("module m #(parameter int W = $clog2(8));", False),
        ('module m #(parameter string S = "a)(b;") ( );', False),
        ("module m #(parameter W = 1)\n(\n  input [W-1:0] a\n);", True),
        ("module m import p::*; #(parameter type T = struct packed {logic a;}) (input T a);", True),
        ("module m (interface i);", True),
        ("module m (bus.master end_of_bus, (* keep *) input a);", True),
        ("module m (a, b);", True),
        ("module m #(W = 1) ();", False),
    ],
)
def test_ports_are_told_from_parameters(header: str, has_ports: bool) -> None:
    assert only(f"{header}\nendmodule\n").has_ports is has_ports


def test_what_is_instantiated() -> None:
    text = """
module tb;
  dut u_dut (.*);
  fifo #(.W(8), .D((2))) u_fifo [3:0] (.a(a)); ram #(8) u_ram (b);
  generate if (1) begin : g adder u_add (c); end else \\odd! u_odd (d); endgenerate
  and g1 (x, y, z);
  `ifdef SLOW
  slow u_slow (e);
  `endif
  function automatic my_t f(input x); return g (x); endfunction
  always @(posedge clk) begin if (a) b <= c; else if (d) my_task (e); end
  initial begin : main work (1); $display ("fake u_fake (x)"); end
  // other u_other (y);
endmodule
"""
    unit = only(text)
    assert unit.instantiates == ("dut", "fifo", "ram", "adder", "odd!", "slow")
    assert unit.is_testbench


def test_nested_modules_keep_their_own() -> None:
    outer, inner = outline("module a; module b; c u (); endmodule\n d v ();\nendmodule\n")
    assert (outer.instantiates, outer.end_line) == (("d",), 2)
    assert (inner.instantiates, inner.end_line) == (("c",), 0)


def test_a_design_is_no_testbench() -> None:
    assert not only("module a (input b); c u (b); endmodule").is_testbench
    assert not only("module a; wire b; endmodule").is_testbench


@pytest.mark.parametrize(
    "text",
    [
        "`ifdef A\nmodule m #(parameter P = 1) (\n`else\nmodule m (\n`endif\n input a);\nendmodule",
        "`ifdef A\nmodule m (input b,\n`else\nmodule m (\n`endif\n  input a);\nendmodule",
        "`ifdef A\nmodule m(a);\n`endif\n`ifndef A\nmodule m(a, b);\n`endif\ninput a;\nendmodule",
        "module m (input a);\n`ifdef A\nwire x;\nendmodule\n`else\n  wire y;\nendmodule\n`endif",
    ],
)
def test_a_choice_of_headers_is_one_module(text: str) -> None:
    unit = only(text)
    assert (unit.name, unit.has_ports) == ("m", True)
    assert text.split("\n")[unit.end_line] == "endmodule"


def test_what_declares_nothing() -> None:
    assert names("extern module a (input b);") == []
    assert names("virtual interface bus v;") == []
    assert names("interface class c; endclass") == []
    assert names("reg module_a, program_b; wire \\module x;") == []
    assert names("`define M module a; \\\n endmodule\n") == []
    assert names("module") == names("module ;") == names("module module") == []


def test_a_module_that_is_being_typed() -> None:
    first, second = outline("module a (input x,\n\nmodule b (input y);\n  c u (y);\nendmodule\n")
    assert (first.name, first.has_ports) == ("a", True)
    assert (second.name, second.instantiates, second.end_line) == ("b", ("c",), 4)
    assert only("module a (").end_line == 0


def test_modules_of_the_designs_of_the_tests() -> None:
    found = {
        name for file in RTL.rglob("*.sv") for name in names(file.read_text("utf-8", "replace"))
    }
    assert len(found) > 5


@pytest.mark.parametrize("piece", ["a #(", "module a (", "/*", "a b (", "`ifdef X\nmodule a;\n"])
def test_long_broken_texts_are_quick(piece: str) -> None:
    start = time.process_time()
    outline(piece * 4000)
    assert time.process_time() - start < 1
