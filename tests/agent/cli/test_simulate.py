"""`benchwright simulate` and `report` on testbenches as users write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.command import benchwright

RTL = Path(__file__).parents[2] / "rtl"
GATE = """\
module gate(input logic a, b, output logic y);
  always_comb
    if (a) y = b;
    else y = 1'b0;
endmodule
"""


def bench(body: str, name: str = "my_bench", head: str = "") -> str:
    """A testbench of the gate that runs `body`."""
    return (
        f"`timescale 1ns/1ps\n{head}module {name};\n  logic a = 0, b = 0;\n  wire y;\n"
        f"  gate under_test (.a(a), .b(b), .y(y));\n  initial begin\n    {body}\n  end\n"
        "endmodule\n"
    )


LEFT = bench("#1 a = 1; #1 a = 0; #1 $finish;", "left")
RIGHT = bench("#1 b = 1; #1 b = 0; #1 $finish;", "right")
BOTH = bench("repeat (2) begin #1 a = !a; #1 b = !b; end #1 $finish;")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a gate."""
    (tmp_path / "gate.sv").write_text(GATE)
    return tmp_path


def write(folder: Path, text: str, name: str = "bench.sv") -> str:
    """Puts a testbench into the folder."""
    (folder / name).write_text(text)
    return name


def simulated(folder: Path, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """The JSON object of a simulation."""
    result = benchwright("simulate", *arguments, "--json", cwd=folder)
    assert result.returncode == code, result.stderr
    run: dict[str, Any] = json.loads(result.stdout)
    return run


def covered(run: dict[str, Any]) -> set[str]:
    """Ids of covered bins."""
    return {bin_["id"] for bin_ in run["bins"] if bin_["verdict"] == "covered"}


def test_only_the_design_is_measured(folder: Path) -> None:
    run = simulated(folder, write(folder, BOTH), "gate.sv")
    assert (run["status"], run["design"]["top"]) == ("ok", "gate")
    assert {bin_["file"] for bin_ in run["bins"]} == {"gate.sv"}
    assert run["coverage"]["toggle"] == [6, 6]


def test_a_folder_may_hold_design_and_testbenches(folder: Path) -> None:
    write(folder, LEFT, "left.sv")
    write(folder, RIGHT, "right.sv")
    run = simulated(folder, "left.sv", ".")
    assert covered(run) == covered(simulated(folder, "left.sv", "gate.sv"))
    assert {bin_["file"] for bin_ in run["bins"]} == {"gate.sv"}


def test_bins_keep_their_names_wherever_the_testbench_stands(folder: Path) -> None:
    (folder / "deep").mkdir()
    inside = simulated(folder, write(folder, BOTH), "gate.sv")
    outside = simulated(folder, write(folder, BOTH, "deep/bench.sv"), "gate.sv")
    assert [bin_["id"] for bin_ in inside["bins"]] == [bin_["id"] for bin_ in outside["bins"]]


def test_a_design_of_which_nothing_is_counted_is_said(folder: Path) -> None:
    alone = "module alone;\nendmodule\n"
    (folder / "alone.sv").write_text(alone)
    bench = write(
        folder,
        "module tb_alone;\n  alone dut ();\n  initial #9 $finish;\nendmodule\n",
        "tb_alone.sv",
    )
    run = simulated(folder, bench, "alone.sv")
    assert run["bins"] == []
    assert any("nothing of the design was counted" in text for text in run["warnings"])


def test_several_testbenches_add_up(folder: Path) -> None:
    write(folder, LEFT, "left.sv")
    write(folder, RIGHT, "right.sv")
    left = simulated(folder, "left.sv", "gate.sv")
    right = simulated(folder, "right.sv", "gate.sv")
    together = simulated(folder, "left.sv", "-b", "right.sv", "gate.sv")
    assert covered(together) == covered(left) | covered(right)
    assert together["overall_average"] > left["overall_average"]
    assert together["testbench"] is None
    assert [Path(name).name for name in together["testbenches"]] == ["left.sv", "right.sv"]


def test_an_earlier_run_is_merged(folder: Path) -> None:
    write(folder, LEFT, "left.sv")
    write(folder, RIGHT, "right.sv")
    first = benchwright("simulate", "left.sv", "gate.sv", "-o", "left.json", cwd=folder)
    assert first.returncode == 0
    assert "overall average" in first.stdout
    run = simulated(folder, "right.sv", "gate.sv", "--merge", "left.json")
    assert covered(run) == covered(simulated(folder, "left.sv", "-b", "right.sv", "gate.sv"))


def test_a_testbench_that_includes_the_design(folder: Path) -> None:
    run = simulated(folder, write(folder, bench("#1 $finish;", head='`include "gate.sv"\n')))
    assert {bin_["file"] for bin_ in run["bins"]} == {"gate.sv"}


def test_a_testbench_that_holds_the_design(folder: Path) -> None:
    run = simulated(folder, write(folder, GATE + bench("#1 a = 1; #1 $finish;")))
    assert {bin_["module"] for bin_ in run["bins"]} == {"gate"}
    assert run["coverage"]["toggle"] == [1, 6]


def test_fail_under(folder: Path) -> None:
    write(folder, LEFT)
    arguments = ("simulate", "bench.sv", "gate.sv", "--quiet", "--fail-under")
    missed = benchwright(*arguments, "90", cwd=folder)
    assert missed.returncode == 1
    assert "less than the 90 % asked for" in missed.stderr
    assert benchwright(*arguments, "10", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ('#1 $fatal(1, "went wrong");', 9, "runtime_error"),
        ("forever #1 a = !a;", 9, "timeout"),
        ('$system("touch stolen");', 9, "refused"),
        ("a = nothing_such + ;", 3, "parse"),
        ("a.b.c = 1;", 3, "compile_error"),
    ],
)
def test_a_testbench_that_fails(folder: Path, body: str, code: int, status: str) -> None:
    write(folder, bench(body))
    arguments = ("simulate", "bench.sv", "gate.sv", "--timeout", "1", "--json")
    result = benchwright(*arguments, cwd=folder)
    assert result.returncode == code, result.stderr
    assert "bench.sv" in result.stderr
    if status != "parse":
        assert json.loads(result.stdout)["status"] == status
    assert sorted(path.name for path in folder.iterdir()) == ["bench.sv", "gate.sv"]


