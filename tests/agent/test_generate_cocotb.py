"""`benchwright generate --format cocotb`: two files, and the coverage that they really show."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_sim.coverage import read_dat
from benchwright_sim.errors import OutputError
from tests.built import RTL
from tests.command import benchwright, environment

FSM_KINDS = {"fsm_state", "fsm_arc"}


def options(path: Path, *, force: bool = False) -> GenerateOptions:
    return GenerateOptions(path, format="cocotb", force=force)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_runner_shows_the_coverage_that_was_reported(tmp_path: Path) -> None:
    (tmp_path / "rtl").mkdir()
    source = tmp_path / "rtl" / "emit_fsm.sv"
    shutil.copy(RTL / source.name, source)
    arguments = ("--format", "cocotb", "--budget-cycles", "20000", "--json", "--quiet")
    told = benchwright("generate", source, *arguments, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert Path(report["testbench"]).name == "test_emit_fsm.py"
    covered = {b["id"] for b in report["bins"] if b["count"] and b["kind"] not in FSM_KINDS}
    points = ("--coverage-line", "--coverage-toggle", "--coverage-expr", "--coverage-user")
    fast = ("-j", "2", "-MAKEFLAGS", "OPT_GLOBAL=-O0")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, tmp_path / "run_emit_fsm.py", *points, *fast],
        cwd=elsewhere,
        env=environment(PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    shown = read_dat(
        tmp_path / "coverage.dat",
        root=source.parent,
        cwd=tmp_path / "sim_build" / "verilator",
        modules={"emit_fsm"},
        exclude_files=(tmp_path / "sim_build" / "verilator" / "emit_fsm_shell.sv",),
    )
    assert {bin_.id for bin_ in shown.covered} == covered


@pytest.mark.parametrize("name", ["finish_on_value", "stop_on_value"])
def test_a_design_that_ends_the_simulation(name: str, tmp_path: Path) -> None:
    arguments = ("--format", "cocotb", "--budget-cycles", "100000", "--json", "--quiet")
    told = benchwright("generate", RTL / f"{name}.sv", *arguments, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    open_bins = [b["line"] for b in report["bins"] if b["verdict"] == "unknown"]
    assert open_bins == ([] if name == "finish_on_value" else [14])
    assert report["warnings"] == []


def test_a_test_with_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    arguments = ("--format", "cocotb", "--budget-cycles", "2000", "-o", "tests/cov.py")
    told = benchwright("generate", RTL / "emit_alu.sv", *arguments, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert sorted(p.name for p in (tmp_path / "tests").iterdir()) == ["cov.py", "run_cov.py"]
    assert "tests/cov.py" in told.stdout
    assert 'test_module="cov"' in (tmp_path / "tests" / "run_cov.py").read_text()


def test_the_runner_is_no_source_and_replaces_nothing(tmp_path: Path) -> None:
    source = tmp_path / "emit_alu.sv"
    shutil.copy(RTL / source.name, source)
    (tmp_path / "run_emit_alu.py").write_text("mine")
    told = benchwright("generate", source, "--format", "cocotb", cwd=tmp_path)
    assert told.returncode == 7
    assert "run_emit_alu.py exists already" in told.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["emit_alu.sv", "run_emit_alu.py"]
    told = benchwright(
        "generate", source, "--format", "cocotb", "--save", "run_emit_alu.py", cwd=tmp_path
    )
    assert told.returncode == 7
    assert (tmp_path / "run_emit_alu.py").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["test_it.sv", "test_it", "a-b.py", "a.b.py", "class.py", "random.py", "cocotb.py"]
)
def test_names_that_cocotb_cannot_import(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        check_writable(options(tmp_path / name))
    assert name in str(caught.value)


def test_either_file_may_be_in_the_way(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    runner = tmp_path / "run_it.py"
    check_writable(options(test))
    for path in (test, runner):
        path.write_text("mine")
        with pytest.raises(OutputError, match=path.name):
            check_writable(options(test))
        check_writable(options(test, force=True))
        path.unlink()


def test_both_files_or_none(tmp_path: Path) -> None:
    test, runner = options(tmp_path / "test_it.py").outputs
    runner.write_text("mine")
    with pytest.raises(OutputError, match=r"run_it\.py"):
        write_outputs({test: "new", runner: "new"}, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["run_it.py"]
    assert runner.read_text() == "mine"
    write_outputs({test: "new", runner: "new"}, force=True)
    assert (test.read_text(), runner.read_text()) == ("new", "new")
