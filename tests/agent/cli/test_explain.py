"""`benchwright explain`: what it shows, and what it says when there is nothing to show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.command import benchwright
from tests.outcome import contents, refused, run

LOCK = """\
module lock (input logic clk, rst, input logic [7:0] key, output logic open);
  logic [3:0] tries;
  always_ff @(posedge clk)
    if (rst) begin
      open <= 0; tries <= 0;
    end else if (key == 8'd77 && tries < 4'd9)
      open <= 1;
    else
      tries <= tries + 1;
endmodule
"""
BENCH = """\
module tb_lock;
  logic clk = 0, rst = 1, open;
  logic [7:0] key = 60;
  lock dut (.*);
  always #5 clk = ~clk;
  initial begin
    @(negedge clk) rst = 0;
    repeat (8) @(negedge clk) key = key + 1;
    $finish;
  end
endmodule
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a design and a testbench of it."""
    inside = tmp_path / "work"
    inside.mkdir()
    (inside / "lock.sv").write_text(LOCK)
    (inside / "bench.sv").write_text(BENCH)
    return inside


def explained(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    """The JSON object of an explanation; the folder stays as it is."""
    before = contents(folder)
    result = run(folder, "explain", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    assert contents(folder) == before
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    """Names of the bins that are explained."""
    return [found["name"] for found in answer["bins"]]


def last_guard(answer: dict[str, Any]) -> dict[str, Any]:
    """The innermost guard of the first way to the first bin."""
    guard: dict[str, Any] = answer["bins"][0]["ways"][0]["guards"][-1]
    return guard


def test_a_file_is_its_own_design(folder: Path) -> None:
    answer = explained(folder, "lock.sv:6")
    assert "if" in names(answer)
    assert "else" in names(answer)
    assert answer["testbench"] is None
    assert {found["verdict"] for found in answer["bins"]} == {None}
    assert last_guard(answer)["seen"] is None


def test_a_testbench_gives_values(folder: Path) -> None:
    answer = explained(folder, "lock.sv:6", "lock.sv", "-b", "bench.sv")
    assert names(answer)[0] == "if"
    assert answer["bins"][0]["verdict"] == "unknown"
    seen = last_guard(answer)["seen"]
    assert (seen["met"], seen["missed"]) == (0, 8)
    near = seen["near"][0]
    assert (near["text"], near["left"], near["distance"]) == ("key == 8'd77", 67, 10)
    assert any(found.startswith("line:lock.sv:6") for found in answer["covered"])


def test_the_testbench_of_the_top_is_taken_where_it_lies(folder: Path) -> None:
    (folder / "bench.sv").rename(folder / "tb_lock.sv")
    result = run(folder, "explain", "lock.sv:6")
    assert result.returncode == 0
    assert "values are those of a run of tb_lock.sv" in result.stderr
    assert "never in 8 samples" in result.stdout
    assert "inputs: key, rst" in result.stdout
    assert "covered" in result.stdout


def test_a_saved_run_names_design_testbench_and_verdicts(folder: Path) -> None:
    saved = benchwright("simulate", "bench.sv", "lock.sv", "-o", "run.json", cwd=folder)
    assert saved.returncode == 0, saved.stderr
    answer = explained(folder, "lock.sv:6", "--run", "run.json")
    assert answer["bins"][0]["verdict"] == "unknown"
    assert last_guard(answer)["seen"]["missed"] == 8
    assert answer["warnings"] == []

    (folder / "lock.sv").write_text(f"// A line more.\n{LOCK}")
    assert "have changed" in explained(folder, "lock.sv:6", "--run", "run.json")["warnings"][0]

    (folder / "bench.sv").unlink()
    answer = explained(folder, "lock.sv:6", "--run", "run.json")
    assert "bench.sv is gone" in answer["warnings"][0]
    assert answer["bins"][0]["verdict"] == "unknown"
    assert last_guard(answer)["seen"] is None


def test_a_bin_is_named_by_its_id(folder: Path) -> None:
    every = explained(folder, "lock.sv:4")["bins"]
    for found in every:
        assert explained(folder, found["id"], "lock.sv")["bins"] == [found]
        break
    at = f"lock.sv:4:{every[0]['column']}"
    assert {found["column"] for found in explained(folder, at)["bins"]} == {every[0]["column"]}


def test_a_line_inside_of_a_block_is_explained_by_its_decision(folder: Path) -> None:
    assert names(explained(folder, "lock.sv:7")) == ["if"]


def test_toggles_of_one_cause_stand_together(folder: Path) -> None:
    result = run(folder, "explain", "lock.sv:1", "-q")
    assert result.returncode == 0
    assert "key[7:0]:0<->1" in " ".join(result.stdout.split())
    assert result.stdout.count("`key` is an input") == 1


def test_verilog_2005_shows_what_registers_are_loaded_with(folder: Path) -> None:
    (folder / "count.v").write_text(
        "module count (input clk, input rst, output reg [3:0] n, output reg top);\n"
        "  always @(posedge clk) if (rst) n <= 0; else n <= n + 1;\n"
        "  always @(posedge clk)\n"
        "    if (n == 9) top <= 1;\n"
        "endmodule\n"
    )
    result = run(folder, "explain", "count.v:4")
    assert result.returncode == 0, result.stderr
    assert "n <= (rst ? 0 : (n + 1))" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["lock.sv"], 5, ["'lock.sv' names no place", "FILE:LINE"]),
        (["lock.sv:x"], 5, ["names no place"]),
        (["lock.sv:10"], 5, ["no bin is on this line", "nearest lines that have some", "6"]),
        (["lock.sv:900"], 5, ["the file ends at line 11"]),
        (["lock.sv:6:2"], 5, ["no bin is at this column", "columns with bins"]),
        (["none.sv:6"], 3, ["there is no file none.sv"]),
        (["none.sv:6", "lock.sv"], 5, ["there is no file none.sv", "lock.sv"]),
        (["bench.sv:6", "lock.sv"], 5, ["bench.sv is not part of the design", "lock.sv"]),
        (["branch:lock.sv:6:1:if", "lock.sv"], 5, ["has no bin branch:lock.sv:6:1:if"]),
        (["lock.sv:6", "lock.sv", "-b", "none.sv"], 3, ["none.sv"]),
        (["lock.sv:6", "--run", "none.json"], 10, ["none.json"]),
        (["lock.sv:6", "--run", "lock.sv"], 10, ["not a saved run"]),
        (["lock.sv:6", "lock.sv", "-b", "lock.sv"], 4, ["instantiates no module"]),
    ],
)
def test_what_cannot_be_explained_is_refused(
    folder: Path, arguments: Sequence[str], code: int, says: Sequence[str]
) -> None:
    refused(folder, "explain", *arguments, code=code, says=says)


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("key = 60;", "key = sixty;", 3, "it does not compile"),
        (".*);", ".*, .gone(key));", 3, "it does not compile"),
        ("$finish;", "$fatal(1);", 9, "it ends with an error"),
        ("$finish;", "", 9, "it does not end within its time"),
    ],
)
def test_a_testbench_that_fails_costs_values_and_the_exit_code_alone(
    folder: Path, old: str, new: str, code: int, says: str
) -> None:
    (folder / "bad.sv").write_text(BENCH.replace(old, new))
    arguments = ["lock.sv:6", "lock.sv", "-b", "bad.sv", "--timeout", "1", "--json"]
    result = run(folder, "explain", *arguments)
    assert result.returncode == code, result.stderr
    assert says in result.stderr
    assert "if" in names(json.loads(result.stdout))


def test_the_design_of_a_project_needs_no_sources(folder: Path) -> None:
    (folder / "benchwright.toml").write_text('sources = ["lock.sv"]\n')
    assert "if" in names(explained(folder, "lock.sv:6"))


def test_a_design_that_does_not_parse_is_the_designs_error(folder: Path) -> None:
    (folder / "lock.sv").write_text(LOCK.replace("else if", "else iff"))
    refused(folder, "explain", "lock.sv:6", code=3, says=["lock.sv:6"])
