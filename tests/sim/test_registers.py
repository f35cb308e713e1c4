"""Tests of state registers: which registers are FSMs, and the arcs that the source assigns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import StateRegister

RTL = Path(__file__).parent.parent / "rtl"
ARC = re.compile(r"(\w+)->(\w+)")


def _registers(path: Path) -> dict[str, StateRegister]:
    return {register.name: register for register in elaborate(load_design([path])).state_registers}


def _one(tmp_path: Path, body: str, declarations: str = "") -> StateRegister | None:
    path = tmp_path / "top.sv"
    path.write_text(
        f"module top(input clk, rst_n, rst, a, b, input [1:0] d, output o);\n{declarations}\n"
        f"{body}\nendmodule\n"
    )
    registers = elaborate(load_design([path])).state_registers
    assert len(registers) <= 1
    return registers[0] if registers else None


@pytest.mark.parametrize(
    "file",
    [
        "fsm_one_process.sv",
        "fsm_two_process.sv",
        "fsm_three_process.sv",
        "fsm_one_hot.sv",
        "fsm_parameters.v",
        "fsm_twice.sv",
    ],
)
def test_arcs_are_those_that_the_source_lists(file: str) -> None:
    text = (RTL / file).read_text()
    states = re.search(r"^// states: ([\w ]+?)(?: \(|$)", text, re.M)
    arcs = re.search(r"^// arcs: (.*)$", text, re.M)
    assert states
    assert arcs
    (register,) = _registers(RTL / file).values()
    assert {name for name, _ in register.states} == set(states[1].split())
    assert set(register.arcs) == set(ARC.findall(arcs[1]))


def test_functions_pairs_chains_and_return_states() -> None:
    path = RTL / "front_fsm_styles.sv"
    registers = _registers(path)
    expected = dict(re.findall(r"^// arcs of (\w+): (.*)$", path.read_text(), re.M))
    assert set(expected) <= set(registers)
    for name, arcs in expected.items():
        assert set(registers[name].arcs) == set(ARC.findall(arcs)), name
        assert registers[name].reset == "!rst_n"


def test_counters_flags_and_modes_are_no_fsms() -> None:
    assert _registers(RTL / "front_data.sv") == {}


def test_details_of_a_register(tmp_path: Path) -> None:
    register = _one(
        tmp_path,
        "always_ff @(negedge clk or posedge rst)\n"
        "  if (rst) s <= X; else case (s) X: if (a) s <= Y; Y: s <= X; endcase",
        "  enum logic [2:0] {X = 3'd5, Y = 3'd2} s;",
    )
    assert register is not None
    assert (register.module, register.name, register.width) == ("top", "s", 3)
    assert (register.clock, register.edge, register.reset) == ("clk", "negedge", "rst")
    assert register.states == (("X", 5), ("Y", 2))
    assert register.arcs == (("X", "Y"), ("Y", "X"))
    assert (register.file.name, register.line, register.column) == ("top.sv", 2, 41)


PARAMETERS = "localparam A = 2'd0, B = 2'd1, C = 2'd2, D = 2'd3; reg [1:0] s, n;"


@pytest.mark.parametrize(
    ("body", "arcs"),
    [
        # a default that every branch but one overrides
        ("always @(posedge clk) if (rst) s <= A; else s <= n;\n"
         "always @* begin n = A; case (s) A: n = B; B: if (a) n = C; C: ; default: n = s;"
         " endcase end", "A->B B->A B->C C->A"),
        # default item stands for the states not listed
        ("always @(posedge clk) if (rst) s <= A; else case (s) A: s <= B; B: s <= C;"
         " C: if (b) s <= D; default: s <= A; endcase", "A->B B->C C->D D->A"),
        # an if chain, reset last
        ("always @(posedge clk) begin if (s == A && a) s <= B; else if (s == B) s <= C;"
         " else if (s >= 2) s <= A; if (rst) s <= A; end", "A->B B->C C->A"),
        # a flag for the state
        ("wire in_a = s == A; wire go = in_a & a;\n"
         "always @(posedge clk) if (rst) s <= A; else if (go) s <= B; else if (!in_a) s <= A;",
         "A->B B->A"),
        # an arc from every state
        ("always @(posedge clk) if (rst) s <= A; else begin case (s) A: s <= B; B: s <= C;"
         " default: ; endcase if (b) s <= D; end", "A->B A->D B->C B->D C->D"),
        # blocking assignments
        ("always @(posedge clk) if (rst) s = A; else case (s) A: s = a ? B : C; B: s = A;"
         " C: s = A; endcase", "A->B A->C B->A C->A"),
        # casez with wildcards
        ("always @(posedge clk) if (rst) s <= A; else casez (s) 2'b0?: s <= C;"
         " 2'b10: s <= B; default: ; endcase", "A->C B->C C->B"),
        # x as the default
        ("always @(posedge clk) if (rst) s <= A; else s <= n;\n"
         "always @* case (s) A: n = B; B: n = A; default: n = 2'bx; endcase", "A->B B->A"),
        # synchronous reset through a condition of its own
        ("always @(posedge clk) if (rst || b) s <= A; else case (s) A: s <= B; B: s <= C;"
         " default: ; endcase", "A->B B->A B->C C->A"),
    ],
)  # fmt: skip
def test_arcs(tmp_path: Path, body: str, arcs: str) -> None:
    register = _one(tmp_path, body, PARAMETERS)
    assert register is not None
    assert set(register.arcs) == set(ARC.findall(arcs))
    assert register.reset == "rst"


@pytest.mark.parametrize(
    "body",
    [
        "always @(posedge clk) if (s == A) s <= d; else s <= A;",
        "always @(posedge clk) case (s) A: s <= B; default: s <= s + 1; endcase",
        "always @(posedge clk) case (s) A: s[0] <= 1; default: s <= A; endcase",
        "always @(posedge clk) s <= a ? B : C;",
        "always @* case (d) A: s = B; default: s = C; endcase",
        "always @(posedge clk or negedge clk) case (s) A: s <= B; default: s <= A; endcase",
    ],
)
def test_other_registers_are_left_alone(tmp_path: Path, body: str) -> None:
    assert _one(tmp_path, body, PARAMETERS) is None


def test_register_inside_a_generate_block_has_a_path(tmp_path: Path) -> None:
    register = _one(
        tmp_path,
        "if (1) begin : g\n  reg [1:0] s;\n  always @(posedge clk)\n"
        "    if (!rst_n) s <= 0; else case (s) 0: s <= 1; 1: s <= 2; default: s <= 0; endcase\nend",
    )
    assert register is not None
    assert register.name == "g.s"
    assert register.states == (("2'd0", 0), ("2'd1", 1), ("2'd2", 2))


def test_each_module_once(tmp_path: Path) -> None:
    found = elaborate(load_design([RTL / "fsm_twice.sv"]))
    assert len([i for i in found.instances if i.module == "holder"]) == 2
    assert [register.module for register in found.state_registers] == ["holder"]


def test_long_chains_and_recursive_functions(tmp_path: Path) -> None:
    chain = "".join(f"s == {n} ? (a ? {(n + 1) % 40} : {n}) : " for n in range(40))
    register = _one(
        tmp_path, f"reg [5:0] s; wire [5:0] n = {chain} 0;\nalways @(posedge clk) s <= n;"
    )
    assert register is not None
    assert len(register.arcs) == 40
    tests = "".join(f"else if (s == 1 && d == {n % 4}) s <= 2;\n" for n in range(900))
    register = _one(
        tmp_path, f"always @(posedge clk) if (rst) s <= 0;\n{tests}else s <= 1;", "reg [1:0] s;"
    )
    assert register is not None
    assert set(register.arcs) == {("2'd0", "2'd1"), ("2'd1", "2'd2"), ("2'd2", "2'd1")}
    register = _one(
        tmp_path,
        "function automatic [1:0] f(input [1:0] x, input again);\n"
        "  if (again) return f(x, 0);\n  case (x) 0: return 1; default: return 0; endcase\n"
        "endfunction\nalways @(posedge clk) s <= f(s, a);",
        "reg [1:0] s;",
    )
    assert register is not None
    assert set(register.arcs) == {("2'd0", "2'd1"), ("2'd1", "2'd0")}
