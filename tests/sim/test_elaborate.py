"""Tests of elaboration: top, ports, signals, literals, and what bad input gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.design import Design, load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import ParameterError, SourceError, TopError, UnsupportedError
from benchwright_sim.identifiers import KEYWORDS, is_identifier

RTL = Path(__file__).parent.parent / "rtl"


def _design(tmp_path: Path, text: str, name: str = "design.sv", **options: object) -> Design:
    path = tmp_path / name
    path.write_text(text, encoding="latin-1")
    return load_design([path], **options)  # type: ignore[arg-type]  # options of each test


def _elaborate(
    tmp_path: Path, text: str, name: str = "design.sv", **options: object
) -> Elaboration:
    return elaborate(_design(tmp_path, text, name, **options))


TWO_TOPS = "module a(input x); endmodule\nmodule b(input x); endmodule\n"


def test_top_is_the_module_that_nothing_instantiates(tmp_path: Path) -> None:
    text = "module low(input x); endmodule\nmodule high(input x); low u(x); endmodule\n"
    found = _elaborate(tmp_path, text)
    assert found.design.top == "high"
    assert [(i.path, i.module, i.line) for i in found.instances] == [
        ("", "high", 2),
        ("u", "low", 1),
    ]


def test_testbench_beside_the_design_is_neither_top_nor_source(tmp_path: Path) -> None:
    (tmp_path / "dut.sv").write_text("module dut(input x); endmodule\n")
    (tmp_path / "tb.sv").write_text(
        "module tb; reg x; other u(x); dut v(x); initial x = 0; endmodule\n"
    )
    found = elaborate(load_design([tmp_path]))
    assert found.design.top == "dut"
    assert found.design.sources == (tmp_path / "dut.sv",)


def test_ambiguous_and_unknown_top(tmp_path: Path) -> None:
    with pytest.raises(TopError) as ambiguous:
        _elaborate(tmp_path, TWO_TOPS)
    assert ambiguous.value.candidates == ("a", "b")
    with pytest.raises(TopError, match="'c'") as unknown:
        _elaborate(tmp_path, TWO_TOPS, top="c")
    assert unknown.value.candidates == ("a", "b")
    assert _elaborate(tmp_path, TWO_TOPS, top="b").interface.module == "b"
    with pytest.raises(TopError, match="no module"):
        _elaborate(tmp_path, "package p; endpackage\n")


def test_modules_and_packages_beside_the_source_are_found(tmp_path: Path) -> None:
    (tmp_path / "types.sv").write_text("package types; typedef logic [5:0] six_t; endpackage\n")
    (tmp_path / "low.sv").write_text("module low(input types::six_t x); endmodule\n")
    found = _elaborate(tmp_path, "module high(input types::six_t x); low u(x); endmodule\n")
    assert [file.name for file in found.design.sources] == ["types.sv", "design.sv", "low.sv"]
    assert found.interface.signal("x").width == 6


def test_ports_with_shapes_types_and_parameters(tmp_path: Path) -> None:
    text = """
    package p;
      typedef enum logic [1:0] {A = 1, B = 3} e_t;
      typedef struct packed {logic v; logic [6:0] d;} s_t;
    endpackage
    typedef logic signed [3:0] unit_t;
    module top #(parameter int N = 4, parameter type T = p::s_t) (
      input p::e_t e, input T s, input unit_t u, input logic signed [N-1:0] n,
      input logic [3:0][7:0] packed_2d, input logic m [0:1][2:1], output integer i,
      inout wire [2:0] pad
    );
    endmodule
    """
    interface = _elaborate(tmp_path, text, parameters=[("N", "8'd9")]).interface
    ports = {port.name: port for port in interface.ports}
    assert (ports["e"].type_text, ports["e"].is_enum) == ("p::e_t", True)
    assert (ports["s"].type_text, ports["s"].width, ports["s"].is_enum) == ("p::s_t", 8, False)
    assert ports["u"].type_text == "unit_t"
    assert (ports["n"].type_text, ports["n"].signed) == ("logic signed [8:0]", True)
    assert ports["packed_2d"].width == 32
    assert ports["m"].unpacked == ((0, 1), (2, 1))
    assert (ports["i"].width, ports["i"].signed) == (32, True)
    names = [signal.name for signal in interface.signals]
    assert names[5:9] == ["m[0][2]", "m[0][1]", "m[1][2]", "m[1][1]"]
    assert names[-3:] == ["pad", "pad.oe", "pad.in"]
    assert [interface.signal(n).width for n in names[-3:]] == [3, 1, 3]
    assert [interface.signal(n).direction for n in names[-3:]] == ["input", "input", "output"]
    assert interface.signal("e").literals == (1, 3)
    assert interface.parameters == (("N", "8'd9"),)


def test_identifiers_are_legal_and_unique(tmp_path: Path) -> None:
    text = """
    module top(input \\top , input \\a.b , input a_b, input \\1x , input m [0:1], input m_0,
               inout p, input p_oe, input \\wire );
    endmodule
    """
    signals = _elaborate(tmp_path, text).interface.signals
    identifiers = [signal.identifier for signal in signals]
    assert len(set(identifiers)) == len(identifiers)
    assert all(is_identifier(name) for name in identifiers)
    assert "top" not in identifiers
    by_name = {signal.name: signal.identifier for signal in signals}
    assert by_name["a_b"] == "a_b"
    assert by_name["m_0"] == "m_0"
    assert by_name["p_oe"] == "p_oe"
    assert len(KEYWORDS) == 248


def test_keywords_of_systemverilog_as_names_in_v_files(tmp_path: Path) -> None:
    text = "module top(input do, bit, output final); assign final = do & bit; endmodule\n"
    found = _elaborate(tmp_path, text, "old.v")
    assert found.design.legacy_keywords
    assert [port.name for port in found.interface.ports] == ["do", "bit", "final"]
    assert not KEYWORDS & {signal.identifier for signal in found.interface.signals}
    with pytest.raises(SourceError):
        _elaborate(tmp_path, text, "new.sv")


def test_latin1_crlf_and_tabs(tmp_path: Path) -> None:
    lines = ["// caf\xe9", "module top(input a,", "\toutput y);", "\tassign y = a; // \xfc"]
    text = "\r\n".join([*lines, "endmodule", ""])
    found = _elaborate(tmp_path, text)
    assert [port.name for port in found.interface.ports] == ["a", "y"]
    assert found.warnings == ()


def test_defines_and_includes(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "w.svh").write_text("`define W 12\n")
    text = '`include "w.svh"\n`ifdef WIDE\nmodule top(input [`W-1:0] a); endmodule\n`endif\n'
    found = _elaborate(tmp_path, text, include_dirs=[tmp_path / "inc"], defines=[("WIDE", "")])
    assert found.interface.signal("a").width == 12


def test_very_wide_port() -> None:
    found = elaborate(load_design([RTL / "wide_port.sv"]))
    assert max(signal.width for signal in found.interface.signals) == 4096


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("module top(input a);\n  assign = a;\nendmodule\n", "expected", 2),
        ("module top(input a);\n  sub u(a);\nendmodule\n", "unknown module 'sub'", 2),
        ('`include "gone.svh"\nmodule top; endmodule\n', "gone.svh", 1),
        ("module top(input a);\n\n  wire b = c;\nendmodule\n", "undeclared identifier 'c'", 3),
        ("module top(input a);\n  wire b;\n  wire b;\nendmodule\n", "redefinition", 3),
        ("module top(input pkg::t a);\nendmodule\n", "pkg", 1),
    ],
)
def test_broken_source_names_file_line_and_column(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        _elaborate(tmp_path, text)
    location = caught.value.location
    assert location is not None
    assert (location.file, location.line) == (tmp_path / "design.sv", line)
    assert location.column > 0
    assert caught.value.hint


def test_many_errors_are_listed_but_not_all(tmp_path: Path) -> None:
    wires = "".join(f"  wire w{n} = missing{n};\n" for n in range(30))
    with pytest.raises(SourceError) as caught:
        _elaborate(tmp_path, f"module top(input a);\n{wires}endmodule\n")
    assert len(caught.value.details) == 20


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("M", "3")], "no parameter 'M'"),
        ([("N", "nonsense")], "nonsense"),
        ([("N", "3)")], "N=3"),
        ([("N", "")], "N="),
        ([("L", "3")], "no parameter 'L'"),
        ([], "'N' of module 'top' has no value"),
    ],
)
def test_wrong_parameters(tmp_path: Path, parameters: list[tuple[str, str]], message: str) -> None:
    text = "module top #(parameter int N)(input [N:0] a); localparam L = 1; endmodule\n"
    with pytest.raises(ParameterError, match=message) as caught:
        _elaborate(tmp_path, text, parameters=parameters)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("port", "what"),
    [
        ("ifc.m p", "an interface"),
        ("input real p", "type real"),
        ("input string p", "type string"),
        ("ref logic p", "a reference"),
        ("input int p []", "type"),
        ("input struct {int a;} p", "type"),
    ],
)
def test_port_that_cannot_be_driven(tmp_path: Path, port: str, what: str) -> None:
    text = (
        "interface ifc; logic a; modport m(input a); endinterface\n"
        f"module top(\n  input logic clk,\n  {port});\nendmodule\n"
    )
    with pytest.raises(UnsupportedError, match=what) as caught:
        _elaborate(tmp_path, text)
    assert caught.value.location is not None
    assert caught.value.location.line == 4
    assert "'p'" in caught.value.message


LITERALS = """
module low(input logic clk, input logic [7:0] x, output logic y);
  logic [7:0] copy;
  always_ff @(posedge clk) copy <= x;
  assign y = copy[7:4] == 4'hA;
