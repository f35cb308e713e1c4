"""What an engineer sees in an emitted testbench: names, numbers, comments, and nothing unused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from benchwright_agent.emit.literal import literal
from benchwright_agent.emit.systemverilog import render
from benchwright_sim.interface import Clock, Interface, Port, Reset, Signal
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

INTERFACE = Interface(
    "fifo",
    (("DEPTH", "8"),),
    (
        Port("clk", "input", 1),
        Port("rst_n", "input", 1),
        Port("push", "input", 1),
        Port("data", "input", 16, type_text="logic [15:0]"),
        Port("full", "output", 1),
    ),
    (
        Signal("clk", "clk", "input", 1, port="clk"),
        Signal("rst_n", "rst_n", "input", 1, port="rst_n"),
        Signal("push", "push", "input", 1, port="push"),
        Signal("data", "data", "input", 16, port="data"),
        Signal("full", "full", "output", 1, port="full"),
    ),
    (Clock("clk"),),
    (Reset("rst_n", 0, True),),
)
RESET = Segment(
    "reset",
    "Resets the FIFO.",
    (Drive((("rst_n", 0),)), Cycles(2), Drive((("rst_n", 1),)), Cycles(1)),
)
FILL = Segment(
    "fill",
    "Fills it to the brim.",
    (
        Drive((("push", 1), ("data", 0xBEEF))),
        WaitFor("full", 1, 20),
        Repeat(3, (Drive((("data", 7),)), Cycles(1))),
    ),
)


def text(
    *segments: Segment,
    run: Sequence[str] = (),
    interface: Interface = INTERFACE,
    covers: Mapping[str, Sequence[str]] | None = None,
) -> str:
    names = tuple(run) or tuple(segment.name for segment in segments)
    program = Program(segments, names)
    return render(interface, program, tb_name="tb_fifo", covers=covers or {}, header=("Title.",))


def body(*actions: Action, interface: Interface = INTERFACE) -> list[str]:
    """The lines of a task."""
    whole = text(Segment("s", "", actions), interface=interface)
    lines = whole[whole.index("  task s;") :].split("  endtask")[0].splitlines()[1:]
    return [line.removeprefix("    ") for line in lines]


def test_a_whole_testbench() -> None:
    covers = {"fill": ["Covers fifo.sv:12 (if)."]}
    assert (
        text(RESET, FILL, run=("reset", "fill", "fill"), covers=covers)
        == """\