def test_a_testbench_without_the_design(folder: Path) -> None:
    write(folder, bench("$finish;").replace("gate under", "grate under"))
    result = benchwright("simulate", "bench.sv", "gate.sv", cwd=folder)
    assert result.returncode == 4
    assert "grate" in result.stderr


def test_of_two_testbenches_in_a_file_one_is_chosen(folder: Path) -> None:
    write(folder, LEFT + RIGHT)
    refused = benchwright("simulate", "bench.sv", "gate.sv", cwd=folder)
    assert refused.returncode == 4
    assert "--tb-top" in refused.stderr
    run = simulated(folder, "bench.sv", "gate.sv", "--tb-top", "left")
    assert "toggle:gate.sv:1:25:a:0->1" in covered(run)


def test_instances_are_told_apart_in_a_flattened_build(tmp_path: Path) -> None:
    text = (
        "module bench;\n  logic clk = 0, rst_n = 0, up = 1, down = 0;\n"
        "  three_instances top_of_it (.clk, .rst_n, .up, .down, .free(), .up_only(), .idle());\n"
        "  always #1 clk = !clk;\n  initial begin #4 rst_n = 1; #40 $finish; end\nendmodule\n"
    )
    write(tmp_path, text)
    run = simulated(tmp_path, "bench.sv", RTL / "three_instances.sv", "--flatten")
    assert {"u_free", "u_up", "u_idle"} <= {bin_["instance"] for bin_ in run["bins"]}
    hit = {bin_["instance"] for bin_ in run["bins"] if bin_["count"] and "count[2]" in bin_["name"]}
    assert "u_idle" not in hit


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two saved runs."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "gate.sv").write_text(GATE)
    for name, text in (("left", LEFT), ("right", RIGHT)):
        write(folder, text, f"{name}.sv")
        arguments = ("simulate", f"{name}.sv", "gate.sv", "-o", f"{name}.json", "--quiet")
        assert benchwright(*arguments, cwd=folder).returncode == 0
    return folder


def test_report_as_text(run_folder: Path) -> None:
    result = benchwright("report", "left.json", cwd=run_folder)
    assert result.returncode == 0
    assert "Open bins" in result.stdout


def test_report_as_json_is_a_run_again(run_folder: Path) -> None:
    first = benchwright("report", "left.json", "--format", "json", cwd=run_folder)
    before = json.loads((run_folder / "left.json").read_text())
    assert json.loads(first.stdout) == before | {"command": "report"}


def test_report_merges_and_takes_its_form_from_the_name(run_folder: Path) -> None:
    runs = ("left.json", "right.json")
    for name in ("out.info", "out.xml", "out.html", "out.json"):
        result = benchwright("report", *runs, "-o", name, cwd=run_folder)
        assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert "SF:gate.sv" in (run_folder / "out.info").read_text()
    (run_folder / "deep").mkdir()
    deep = benchwright("report", "../left.json", "--format", "lcov", cwd=run_folder / "deep")
    assert "SF:../gate.sv" in deep.stdout
    tree = ET.fromstring((run_folder / "out.xml").read_text())  # noqa: S314 - our own output
    assert tree.tag == "coverage"
    page = (run_folder / "out.html").read_text()
    assert "always_comb" in page
    assert "http://" not in page
    alone = json.loads((run_folder / "left.json").read_text())
    both = json.loads((run_folder / "out.json").read_text())
    assert covered(alone) < covered(both)
    refused = benchwright("report", *runs, "-o", "out.html", cwd=run_folder)
    assert refused.returncode == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is no JSON"),
        ("[]", "its `format` is not"),
        ('{"format": "benchwright-run", "version": 99}', "of version 99"),
        ('{"format": "benchwright-run", "version": 1}', "damaged"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.json").write_text(text)
    result = benchwright("report", "run.json", cwd=tmp_path)
    assert result.returncode == 10
    assert message in result.stderr


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    for name in ("none.json", "none.dat"):
        result = benchwright("report", name, cwd=tmp_path)
        assert result.returncode == 10
        assert name in result.stderr


def test_report_of_what_verilator_wrote(tmp_path: Path) -> None:
    keys = {"f": "gate.sv", "l": 2, "n": 3, "page": "v_line/gate", "o": "block", "h": "TOP.gate"}
    point = "".join(f"\x01{key}\x02{value}" for key, value in keys.items())
    (tmp_path / "coverage.dat").write_text(f"# SystemC::Coverage-3\nC '{point}' 7\n")
    result = benchwright("report", "coverage.dat", "--format", "json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["coverage"] == {"line": [1, 1]}
    assert benchwright("report", "coverage.dat", "--fail-under", "100", cwd=tmp_path).stdout