endmodule
module top #(parameter int LIMIT = 77) (
    input logic clk, input logic [7:0] d, input logic [15:0] z, input logic a,
    input logic [3:0] arr [0:2], input logic [31:0] free, output logic y, output logic q);
  low u(.clk, .x(d), .y);
  always_comb begin
    q = 0;
    case ({a, z[11:4]})
      9'h1FE: q = 1;
      default: ;
    endcase
    if (z inside {[16'd300:16'd400]}) q = 1;
    if (arr[1] == 9) q = 1;
    casez (d) 8'b1??????0: q = 0; default: ; endcase
  end
endmodule
"""


def test_literals_reach_the_inputs_that_are_compared(tmp_path: Path) -> None:
    found = _elaborate(tmp_path, LITERALS)
    literals = {signal.name: signal.literals for signal in found.interface.signals}
    assert literals["d"] == (0x80, 0xA0)
    assert literals["z"] == (300, 400, 0xFE0)
    assert literals["arr[1]"] == (9,)
    assert literals["arr[0]"] == ()
    assert literals["free"] == ()
    assert {9, 10, 77, 300, 400, 0x1FE} <= set(found.literals)
    assert list(found.literals) == sorted(found.literals)


def test_literals_are_bounded(tmp_path: Path) -> None:
    cases = "".join(f"      {n}: q = 1;\n" for n in range(1000, 1600))
    text = (
        "module top(input [127:0] a, output reg q);\n  always @* begin q = 0;\n    case (a)\n"
        f"{cases}      128'h1_0000_0000_0000_0000: q = 1;\n      default: ;\n"
        "    endcase\n  end\nendmodule\n"
    )
    found = _elaborate(tmp_path, text)
    assert len(found.literals) == 256
    assert max(found.literals) < 1 << 64
    assert len(found.interface.signal("a").literals) == 256


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("always @(posedge c) q <= 1;", False),
        ("always @(posedge c) q <= #1 1;", True),
        ("assign #3 q = c;", True),
        ("initial begin #5 q = 1; end", True),
        ("always begin @(posedge c); q = 1; end", True),
        ("always @* q = c;", False),
        ("initial q = 1;", False),
        ("initial wait (c) q = 1;", True),
    ],
)
def test_delays(tmp_path: Path, body: str, expected: bool) -> None:
    found = _elaborate(tmp_path, f"module top(input c, output logic q); {body} endmodule\n")
    assert found.has_delays is expected


def test_elaboration_repeats_exactly() -> None:
    design = load_design([RTL / "front_fsm_styles.sv"])
    assert elaborate(design) == elaborate(design)