// Title.
`timescale 1ns / 1ps

module tb_fifo;
  logic clk = 0, rst_n = 1, push = 0;
  logic [15:0] data = 0;
  wire full;

  fifo #(.DEPTH(8)) dut (.clk(clk), .rst_n(rst_n), .push(push), .data(data), .full(full));

  logic seen_full;  // at the end of the last cycle

  // One cycle: the inputs have changed, the clocks go active, then idle.
  task cycle;
    #3 clk = 1;
    #5 clk = 0;
    #2 seen_full = full;
  endtask

  // Resets the FIFO.
  task reset;
    rst_n = 0; repeat (2) cycle;
    rst_n = 1; cycle;
  endtask

  // Fills it to the brim.
  // Covers fifo.sv:12 (if).
  task fill;
    push = 1; data = 16'hbeef; repeat (20) if (seen_full !== 1) cycle;
    repeat (3) begin
      data = 7; cycle;
    end
  endtask

  initial begin
    // The design settles before anything is driven.
    #10 seen_full = full;
    reset;
    repeat (2) fill;
    $finish;
  end
endmodule
"""
    )


def test_each_driver_is_a_line() -> None:
    drivers = (
        ("data", Driver("uniform", change=64)),
        ("push", Driver("bias", amount=200)),
        ("data", Driver("bias", amount=20)),
        ("data", Driver("onehot")),
        ("data", Driver("walk")),
        ("data", Driver("step", amount=3)),
        ("data", Driver("choice", values=(1, 0x1234))),
        ("data", Driver("copy", source="push")),
    )
    assert body(Random(5, 0xABC, drivers, pace=4)) == [
        "rng = 32'habc;",
        "for (int i = 0; i < 5; i++) begin",
        "  if (chance(64)) data = rand32();",
        "  push = chance(200);",
        "  data = {16{chance(20)}};",
        "  data = 1 << below(16);",
        "  data = 1 << (i % 16);",
        "  data = data + 3;",
        "  case (below(2)) 0: data = 1; default: data = 16'h1234; endcase",
        "  data = push;",
        "  repeat (4) cycle;",
        "end",
    ]


def test_neighbouring_drives_are_one() -> None:
    first, second = Drive((("data", 1), ("push", 1))), Drive((("data", 2),))
    assert body(first, second, Cycles(1)) == ["data = 2; push = 1; cycle;"]


def test_long_lines_are_broken() -> None:
    values = tuple(range(0x1000, 0x1020))
    lines = body(Random(1, 1, (("data", Driver("choice", values=values)),)))
    assert max(map(len, lines)) <= 96
    assert lines[2] == "  case (below(32))"
    assert lines[-3:] == ["  endcase", "  cycle;", "end"]


def test_no_helper_that_is_not_used() -> None:
    plain = text(RESET)
    for word in ("rand32", "chance", "below", "tick", "period", "seen", "lint_off"):
        assert word not in plain
    step = text(Segment("s", "", (Random(2, 1, (("data", Driver("step", amount=1)),)),)))
    assert "rand32" not in step
    assert "rng" not in step
    assert "task cycle" not in text(Segment("s", "", (Drive((("push", 1),)),)))


def test_segments_that_do_not_run_are_left_out() -> None:
    assert "fill" not in text(RESET, FILL, run=("reset",))


def test_names_of_the_design_come_first() -> None:
    names = {"push": "cycle", "data": "reset", "full": "dut"}
    signals = tuple(
        replace(s, name=names.get(s.name, s.name), identifier=names.get(s.name, s.name), port="")
        for s in INTERFACE.signals
    )
    ports = tuple(replace(p, name=names.get(p.name, p.name)) for p in INTERFACE.ports)
    whole = text(RESET, interface=replace(INTERFACE, ports=ports, signals=signals))
    assert "dut_2 (.clk(clk), .rst_n(rst_n), .cycle(cycle), .reset(reset), .dut(dut));" in whole
    assert "task run_reset;" in whole
    assert "rst_n = 1; cycle_2;" in whole


def test_two_clocks_have_a_pace_only_when_they_need_one() -> None:
    signals = (*INTERFACE.signals, Signal("slow", "slow", "input", 1, port="slow"))
    interface = replace(INTERFACE, signals=signals, clocks=(Clock("clk"), Clock("slow", "negedge")))
    same = text(RESET, interface=interface)
    assert "    #3 clk = 1; slow = 0;\n    #5 clk = 0; slow = 1;\n    #2;\n" in same
    paced = text(replace(RESET, periods=(("slow", 3),)), FILL, interface=interface)
    assert (
        "    #3 clk = 1;\n    if (slow_period != 0 && tick % slow_period == 0) slow = 0;" in paced
    )
    assert "tick = 0; slow_period = 3;" in paced
    assert "tick = 0; slow_period = 1;" in paced


def test_a_comment_cannot_become_code() -> None:
    whole = text(replace(RESET, purpose="One\n$fatal; two"), covers={"reset": ["a\nb `define x"]})
    for line in whole.splitlines():
        assert "$fatal" not in line or line.startswith("  //")
        assert "`define" not in line or line.startswith("  //")


def test_unknown_names_are_errors() -> None:
    with pytest.raises(KeyError):
        text(Segment("s", "", (Drive((("nothing", 1),)),)))


@pytest.mark.parametrize(
    ("value", "width", "expected"),
    [
        (0, 1, "0"),
        (200, 8, "200"),
        (9, 4096, "9"),
        (10, 16, "16'ha"),
        (0xDEADBEEF, 32, "32'hdeadbeef"),
        (0x1_0000_0002, 100, "100'h1_00000002"),
        ((1 << 300) - 1, 300, "{300{1'b1}}"),
        (1 << 299, 300, "(300'd1 << 299)"),
        (int("5" * 100, 16), 400, "{100{4'h5}}"),
        (1 << 299 | 1, 300, "{44'h800_00000000, 256'h1}"),
    ],
)
def test_numbers(value: int, width: int, expected: str) -> None:
    assert literal(value, width) == expected
