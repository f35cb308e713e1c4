"""`benchwright generate` from outside: files, streams, exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, benchwright, environment

COUNTER = """\
module counter #(parameter int WIDTH = 4) (
  input  logic clk, rst_n, enable,
  output logic [WIDTH-1:0] count,
  output logic never
);
  assign never = 1'b0;
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) count <= '0;
    else if (enable) count <= count + 1;
endmodule
"""
TWO = """\
module first(input logic a, output logic y); assign y = !a; endmodule
module second(input logic b, output logic z); assign z = b; endmodule
"""
QUICK = ("--budget-cycles", "20000")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a design, and nothing else."""
    (tmp_path / "counter.sv").write_text(COUNTER)
    return tmp_path


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one run has been made and saved."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "counter.sv").write_text(COUNTER)
    result = benchwright("generate", "counter.sv", *QUICK, "--save", "run.json", cwd=folder)
    assert result.returncode == 0, result.stderr
    (folder / "stdout.txt").write_text(result.stdout)
    return folder


def saved(folder: Path) -> dict[str, Any]:
    """The run that was saved there."""
    run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return run


def test_the_testbench_goes_to_the_current_folder_by_its_top(generated: Path) -> None:
    names = sorted(path.name for path in generated.iterdir())
    assert names == ["counter.sv", "run.json", "stdout.txt", "tb_counter.sv"]


def test_the_closing_table_shows_coverage_and_what_is_open(generated: Path) -> None:
    text = (generated / "stdout.txt").read_text()
    assert "overall average" in text
    assert "tb_counter.sv" in text
    assert "counter.sv:4  toggle never" in text


def test_the_run_holds_every_bin_with_its_verdict(generated: Path) -> None:
    run = saved(generated)
    assert run["design"]["top"] == "counter"
    assert Path(run["testbench"]) == generated / "tb_counter.sv"
    assert (run["status"], run["seed"]) == ("open", 1)
    total = sum(total for _, total in run["coverage"].values())
    assert len(run["bins"]) == total
    open_bins = [bin_["name"] for bin_ in run["bins"] if bin_["verdict"] == "unknown"]
    assert open_bins == ["never:0->1", "never:1->0"]
    assert run["coverage"]["branch"] == [2, 2]
    assert 0 < run["overall_average"] < 100
    assert 0 < run["closure"] < 100
    for bin_ in run["bins"]:
        assert (bin_["count"] > 0) == (bin_["verdict"] == "covered")
        assert bin_["id"].startswith(f"{bin_['kind']}:counter.sv:{bin_['line']}:")


def test_json_is_all_that_stdout_gets_and_a_seed_repeats_it(generated: Path) -> None:
    again = benchwright("generate", "counter.sv", *QUICK, "--json", "--force", cwd=generated)
    assert again.returncode == 0
    assert again.stderr == ""
    run, before = json.loads(again.stdout), saved(generated)
    assert run.pop("seconds") > 0
    before.pop("seconds")
    assert run == before


def test_the_users_own_simulation_of_it_shows_the_same(generated: Path) -> None:
    result = benchwright("simulate", "tb_counter.sv", "counter.sv", "--json", cwd=generated)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["coverage"] == saved(generated)["coverage"]


def test_quiet_prints_nothing(folder: Path) -> None:
    result = benchwright("generate", "counter.sv", *QUICK, "--quiet", cwd=folder)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (folder / "tb_counter.sv").is_file()


def test_a_missed_target_exits_1_and_keeps_the_testbench(folder: Path) -> None:
    result = benchwright("generate", "counter.sv", *QUICK, "--target", "99.9", cwd=folder)
    assert result.returncode == 1
    assert "the target of 99.9 % is missed" in result.stderr
    assert (folder / "tb_counter.sv").is_file()


@pytest.mark.parametrize("option", ["-o", "--save"])
def test_what_exists_is_kept_unless_forced(folder: Path, option: str) -> None:
    mine = folder / "mine.sv"
    mine.write_text("mine")
    arguments = ("generate", "counter.sv", *QUICK, option, "mine.sv")
    refused = benchwright(*arguments, cwd=folder)
    assert refused.returncode == 7
    assert "exists already" in refused.stderr
    assert mine.read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["counter.sv", "mine.sv"]
    assert benchwright(*arguments, "--force", cwd=folder).returncode == 0
    assert mine.read_text() != "mine"


