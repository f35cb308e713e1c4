"""Emitted testbenches mean the same in Verilator, in Icarus and in the Python interpreter."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchwright_agent.emit.systemverilog import render
from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.interface import Interface
from benchwright_sim.interpreter import cycles
from benchwright_sim.process import run
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
from benchwright_sim.testbench import Status, simulate
from benchwright_sim.wrapper import escaped
from tests.programs import programs

RTL = Path(__file__).parents[1] / "rtl"
DESIGNS = (
    "emit_alu",
    "emit_escaped",
    "emit_fsm",
    "emit_lanes",
    "emit_latch",
    "emit_negedge",
    "emit_packet",
    "emit_pad",
    "emit_two_clocks",
    "emit_wide",
)
ICARUS = shutil.which("iverilog")
Trace = list[list[str]]


@cache
def interface_of(name: str) -> Interface:
    source = RTL / f"{name}.sv"
    return elaborate(Design(root=RTL, sources=(source,))).interface


@cache
def compiles_with_icarus(name: str) -> bool:
    """Whether Icarus takes the design as a part of another: it crashes on ports of enum types."""
    with tempfile.TemporaryDirectory() as temporary:
        probe = Path(temporary) / "probe.sv"
        probe.write_text(f"module probe; {escaped(interface_of(name).module)} dut (); endmodule\n")
        argv = [
            str(ICARUS),
            "-g2012",
            "-s",
            "probe",
            "-o",
            "x",
            str(RTL / f"{name}.sv"),
            "probe.sv",
        ]
        return run(argv, cwd=probe.parent, timeout_s=60).ok


def text_of(name: str, program: Program, *, trace: bool = True) -> str:
    return render(
        interface_of(name), program, tb_name="tb", covers={}, header=("Test.",), trace=trace
    )


def rows(output: str) -> Trace:
    return [line[2:].split() for line in output.splitlines() if line.startswith("| ")]


def verilator_output(name: str, text: str) -> str:
    design = Design(root=RTL, sources=(RTL / f"{name}.sv",))
    feedback = simulate(design, text, tb_name="tb")
    assert feedback.status == Status.OK, feedback.log
    assert not [d for d in feedback.diagnostics if d.file and d.file.name == "tb.sv"]
    return feedback.log


def icarus_output(name: str, text: str) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "tb.sv").write_text(text)
        argv = [str(ICARUS), "-g2012", "-s", "tb", "-o", "tb.vvp", str(RTL / f"{name}.sv"), "tb.sv"]
        built = run(argv, cwd=folder, timeout_s=60)
        assert built.ok, built.output
        done = run(["vvp", "-n", "tb.vvp"], cwd=folder, timeout_s=60)
        assert done.ok, done.output
        return done.output


def expected_inputs(interface: Interface, program: Program, trace: Trace) -> list[list[int]]:
    """What the interpreter drives, when the outputs are those of a trace."""
    column = {s.name: i for i, s in enumerate(interface.signals)}
    driven: list[list[int]] = []
    for cycle in cycles(interface, program, lambda name: int(trace[len(driven)][column[name]], 16)):
        values = [cycle.inputs[s.name] for s in interface.inputs]
        driven.append(values)
    return driven


def waits(actions: Sequence[Action]) -> set[str]:
    found = {a.signal for a in actions if isinstance(a, WaitFor)}
    return found.union(*(waits(a.body) for a in actions if isinstance(a, Repeat)))


def differences(known: Trace, other: Trace, waited: set[int]) -> list[str]:
    """Values that differ in digits that both simulators know.

    Args:
        known: rows of a 2-state simulator.
        other: rows of a 4-state one, which goes its own way once it waits for an unknown value.
        waited: columns of the outputs that the program waits for.
    """
    for n, row in enumerate(other):
        if any(set(row[column].lower()) & set("xz") for column in waited):
            known, other = known[: n + 1], other[: n + 1]
            break
    return [
        f"cycle {n}, column {i}: {a} {b}"
        for n, (first, second) in enumerate(zip(known, other, strict=True))
        for i, (a, b) in enumerate(zip(first, second, strict=True))
        if any(x != y and y.lower() not in "xz" for x, y in zip(a, b, strict=True))
    ]


def check(name: str, program: Program) -> Trace:
    """Runs a program in every simulator and compares; the trace of Verilator."""
    interface = interface_of(name)
    text = text_of(name, program)
    plain = text_of(name, program, trace=False)
    assert [line for line in plain.splitlines() if len(line) > 100] == []
    trace = rows(verilator_output(name, text))
    column = {s.name: i for i, s in enumerate(interface.signals)}
    driven = [[int(row[column[s.name]], 16) for s in interface.inputs] for row in trace[1:]]
    assert driven == expected_inputs(interface, program, trace)
    if compiles_with_icarus(name):
        waited = {column[n] for s in program.segments for n in waits(s.actions)}
        assert differences(trace, rows(icarus_output(name, text)), waited) == []
    return trace


@pytest.mark.skipif(ICARUS is None, reason="iverilog is not installed")
@pytest.mark.parametrize("name", DESIGNS)
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_simulators_agree(name: str, data: st.DataObject) -> None:
    check(name, data.draw(programs(interface_of(name))))


def test_a_design_named_tb_with_a_very_wide_port(tmp_path: Path) -> None:
    source = tmp_path / "tb.sv"
    source.write_text(
        "module tb (input [4095:0] tb_2, input signed [31:0] n, output [4095:0] y);\n"
        "assign y = tb_2 + 4096'(n);\nendmodule\n"
    )
    design = Design(root=tmp_path, sources=(source,))
    interface = elaborate(design).interface
    values = [(1 << 4096) - 1, 1 << 4095, int("5a" * 512, 16), 3**2500, 12]
    actions: list[Action] = []
    for value in values:
        actions += [Drive((("tb_2", value), ("n", 2**32 - 1))), Cycles(1)]
    actions.append(Random(3, 5, (("tb_2", Driver("step", amount=1 << 4000)),)))
    program = Program((Segment("wide", "Wide.", tuple(actions)),), ("wide",))
    text = render(interface, program, tb_name="tb_tb", covers={}, header=(), trace=True)
    feedback = simulate(design, text, tb_name="tb_tb")
    assert feedback.status == Status.OK, feedback.log
    seen = [[int(v, 16) for v in row] for row in rows(feedback.log)[1:]]
    driven = [cycle.inputs["tb_2"] for cycle in cycles(interface, program, lambda _: 0)]
    assert driven[:5] == values
    assert seen == [[a, 2**32 - 1, (a - 1) % (1 << 4096)] for a in driven]


def test_a_wait_does_not_see_what_was_just_driven() -> None:
    program = Program(
        (Segment("s", "", (Drive((("op", 3), ("a", 200))), WaitFor("y", 1, 5), Cycles(1))),), ("s",)
    )
    assert len(check("emit_alu", program)) == 1 + 2


def test_a_stopped_clock_does_not_tick() -> None:
    rise = Segment("rise", "", (Drive((("rst", 1),)), Cycles(1), Drive((("rst", 0),))))
    slow = Segment("slow", "", (Cycles(7),), (("rd_clk", 3), ("wr_clk", 0)))
    trace = check("emit_two_clocks", Program((rise, slow), ("rise", "slow", "slow")))
    column = [s.name for s in interface_of("emit_two_clocks").signals]
    assert int(trace[-1][column.index("reads")], 16) == 6
    assert int(trace[-1][column.index("writes")], 16) == 0
