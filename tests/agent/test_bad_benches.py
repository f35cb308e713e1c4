"""Testbenches of the user and saved runs that are wrong: `simulate` and `report`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.outcome import refused, run, write

GATE = """\
module gate(input logic a, b, output logic y);
  always_comb y = a && b;
endmodule
"""


def bench(body: str, module: str = "gate") -> str:
    """A testbench of the gate that runs `body`."""
    return (
        f"module bench;\n  logic a = 0, b = 0;\n  wire y;\n  {module} dut(.a, .b, .y);\n"
        f"  initial begin\n    {body}\n  end\nendmodule\n"
    )


GOOD = bench("#1 a = 1; #1 $finish;")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder with a design, and room for temporary files beside it."""
    path = tmp_path / "work"
    write(path, {"gate.sv": GATE})
    return path


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (bench("a = ;"), 3, ("bench.sv:6", "->")),
        (bench("nothing_such = 1;"), 3, ("bench.sv:6", "nothing_such")),
        (bench("a.b.c = 1;"), 3, ("bench.sv:6",)),
        (bench("forever #1 a = !a;"), 9, ("bench.sv", "does not end")),
        (bench("while (1);"), 9, ("bench.sv:6", "endless loop")),
        (bench("forever a = !a;"), 9, ("bench.sv", "endless loop")),
        (bench('$system("touch stolen");'), 9, ("bench.sv:6", "$system")),
        (bench('#1 $fatal(1, "went wrong");'), 9, ("bench.sv:6", "went wrong")),
        (bench('forever #1 $display("%0100d", 7);'), 9, ("bench.sv",)),
        (bench("$finish;", "gait"), 4, ("gait", "->")),
        (
            "module bench; gate dut(); endmodule\nmodule other; gate dut(); endmodule",
            4,
            ("--tb-top",),
        ),
        ("// nothing\n", 4, ("bench.sv", "->")),
        ("", 3, ("bench.sv", "the file is empty")),
        ("\0\1\2", 3, ("bench.sv", "binary")),
        ('import "DPI-C" function int f();\n' + bench("if (f() == 1) a = 1;"), 9, ("bench.sv:1",)),
    ],
    ids=range(15),
)
def test_testbenches_that_are_wrong(
    folder: Path, text: str, code: int, says: tuple[str, ...]
) -> None:
    write(folder, {"bench.sv": text})
    arguments = ("simulate", "bench.sv", "gate.sv", "--timeout", "1", "--json")
    refused(folder, *arguments, code=code, says=says)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("none.sv", "gate.sv"), 3, ("none.sv", "no such file")),
        (("bench.sv", "none.sv"), 3, ("none.sv", "no such file")),
        (("bench.sv", "gate.sv", "--tb-top", "branch"), 4, ("'branch'", "bench")),
        (("bench.sv", "gate.sv", "-o", "bench.sv", "--force"), 7, ("bench.sv", "->")),
        (("bench.sv", "gate.sv", "-o", "gate.sv", "--force"), 7, ("gate.sv", "->")),
        (("bench.sv", "gate.sv", "-o", "none/run.json"), 7, ("no folder none", "mkdir")),
        (("bench.sv", "gate.sv", "--merge", "none.json"), 10, ("none.json",)),
        (("bench.sv", "gate.sv", "--fail-under", "101"), 2, ("--fail-under",)),
        (("bench.sv", "gate.sv", "--timeout", "0"), 2, ("--timeout",)),
        ((), 2, ("TESTBENCH",)),
    ],
    ids=range(10),
)
def test_simulations_that_cannot_be_made(
    folder: Path, arguments: tuple[str, ...], code: int, says: tuple[str, ...]
) -> None:
    write(folder, {"bench.sv": GOOD})
    refused(folder, "simulate", *arguments, code=code, says=says)


POINT = "C '\1f\2gate.sv\1l\2" + "2\1n\2" + "3\1page\2v_line/gate\1o\2block\1h\2TOP.gate' 7\n"
HEAD = "# SystemC::Coverage-3\n"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("coverage.dat", HEAD + POINT[: len(POINT) // 2], ("coverage.dat:2", "->")),
        ("coverage.dat", HEAD + POINT + POINT.replace(" 7", " x"), ("coverage.dat:3", "->")),
        ("coverage.dat", "", ("coverage.dat", "->")),
        ("coverage.dat", "not coverage\n", ("coverage.dat", "->")),
        ("coverage.dat", "\0\0\0", ("coverage.dat", "->")),
        ("run.json", "{", ("run.json:1", "no JSON")),
        ("run.json", "", ("run.json", "no JSON")),
        ("run.json", "\0", ("run.json", "no JSON")),
        ("run.json", "[" * 100_000, ("run.json",)),
        ("run.json", '{"format": "benchwright-run", "version": 99}', ("99", "upgrade")),
        ("run.json", '{"format": "benchwright-run", "version": "1"}', ("version",)),
        ("run.json", '{"format": "benchwright-run", "version": 1, "bins": 3}', ("damaged",)),
        ("run.json", '{"format": "benchwright-run", "version": 1, "bins": [3]}', ("damaged",)),
    ],
    ids=range(13),
)
def test_runs_that_are_damaged(folder: Path, name: str, text: str, says: tuple[str, ...]) -> None:
    write(folder, {name: text})
    refused(folder, "report", name, code=10, says=says)


def test_a_run_that_lacks_a_field(folder: Path) -> None:
    write(folder, {"bench.sv": GOOD})
    saved = run(folder, "simulate", "bench.sv", "gate.sv", "-o", "run.json")
    assert saved.returncode == 0, saved.stderr
    whole = json.loads((folder / "run.json").read_text())
    for field in ("bins", "design", "testbenches", "status", "seconds", "warnings"):
        values: tuple[object, ...] = ({}, None)
        for value in values:
            broken = whole | {field: value}
            if value is None:
                del broken[field]
            write(folder, {"broken.json": json.dumps(broken)})
            result = run(folder, "report", "broken.json")
            assert result.returncode in {0, 10}, (field, value, result.stderr)
            (folder / "broken.json").unlink()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("none.json",), 10, ("none.json", "No such file")),
        (("none.dat",), 10, ("none.dat", "No such file")),
        ((".",), 10, (".",)),
        (("gate.sv",), 10, ("gate.sv", "no JSON")),
        ((), 2, ("RUN",)),
        (("none.json", "--format", "pdf"), 5, ("pdf", "html")),
        (("none.json", "-o", "gate.sv"), 7, ("gate.sv exists", "--force")),
        (("none.json", "-o", "none/x.html"), 7, ("no folder none",)),
    ],
    ids=range(8),
)
def test_reports_that_cannot_be_made(
    folder: Path, arguments: tuple[str, ...], code: int, says: tuple[str, ...]
) -> None:
    refused(folder, "report", *arguments, code=code, says=says)


def test_a_report_without_its_sources(folder: Path) -> None:
    write(folder, {"bench.sv": GOOD})
    assert run(folder, "simulate", "bench.sv", "gate.sv", "-o", "run.json").returncode == 0
    (folder / "gate.sv").unlink()
    for form in ("text", "lcov", "html"):
        result = run(folder, "report", "run.json", "--format", form)
        assert result.returncode == 0, result.stderr
        assert "gate.sv" in result.stdout