def test_the_design_is_never_written_over(folder: Path) -> None:
    result = benchwright("generate", "counter.sv", "-o", "counter.sv", "--force", cwd=folder)
    assert result.returncode == 7
    assert (folder / "counter.sv").read_text() == COUNTER


def test_a_folder_that_is_missing_is_named(folder: Path) -> None:
    result = benchwright("generate", "counter.sv", "-o", "no/tb.sv", cwd=folder)
    assert result.returncode == 7
    assert "mkdir -p no" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("missing.sv",), 3, "missing.sv: no such file"),
        ((), 3, "no sources given"),
        (("counter.sv", "--top", "nothing"), 4, "no module 'nothing'"),
        (("counter.sv", "-G", "DEPTH=3"), 5, "no parameter 'DEPTH'"),
        (("counter.sv", "-G", "WIDTH"), 5, "legal: NAME=VALUE"),
        (("counter.sv", "-D", "1X"), 5, "no macro"),
        (("counter.sv", "--clock", "clk:sideways"), 5, "sideways"),
        (("counter.sv", "--reset", "rst_n:2"), 5, "rst_n:2"),
        (("counter.sv", "--format", "vhdl"), 5, "legal are sv, cocotb"),
        (("counter.sv", "--waivers", "none.toml"), 5, "none.toml"),
        (("counter.sv", "--project", "."), 5, "no benchwright.toml"),
        (("counter.sv", "--budget", "-1"), 2, "--budget"),
        (("counter.sv", "--target", "101"), 2, "--target"),
    ],
)
def test_wrong_input_is_one_message_with_its_code(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = benchwright("generate", *arguments, cwd=folder)
    assert result.returncode == code, result.stderr
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert [path.name for path in folder.iterdir()] == ["counter.sv"]


def test_several_tops_exit_4_where_nobody_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "two.sv").write_text(TWO)
    result = benchwright("generate", "two.sv", *QUICK, cwd=tmp_path)
    assert result.returncode == 4
    assert "first" in result.stderr
    assert "second" in result.stderr


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_several_tops_are_asked_for_on_a_terminal(
    tmp_path: Path, terminal: tuple[int, int]
) -> None:
    (tmp_path / "two.sv").write_text(TWO)
    ours, theirs = terminal
    with subprocess.Popen(
        [*COMMAND, "generate", "two.sv", *QUICK],
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as child:
        shown = b""
        while b"Which one" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"2\n")
        assert child.wait(timeout=120) == 0
    assert b"first" in shown
    assert (tmp_path / "tb_second.sv").is_file()


def test_options_of_the_design_reach_it(folder: Path) -> None:
    (folder / "counter.sv").write_text(COUNTER.replace("WIDTH = 4", "WIDTH = `WIDTH_OF_IT"))
    result = benchwright(
        *("generate", "counter.sv", "+define+WIDTH_OF_IT=3", *QUICK, "--json"), cwd=folder
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["design"]["defines"] == {"WIDTH_OF_IT": "3"}
    names = {bin_["name"] for bin_ in json.loads(result.stdout)["bins"]}
    assert "count[2]:0->1" in names
    assert "count[3]:0->1" not in names


def test_a_folder_with_a_project_file_is_that_project(folder: Path) -> None:
    (folder / "other.sv").write_text("module other; endmodule")
    (folder / "benchwright.toml").write_text('sources = ["counter.sv"]\nparameters = {WIDTH = 2}\n')
    result = benchwright("generate", folder, *QUICK, "--json", cwd=folder.parent)
    (folder.parent / "tb_counter.sv").unlink()
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["design"]["parameters"] == {"WIDTH": "2"}


def test_ctrl_c_keeps_the_best_so_far(folder: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "generate", "counter.sv", "--budget", "120"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stderr is not None
        while "search" not in child.stderr.readline():
            pass
        time.sleep(1)
        os.killpg(child.pid, signal.SIGINT)
        output, errors = child.communicate(timeout=120)
    assert child.returncode == 130, errors
    assert "overall average" in output
    assert "--budget-cycles" in output
    assert (folder / "tb_counter.sv").is_file()
