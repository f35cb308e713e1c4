"""Testbenches measured, sources checked, bins explained and coverage files read, each by a job."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from benchwright_agent.record import from_json
from benchwright_sim.runtime import NATIVE_DIR, compile_model, get_runtime
from benchwright_sim.toolchain import find_toolchain
from benchwright_sim.verilate import VerilateOptions, verilate
from tests.server.jobs import EXAMPLES, RTL, alone, generate, kinds, run, start

FIFO = EXAMPLES / "02_fifo" / "fifo.sv"

BENCH = """module tb_fifo;
  logic clk = 0, rst = 1, flush = 0, push = 0, pop = 0, clear_errors = 0;
  logic empty, full, almost_empty, almost_full, overflow, underflow;
  logic [7:0] push_data = 0, pop_data;
  logic [4:0] level;
  fifo dut (.*);
  always #5 clk = !clk;
  initial begin
    repeat (2) @(negedge clk);
    rst = 0; push = 1;
    repeat (3) @(negedge clk);
    $finish;
  end
endmodule
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A testbench beside a copy of the FIFO."""
    (tmp_path / "fifo.sv").write_text(FIFO.read_text())
    file = tmp_path / "tb_fifo.sv"
    file.write_text(BENCH)
    return file


def test_a_testbench_alone_finds_its_design_beside_it(tmp_path: Path, bench: Path) -> None:
    done = run(tmp_path, "simulate", alone(bench), testbench=str(bench))[-1]
    record = from_json(done["record"])
    assert record.design is not None
    assert (record.design.top, record.design.root) == ("fifo", tmp_path)
    assert {bin_.file for bin_ in record.coverage} == {"fifo.sv"}
    assert done["texts"] == {"fifo.sv": FIFO.read_text()}
    lines = [bin_ for bin_ in record.verdicts.open if bin_.kind == "line"]
    assert lines
    assert all(done["guards"][bin_.id] for bin_ in lines)


def test_bins_are_the_same_measured_and_generated(tmp_path: Path, bench: Path) -> None:
    elsewhere = tmp_path / "far" / "away" / "tb_fifo.sv"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_text(bench.read_text())
    spec = alone(tmp_path / "fifo.sv")
    generated = generate(tmp_path, spec)[-1]["record"]
    measured = run(tmp_path, "simulate", spec, testbench=str(elsewhere))[-1]["record"]
    assert measured["design"]["root"] == generated["design"]["root"]
    assert [b["id"] for b in measured["bins"]] == [b["id"] for b in generated["bins"]]


def test_an_unsaved_testbench_is_measured(tmp_path: Path, bench: Path) -> None:
    text = bench.read_text()
    bench.write_text("module broken")
    done = run(tmp_path, "simulate", alone(bench), testbench=str(bench), overlay={bench: text})[-1]
    assert done["record"]["status"] == "ok"


def test_a_testbench_that_does_not_compile_is_told_with_its_place(
    tmp_path: Path, bench: Path
) -> None:
    bench.write_text(BENCH.replace("flush = 0,", "flush = no_such_name,"))
    failed = run(tmp_path, "simulate", alone(bench), testbench=str(bench))[-1]
    assert failed["event"] == "failed"
    assert failed["exit_code"] == 3
    assert failed["location"]["file"] == str(bench)
    assert failed["location"]["line"] == 2


def test_a_testbench_that_hangs_keeps_what_it_covered(tmp_path: Path, bench: Path) -> None:
    bench.write_text(BENCH.replace("$finish", "forever @(negedge clk)"))
    done = run(tmp_path, "simulate", alone(bench), testbench=str(bench), timeout_s=1)[-1]
    assert done["record"]["status"] == "timeout"
    assert "time" in done["warnings"][0]
    assert from_json(done["record"]).coverage.covered


def test_the_text_of_a_file_in_another_encoding_is_told_as_editors_read_it(
    tmp_path: Path, bench: Path
) -> None:
    source = tmp_path / "fifo.sv"
    source.write_bytes("// Größe\n".encode("latin-1") + FIFO.read_bytes())
    done = run(tmp_path, "simulate", alone(bench), testbench=str(bench))[-1]
    assert done["texts"] == {"fifo.sv": "// Gr\ufffd\ufffde\n" + FIFO.read_text()}


def test_a_source_that_is_saved_during_a_simulation_does_not_get_into_it(
    tmp_path: Path, bench: Path
) -> None:
    spec = alone(tmp_path / "fifo.sv")
    before = run(tmp_path, "simulate", spec, testbench=str(bench))[-1]
    job = start(tmp_path, "simulate", spec, testbench=str(bench))
    job.until("phase", name="simulate")
    (tmp_path / "fifo.sv").write_text("// saved\n" * 9 + FIFO.read_text())
    done = job.end()[-1]
    assert done["texts"] == {"fifo.sv": FIFO.read_text()}
    assert done["record"]["bins"] == before["record"]["bins"]


def test_explains_a_line_with_and_without_a_run(tmp_path: Path, bench: Path) -> None:
    design = tmp_path / "fifo.sv"
    lines = FIFO.read_text().splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if "if (pop && empty)" in text)
    asked = {"file": str(design), "line": line}
    static = run(tmp_path, "explain", alone(design), **asked)[-1]["markdown"]
    assert "`pop && empty`" in static
    assert "samples" not in static
    with_run = run(tmp_path, "explain", alone(design), testbench=str(bench), **asked)[-1]
    assert "never** in" in with_run["markdown"]


def test_explains_bins_of_a_saved_run(tmp_path: Path, bench: Path) -> None:
    done = run(tmp_path, "simulate", alone(bench), testbench=str(bench))[-1]
    saved = tmp_path / "run.json"
    saved.write_text(json.dumps(done["record"]))
    open_ = [bin_["id"] for bin_ in done["record"]["bins"] if bin_["verdict"] == "unknown"]
    spec = alone(tmp_path / "fifo.sv")
    told = run(tmp_path, "explain", spec, bins=open_[:2], record=str(saved))[-1]
    assert told["event"] == "done"
    assert told["markdown"].count("####") in (1, 2)
    bench.unlink()
    gone = run(tmp_path, "explain", spec, bins=open_[:1], record=str(saved))[-1]
    assert "gone" in gone["warnings"][0]


def test_a_line_without_bins_is_an_error_that_helps(tmp_path: Path) -> None:
    failed = run(tmp_path, "explain", alone(FIFO), file=str(FIFO), line=1)[-1]
    assert failed["exit_code"] == 5
    assert "nearest" in failed["hint"]


def test_checks_every_top_of_a_file(tmp_path: Path) -> None:
    events = run(tmp_path, "check", alone(RTL / "bad" / "two_tops.sv"))
    assert kinds(events) == ["phase", "modules", "diagnostics", "done"]
    assert events[1]["tops"] == ["first_top", "second_top"]
    assert events[2]["items"] == []


def test_check_tells_all_errors_and_still_is_done(tmp_path: Path) -> None:
    header = tmp_path / "body.svh"
    header.write_text("assign y = missing_one;\n")
    design = tmp_path / "top.sv"
    design.write_text(
        "module top(input logic a, output logic y, z);\n"
        '`include "body.svh"\nassign z = missing_two;\nendmodule\n'
    )
    events = run(tmp_path, "check", alone(design))
    items = {(item["file"], item["line"], item["code"]) for item in events[-2]["items"]}
    assert items == {
        (str(header), 1, "UndeclaredIdentifier"),
        (str(design), 3, "UndeclaredIdentifier"),
    }
    assert events[-1]["event"] == "done"
    overlay = {header: "assign y = a;\n", design: design.read_text().replace("missing_two", "a")}
    assert run(tmp_path, "check", alone(design), overlay=overlay)[-2]["items"] == []


def test_check_of_a_syntax_error_has_its_place(tmp_path: Path) -> None:
    events = run(tmp_path, "check", alone(RTL / "bad" / "syntax_error.sv"))
    assert kinds(events) == ["phase", "diagnostics", "done"]
    assert events[1]["items"][0]["severity"] == "error"


def test_a_missing_toolchain_is_said(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": "/nowhere", "CXX": "/nowhere/c++"}
    job = generate(tmp_path, alone(FIFO), environment=environment)
    assert (job[-1]["event"], job[-1]["exit_code"]) == ("failed", 8)


@pytest.mark.parametrize("flatten", [False, True])
def test_reads_the_coverage_of_a_plain_run_elsewhere(
    tmp_path: Path, bench: Path, flatten: bool
) -> None:
    files = [str(_simulate_plainly(tmp_path, bench, flatten=flatten))]
    spec = alone(tmp_path / "fifo.sv")
    events = run(tmp_path, "import", spec, files=files)
    record = from_json(events[-1]["record"])
    measured = run(tmp_path, "simulate", spec, testbench=str(bench))[-1]["record"]
    ours = {b.id for b in from_json(measured).coverage.covered if not b.kind.startswith("fsm")}
    theirs = {b.id for b in record.coverage.covered}
    assert theirs == ours
    assert {b.id for b in record.coverage} == {bin_["id"] for bin_ in measured["bins"]}
    assert "tb_fifo.sv" in events[-1]["warnings"][0]


def test_a_coverage_file_of_another_design_is_said(tmp_path: Path, bench: Path) -> None:
    files = [str(_simulate_plainly(tmp_path, bench, flatten=False))]
    done = run(tmp_path, "import", alone(RTL / "alu.sv"), files=files)[-1]
    assert done["warnings"] == ["coverage.dat: nothing in it is of this design"]
    missing = run(tmp_path, "import", alone(FIFO), files=["/nowhere/coverage.dat"])[-1]
    assert missing["exit_code"] == 10


def _simulate_plainly(folder: Path, bench: Path, *, flatten: bool) -> Path:
    """The user's own flow, in another folder, files named relative to that; its coverage file."""
    toolchain = find_toolchain()
    flow = folder / "flow" / "sim"
    options = VerilateOptions(
        sources=(Path("../../fifo.sv"), Path("../..", bench.name)),
        top="tb_fifo",
        prefix="Vtb",
        timing=True,
        flatten=flatten,
    )
    made = verilate(toolchain, options, flow)
    assert made.ok, made.log
    with made.unit.open("a") as handle:
        handle.write(f'#include "{NATIVE_DIR / "testbench.cpp"}"\n')
    program, dat = flow / "simulation", flow / "coverage.dat"
    built = compile_model(
        get_runtime(toolchain, "testbench", "-O0"),
        made.unit,
        program,
        kind="executable",
        include_dirs=(NATIVE_DIR,),
    )
    assert built.ok, built.output
    subprocess.run([program, f"+verilator+coverage+file+{dat}"], cwd=flow, check=True)
    return dat
