"""A run of the loop from design to result: repeatable, bounded, and never more than it shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from benchwright_agent.events import Event, Note, Phase, Progress, ignore
from benchwright_agent.loop import generate
from benchwright_agent.options import GenerateOptions
from benchwright_agent.result import GenerateResult
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import DesignRunError, Location, OutputError
from benchwright_sim.harness.client import Worker
from benchwright_sim.waivers import Waiver
from tests.built import ROOT, elaborated

FSM = "tests/rtl/fsm_three_process.sv"
LOCK = "examples/01_lock"
SHORT = GenerateOptions(Path("tb_it.sv"), budget_s=None, budget_cycles=150_000)

Outcome = tuple[GenerateResult, str]


def run(
    name: str,
    folder: Path,
    options: GenerateOptions = SHORT,
    on_event: Callable[[Event], None] = ignore,
) -> Outcome:
    """A run; its result and the testbench's text."""
    path = folder / options.output.name
    result = generate(elaborated(name), replace(options, output=path), on_event)
    return result, path.read_text()


@cache
def short(name: str) -> Outcome:
    """A run with the options of `SHORT`."""
    with tempfile.TemporaryDirectory() as folder:
        return run(name, Path(folder))


def essence(outcome: Outcome) -> str:
    """All of an outcome but its times and its folder."""
    result, text = outcome
    short = (result.status, result.cycles, result.testbench_cycles, result.reproduce)
    long = (result.program, list(result.coverage.items()), list(result.verdicts.items()))
    return f"{text}{short}{result.warnings}{long}"


