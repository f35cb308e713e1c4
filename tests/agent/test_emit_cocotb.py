"""Emitted cocotb tests drive what the SystemVerilog testbench drives, and see the same outputs."""

from __future__ import annotations

import ast
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchwright_agent.emit.cocotb import is_plain, render, shell_of
from benchwright_sim.design import Design
from benchwright_sim.interface import Interface
from benchwright_sim.process import run
from benchwright_sim.stimulus import (
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)
from benchwright_sim.toolchain import find_toolchain
from tests.agent.test_emit import (
    DESIGNS,
    ICARUS,
    RTL,
    Trace,
    compiles_with_icarus,
    icarus_output,
    interface_of,
    rows,
    text_of,
)
from tests.programs import programs

PROGRAM = Program(
    (
        Segment("reset", "Resets it.", (Drive((("rst_n", 0),)), Cycles(2), Drive((("rst_n", 1),)))),
        Segment(
            "run",
            'Runs with """ and \\.',
            (
                Drive((("start", 1), ("count", 9))),
                WaitFor("busy", 1, 4),
                Repeat(2, (Cycles(2), Random(6, 99, (("start", Driver(change=90)),), pace=2))),
            ),
        ),
    ),
    ("reset", "run", "run"),
)


def files_of(name: str, program: Program, folder: Path) -> dict[str, str]:
    design = Design(root=RTL, sources=(RTL / f"{name}.sv",))
    return render(
        interface_of(name),
        program,
        design=design,
        folder=folder,
        covers={},
        header=("Test.",),
        trace=True,
    )


def cocotb_trace(name: str, program: Program, simulator: str) -> Trace:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        files = files_of(name, program, folder)
        for file, text in files.items():
            ast.parse(text)
            (folder / file).write_text(text)
        runner = next(file for file in files if file.startswith("run_"))
        fast = ["-j", "2", "-MAKEFLAGS", "OPT_GLOBAL=-O0"]
        arguments = fast if simulator == "verilator" else []
        programs = [str(Path(sys.executable).parent), str(find_toolchain().verilator.parent)]
        environment = {
            **os.environ,
            "SIM": simulator,
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
        }
        done = run([sys.executable, runner, *arguments], cwd=folder, env=environment, timeout_s=300)
        assert done.ok, done.output[-3000:]
        return rows(done.output)


def numbers(trace: Trace) -> Trace:
    """The same without leading zeros; what is not known as it is."""
    return [
        [f"{int(v, 16):x}" if set(v) <= set("0123456789abcdef") else v for v in row]
        for row in trace
    ]


def check(name: str, program: Program, simulator: str) -> None:
    trace = numbers(cocotb_trace(name, program, simulator))
    known = numbers(rows(icarus_output(name, text_of(name, program))))
    assert len(trace) == len(known)
    for n, (row, expected) in enumerate(zip(trace, known, strict=True)):
        for value, wanted in zip(row, expected, strict=True):
            assert value == wanted or set(wanted.lower()) & set("xz"), (n, row, expected)


@pytest.mark.skipif(ICARUS is None, reason="iverilog is not installed")
@pytest.mark.parametrize("name", DESIGNS)
@settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_the_same_in_icarus(name: str, data: st.DataObject) -> None:
    if compiles_with_icarus(name):
        check(name, data.draw(programs(interface_of(name))), "icarus")


@pytest.mark.skipif(ICARUS is None or shutil.which("make") is None, reason="a tool is missing")
def test_the_same_in_verilator() -> None:
    check("emit_fsm", PROGRAM, "verilator")


def test_a_plain_design_is_driven_directly(tmp_path: Path) -> None:
    files = files_of("emit_alu", Program(), tmp_path)
    assert list(files) == ["test_emit_alu.py", "run_emit_alu.py"]
    assert "SHELL" not in files["run_emit_alu.py"]
    assert 'hdl_toplevel="emit_alu"' in files["run_emit_alu.py"]


