"""What a model is told about attempts that failed and attempts that ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchwright_agent.prompts.feedback import feedback_text
from benchwright_agent.prompts.open_bins import toggle_lines
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Attempt, Draft, Outcome, Task
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.simulation import Feedback, Status
from benchwright_sim.verilate import Diagnostic
from tests.built import elaborated

BENCH = """\
module tb;
  logic clk = 0, rst_n, key_valid, close;
  logic [7:0] key;
  wire unlocked, duress, penalty;
  wire [1:0] failures;
  lock dut (.*);
  always #5 clk = ~clk;
  initial begin
    rst_n = 0; key_valid = 0; close = 0; key = 0;
    #20 rst_n = 1;
    #20 key_valid = 1;
    #50;
    $finish;
  end
endmodule
"""


@pytest.fixture(scope="module")
def task() -> Task:
    return design_task(elaborated("examples/01_lock"))


def attempt(task: Task, old: str = "", new: str = "") -> Attempt:
    return judge(Draft("tb_lock.sv", BENCH.replace(old, new, 1), "tb"), task, timeout_s=1.0)


@pytest.fixture(scope="module")
def ran(task: Task) -> Attempt:
    return attempt(task)


def failing(outcome: Outcome, *, log: str = "", diagnostics: Sequence[Diagnostic] = ()) -> Attempt:
    feedback = Feedback(Status(outcome), Coverage(), log, tuple(diagnostics), 0.0, 0.0)
    return Attempt(Draft("tb_lock.sv", BENCH, "tb"), outcome, feedback)


def covering(bins: Mapping[Bin, int]) -> Attempt:
    feedback = Feedback(Status.OK, Coverage(bins), "", (), 0.0, 0.0)
    return Attempt(Draft("tb_lock.sv", BENCH, "tb"), "ok", feedback)


def words(text: str) -> int:
    return len(text.split())


def told(attempt: Attempt, task: Task, budget: int = 2000) -> str:
    return feedback_text(attempt, task, words, budget)


def test_errors_come_with_their_lines(task: Task) -> None:
    text = told(attempt(task, "key_valid = 1", "kay_valid = 1"), task)
    assert text.splitlines()[1:] == [
        "tb_lock.sv:11: Can't find definition of variable: 'kay_valid'",
        "   11 |     #20 kay_valid = 1;",
        "      |         ^",
    ]


def test_errors_that_say_the_same_are_one(task: Task) -> None:
    same = [Diagnostic(Path("tb.sv"), n, 5, "error", "WIDTH", "Too wide") for n in (9, 11, 9, 10)]
    text = told(failing("compile_error", diagnostics=same), task)
    assert text.splitlines()[1] == "tb_lock.sv:9: Too wide (also on lines 10, 11)"


def test_the_first_errors_stay_when_room_is_short(task: Task) -> None:
    failed = attempt(task, "#50;", "\n".join(f"a{i} = 1;" for i in range(9)))
    text = told(failed, task, 60)
    assert words(text) <= 60
    assert "'a0'" in text
    assert "'a8'" not in text
    assert "more errors are left out)" in text


def test_an_error_of_the_design_shows_its_line(task: Task) -> None:
    place = task.elaboration.design.root / "lock.sv"
    error = Diagnostic(place, 3, 5, "error", "PINMISSING", "Not found in tb.sv")
    text = told(failing("compile_error", diagnostics=[error]), task)
    assert "lock.sv:3: Not found in tb_lock.sv" in text
    assert "    3 |     parameter logic [31:0] CODE" in text


def test_a_run_that_fails_shows_its_end(task: Task) -> None:
    failed = attempt(
        task, "#50;", 'repeat (500) $display("busy"); $display("last words"); $fatal(1, "oops");'
    )
    text = told(failed, task, 150)
    assert words(text) <= 150
    assert "last words" in text
    assert "tb_lock.sv:12: Assertion failed in tb: oops" in text


def test_an_early_error_in_a_log_is_not_lost(task: Task) -> None:
    log = "%Error: tb.sv:9: broken\n" + "noise\n" * 900
    text = told(failing("runtime_error", log=log), task)
    assert "%Error: tb_lock.sv:9: broken" in text
    assert text.count("noise") < 50


def test_endless_runs_and_loops(task: Task) -> None:
    assert "stopped after 1 s" in told(attempt(task, "$finish", "forever #1"), task)
    stuck = told(attempt(task, "$finish", "forever begin end"), task)
    assert "tb_lock.sv:13: " in stuck
    assert "without any delay" in stuck


def test_refusals_and_replies_without_a_testbench(task: Task) -> None:
    refused = told(attempt(task, "#50", "force dut.key = 1; #50"), task)
    assert "line 12: force is not allowed: drive the design's input ports instead" in refused
    nothing = told(Attempt(None, "no_testbench", reason="the answer was empty"), task)
    assert nothing == "The last answer could not be used.\nthe answer was empty"


def test_a_run_is_told_in_figures_and_places(ran: Attempt, task: Task) -> None:
    text = told(ran, task)
    tally = ran.coverage.tally("line")
    assert f"line {tally.covered}/{tally.total} (" in text
    assert "lock.sv, module lock:" in text
    assert "  line 63: `DIGIT_2: begin` never runs" in text
    assert "state register state_q never reaches DIGIT_2" in text
    assert "LOCKED -> DIGIT_2" in text
    assert "never change: key[7:0], close" in text
    assert "not listed" not in text


def test_every_uncovered_bin_is_listed_or_counted(ran: Attempt, task: Task) -> None:
    n_open = sum(not count for count in ran.coverage.values())
    assert f"({n_open} more uncovered bins are not listed)" in told(ran, task, 1)


@pytest.mark.parametrize("budget", [60, 100, 200, 400])
def test_a_smaller_budget_keeps_the_most_valuable(budget: int, ran: Attempt, task: Task) -> None:
    text = told(ran, task, budget)
    assert words(text) <= budget
    assert "`DIGIT_2: begin` never runs" in text
    assert "not listed" in text
    assert text == told(ran, task, budget)


def test_counting_is_done_seldom(ran: Attempt, task: Task) -> None:
    asked: list[str] = []
    feedback_text(ran, task, lambda text: asked.append(text) or words(text), 200)  # type: ignore[func-returns-value] # append is None
    assert len(asked) < 10


def test_a_branch_is_worth_what_lies_behind_it(ran: Attempt, task: Task) -> None:
    lines = [line.strip() for line in told(ran, task).splitlines()]
    outer = lines.index("line 63: `DIGIT_2: begin` never runs")
    inner = lines.index("line 64: `if (right) state_d = DIGIT_3;` never runs")
    assert outer < inner


def test_explanations_stand_below_their_places(ran: Attempt, task: Task) -> None:
    def explain(bins: Sequence[Bin]) -> Mapping[Bin, str]:
        assert all(bin_.kind is not Kind.TOGGLE for bin_ in bins)
        known = {63: "state_q == DIGIT_2", 30: "a way", 66: "wrong"}
        texts = {bin_: known[bin_.line] for bin_ in bins if bin_.line in known}
        return {b: f"!{text}" if b.name == "else" else text for b, text in texts.items()}

    text = feedback_text(ran, task, words, 2000, explain)
    assert "never runs\n    needs state_q == DIGIT_2\n" in text
    assert "neither way taken\n    needs wrong\n" in text
    assert "    DIGIT_2 needs a way\n    DIGIT_3 needs a way\n" in text
    assert text.count("needs") == 6


def test_all_covered_and_nothing_to_cover(task: Task) -> None:
    assert "nothing to cover" in told(covering({}), task)
    text = told(covering({Bin("lock.sv", 3, 1, Kind.LINE, "block"): 1}), task)
    assert "line 1/1 (100 %)" in text
    assert "Nothing is left uncovered" in text


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a:0->1", "a:1->0"], ["never change: a"]),
        (["a:1->0"], ["never fall (1->0): a"]),
        ([f"d[{i}]:0->1" for i in (7, 6, 5, 4, 2, 0)], ["never rise (0->1): d[7:4], d[2], d[0]"]),
        (["m[1][0]:0->1", "m[1][1]:0->1", "s.f:0->1"], ["never rise (0->1): m[1][1:0], s.f"]),
        (
            ["a:1->0", "b:0->1", "b:1->0"],
            ["never change: b", "never fall (1->0): a"],
        ),
    ],
)
def test_toggles_in_ranges(names: list[str], lines: list[str]) -> None:
    assert toggle_lines(Bin("a.sv", 1, 1, Kind.TOGGLE, name) for name in names) == lines


def test_instances_and_odd_files(task: Task) -> None:
    bins = {
        Bin("<external>/lock.sv", 40, 3, Kind.LINE, "block", instance="u_a"): 0,
        Bin("gone.svh", 9, 3, Kind.BRANCH, "other"): 0,
        Bin("lock.sv", 9999, 3, Kind.USER, "seen_it"): 0,
    }
    text = told(covering(bins), task)
    assert "<external>/lock.sv, instance u_a:\n  line 40: `always_comb begin` never runs" in text
    assert "gone.svh:\n  line 9: `` never takes other" in text
    assert "cover point seen_it never hit" in text


def test_a_large_design_is_told_within_bounds(task: Task) -> None:
    bins = {
        Bin("lock.sv", line, 1, kind, f"n{i}"): 0
        for line in range(1, 111)
        for i in range(100)
        for kind in (Kind.TOGGLE, Kind.BRANCH)
    }
    text = told(covering(bins), task, 300)
    assert words(text) <= 300