@pytest.mark.parametrize("name", ["tests/rtl/queue_state.sv", "tests/rtl/three_clocks.sv"])
def test_a_seed_gives_the_same_run_again(name: str, tmp_path: Path) -> None:
    assert essence(run(name, tmp_path)) == essence(short(name))


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    assert run(LOCK, tmp_path, replace(SHORT, seed=2))[1] != short(LOCK)[1]


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.agent.test_loop import LOCK, essence, run
sys.stdout.write(essence(run(LOCK, Path(sys.argv[2]))))
"""


def test_a_process_with_other_hashes_agrees(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SCRIPT, str(ROOT), str(tmp_path)]
    env = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == essence(short(LOCK))


@pytest.mark.parametrize("name", [LOCK, "tests/rtl/finish_on_value.sv"])
def test_a_run_that_its_seconds_ended_says_how_to_repeat_it(name: str, tmp_path: Path) -> None:
    timed = replace(SHORT, budget_s=0.4, budget_cycles=None)
    cut, text = run(name, tmp_path, timed)
    assert cut.budget_exhausted
    assert cut.reproduce is not None
    option, cycles = cut.reproduce.split()
    assert option == "--budget-cycles"
    repeated, again = run(name, tmp_path, replace(SHORT, budget_cycles=int(cycles), force=True))
    assert again == text
    assert repeated.verdicts == cut.verdicts
    assert repeated.reproduce is None


def test_all_is_covered_by_executing_the_testbench() -> None:
    result, text = short(LOCK)
    assert result.warnings == ()
    assert result.coverage.covered == set(result.verdicts.of_status("covered"))
    assert set(result.verdicts) == set(result.coverage)
    assert {result.verdicts[bin_].by for bin_ in result.coverage.covered} <= {
        "",
        *(segment.name for segment in result.program.segments),
    }
    assert text.endswith("endmodule\n")


def test_a_design_that_can_be_closed_is() -> None:
    result, _ = short("tests/rtl/three_clocks.sv")
    assert result.status == "closed"
    assert result.verdicts.open == ()
    assert result.cycles < 100_000


def test_a_target_ends_the_search_early(tmp_path: Path) -> None:
    enough, _ = run(LOCK, tmp_path, replace(SHORT, target_pct=40.0))
    average = enough.coverage.overall_average()
    assert average is not None
    assert average >= 0.4
    assert enough.cycles < 20_000
    assert enough.status == "open"


def test_waived_bins_are_not_pursued(tmp_path: Path) -> None:
    full, _ = short(FSM)
    assert full.verdicts.open
    waiver = Waiver(
        tuple(bin_.id for bin_ in full.verdicts.open),
        "not used",
        "design team",
        Location(Path("waivers")),
    )
    closed, _ = run(FSM, tmp_path, replace(SHORT, waivers=(waiver,)))
    assert closed.status == "closed"
    assert closed.cycles < full.cycles
    assert set(closed.verdicts.of_status("waived")) == set(full.verdicts.open)


def test_everything_waived_leaves_a_testbench_that_runs(tmp_path: Path) -> None:
    waiver = Waiver(("*",), "not used", "design team", Location(Path("waivers")))
    result, _ = run(FSM, tmp_path, replace(SHORT, waivers=(waiver,)))
    assert result.status == "closed"
    assert result.testbench_cycles <= 3


@pytest.mark.parametrize("phase", ["search", "minimise", "verify"])
def test_ctrl_c_keeps_the_best_so_far(phase: str, tmp_path: Path) -> None:
    sent: list[Event] = []

    def interrupt(event: Event) -> None:
        in_search = phase == "search" and isinstance(event, Progress) and event.cycles > 20_000
        if (in_search or event == Phase(phase) != Phase("search")) and not sent:
            sent.append(event)
            signal.raise_signal(signal.SIGINT)

    unbounded = replace(SHORT, budget_cycles=10**12 if phase == "search" else 100_000)
    result, text = run(LOCK, tmp_path, unbounded, interrupt)
    assert result.coverage.covered
    assert text.endswith("endmodule\n")
    assert result.status == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_search_can_be_repeated(tmp_path: Path) -> None:
    sent: list[Event] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and not sent:
            sent.append(event)
            signal.raise_signal(signal.SIGINT)

    cut, text = run(LOCK, tmp_path, SHORT, interrupt)
    assert cut.reproduce is not None
    cycles = int(cut.reproduce.split()[1])
    _, again = run(LOCK, tmp_path, replace(SHORT, budget_cycles=cycles, force=True))
    assert again == text


def workers() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for task in tasks for pid in task.read_text().split()}
    return [p for p in pids if b"worker.py" in Path(f"/proc/{p}/cmdline").read_bytes()]


def test_a_lost_worker_keeps_the_best_so_far(tmp_path: Path) -> None:
    notes = []

    def kill(event: Event) -> None:
        if isinstance(event, Progress):
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
        if isinstance(event, Note):
            notes.append(event.text)

    result, text = run(LOCK, tmp_path, SHORT, kill)
    assert result.coverage.covered
    assert text.endswith("endmodule\n")
    assert len(notes) == 1
    assert notes[0] in result.warnings
    assert "signal 9" in notes[0]


def test_an_existing_testbench_stays_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "tb_it.sv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        run(FSM, tmp_path)
    assert (tmp_path / "tb_it.sv").read_text() == "mine"
    _, text = run(FSM, tmp_path, replace(SHORT, force=True))
    assert "module tb_it;" in text


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("module.sv", "tb_module"),
        ("2nd try.sv", "tb_2nd_try"),
        ("fsm_three_process.sv", "tb_fsm_three_process"),
        ("prüfung.sv", "pr_fung"),
    ],
)
def test_any_file_name_makes_a_module_name(file: str, module: str, tmp_path: Path) -> None:
    result, text = run(FSM, tmp_path, replace(SHORT, output=Path(file), budget_cycles=1))
    assert f"module {module};" in text
    assert result.coverage.covered


@pytest.mark.parametrize("how", ["finish", "stop", "fatal"])
def test_a_design_that_ends_the_simulation_is_covered_up_to_there(how: str, tmp_path: Path) -> None:
    result, _ = run(f"tests/rtl/{how}_on_value.sv", tmp_path)
    assert len(result.verdicts.open) == (1 if how == "fatal" else 0)


FRAGILE = """
module fragile (input logic clk, input logic [3:0] a, output logic [7:0] sum);
  always_ff @(posedge clk) begin
    sum <= sum + 8'(a);
    if (a == 4'd9) $fatal(1, "nine is not allowed");
  end
endmodule
"""


def test_a_design_that_fails_on_most_stimulus_is_covered_between(tmp_path: Path) -> None:
    source = tmp_path / "fragile.sv"
    source.write_text(FRAGILE)
    options = replace(SHORT, output=tmp_path / "tb.sv")
    result = generate(elaborate(load_design([source])), options)
    assert result.status == "closed"


def test_a_design_that_ends_at_once_cannot_be_run(tmp_path: Path) -> None:
    source = tmp_path / "over.sv"
    source.write_text(
        "module over (input logic clk, d, output logic q);\n"
        "  initial $finish;\n  always_ff @(posedge clk) q <= d;\nendmodule\n"
    )
    with pytest.raises(DesignRunError, match="before the first cycle"):
        generate(elaborate(load_design([source])), replace(SHORT, output=tmp_path / "tb.sv"))
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("name", ["stuck_in_reset", "oscillates", "prints_forever"])
def test_designs_that_misbehave_at_times_get_a_testbench(name: str, tmp_path: Path) -> None:
    result, _ = run(f"tests/rtl/bad/{name}.sv", tmp_path, replace(SHORT, budget_cycles=50_000))
    assert result.coverage.covered


def test_a_design_that_hangs_is_covered_up_to_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker.__init__, "__kwdefaults__", {"memory_bytes": 4 << 30, "reply_s": 1})
    result, _ = run("tests/rtl/bad/endless_loop.sv", tmp_path)
    assert result.coverage.covered
    assert any("did not answer" in text or "hangs" in text for text in result.warnings)