def test_a_shell_holds_what_idles_high(tmp_path: Path) -> None:
    files = files_of("emit_fsm", PROGRAM, tmp_path)
    assert "logic rst_n = 1;" in files["run_emit_fsm.py"]
    assert 'hdl_toplevel="emit_fsm_shell"' in files["run_emit_fsm.py"]
    assert "async def reset(tb):" in files["test_emit_fsm.py"]
    assert '"""Runs with \'\'\' and /."""' in files["test_emit_fsm.py"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("emit_alu", True),
        ("emit_fsm", False),
        ("emit_negedge", False),
        ("emit_lanes", False),
        ("emit_pad", False),
        ("emit_escaped", False),
    ],
)
def test_what_is_plain(name: str, plain: bool) -> None:
    interface = interface_of(name)
    assert is_plain(interface) == plain
    assert is_plain(interface) == (shell_of(interface) is None)
    assert not is_plain(replace(interface, parameters=(("W", "1"),)))


def test_a_shell_is_called_like_no_module() -> None:
    shell = shell_of(interface_of("emit_fsm"), {"emit_fsm_shell"})
    assert shell is not None
    assert shell.name == "tb_emit_fsm_shell"


def test_the_user_names_the_test(tmp_path: Path) -> None:
    design = Design(root=RTL, sources=())
    files = render(
        interface_of("emit_fsm"),
        PROGRAM,
        design=design,
        folder=tmp_path,
        covers={},
        header=("Test.",),
        name="cov_fsm",
        ends=True,
    )
    assert list(files) == ["cov_fsm.py", "run_cov_fsm.py"]
    assert 'test_module="cov_fsm"' in files["run_cov_fsm.py"]
    assert "@cocotb.test(expect_error=SimFailure)" in files["cov_fsm.py"]


def test_the_dialect_is_passed_on(tmp_path: Path) -> None:
    files = render(
        interface_of("emit_fsm"),
        PROGRAM,
        design=Design(root=RTL, sources=(), legacy_keywords=True),
        folder=tmp_path,
        covers={},
        header=("Test.",),
    )
    assert "'+1364-2005ext+v'" in files["run_emit_fsm.py"]


def test_words_of_python_are_names_too(tmp_path: Path) -> None:
    interface = interface_of("emit_fsm")
    signals = tuple(
        replace(s, name="in", identifier="in") if s.name == "start" else s
        for s in interface.signals
    )
    ports = tuple(replace(p, name="in") if p.name == "start" else p for p in interface.ports)
    renamed: Interface = replace(interface, signals=signals, ports=ports)
    segment = Segment("class_", "", (Drive((("in", 1), ("count", 2))), Cycles(1)))
    files = render(
        renamed,
        Program((segment, replace(segment, name="print")), ("class_", "print")),
        design=Design(root=RTL, sources=()),
        folder=tmp_path,
        covers={},
        header=("Test.",),
    )
    text = files["test_emit_fsm.py"]
    assert 'tb.drive(count=2, **{"in": 1})' in text
    assert "async def print_2(tb):" in text
    ast.parse(text)


def test_sources_are_named_relative_to_the_runner(tmp_path: Path) -> None:
    design = Design(
        root=tmp_path,
        sources=(tmp_path / "rtl" / "a b.sv",),
        include_dirs=(tmp_path / "inc",),
        defines=(("FAST", ""), ("N", "3")),
        library_dirs=(tmp_path / "lib",),
        library_files=(tmp_path / "cells.v",),
    )
    files = render(
        interface_of("emit_fsm"),
        PROGRAM,
        design=design,
        folder=tmp_path / "tb",
        covers={},
        header=("Test.",),
        delays=True,
    )
    text = files["run_emit_fsm.py"]
    assert "HERE / '../rtl/a b.sv'" in text
    assert "HERE / '../inc'" in text
    assert "{'FAST': '1', 'N': '3'}" in text
    assert "'--timing'" in text
    assert "'-y',\n        str(HERE / '../lib')," in text
    assert str(tmp_path) not in text
    assert "    await ReadOnly()  #" in files["test_emit_fsm.py"]
