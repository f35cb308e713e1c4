"""Lessons: what the loop finds as text that runs, fits the grammar, and is the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.prompts.testbench_grammar import testbench_grammar as grammar_of
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Attempt, Draft, Task
from benchwright_agent.replies.parse import read_testbench
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_trainer.lessons.lesson import lessons
from benchwright_trainer.lessons.weak import weak_reply
from tests.agent.prompts.regular import regular

GATE = """\
module gate(input clk, input rst, input valid, input [11:0] code, output reg open,
            output reg [3:0] tries);
  always @(posedge clk)
    if (rst) begin open <= 0; tries <= 0; end
    else if (valid) begin
      if (code == 12'h5C3) open <= 1;
      else if (tries != 4'd15) tries <= tries + 1;
    end
endmodule
"""


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    path = tmp_path_factory.mktemp("gate") / "gate.v"
    path.write_text(GATE)
    return design_task(elaborate(load_design([path])))


def judged(reply: str, task: Task) -> Attempt:
    draft = read_testbench(reply, task)
    assert isinstance(draft, Draft)
    return judge(draft, task)


@pytest.fixture(scope="module")
def replies(task: Task) -> tuple[str, ...]:
    return lessons(task.elaboration, n=2, seed=1, budget_cycles=50_000)


def test_a_lesson_covers_what_random_stimulus_does_not(
    task: Task, replies: tuple[str, ...]
) -> None:
    attempt = judged(replies[0], task)
    assert attempt.outcome == "ok"
    assert attempt.score > 0.95


def test_a_constant_is_spelled_as_in_the_design(replies: tuple[str, ...]) -> None:
    assert "12'h5C3" in replies[0]


def test_lessons_fit_the_grammar(task: Task, replies: tuple[str, ...]) -> None:
    grammar = regular(grammar_of(task.elaboration.interface, "dut"))
    for reply in replies:
        assert grammar.fullmatch(reply), reply


def test_the_same_seed_teaches_the_same(task: Task, replies: tuple[str, ...]) -> None:
    assert lessons(task.elaboration, n=2, seed=1, budget_cycles=50_000) == replies


def test_weak_testbenches_run_and_fit_the_grammar(task: Task) -> None:
    interface = task.elaboration.interface
    grammar = regular(grammar_of(interface, "dut"))
    written = [weak_reply(interface, seed=seed) for seed in range(30)]
    assert len(set(written)) > 25
    for reply in written:
        assert reply is not None
        assert grammar.fullmatch(reply), reply
    assert written[0] == weak_reply(interface, seed=0)
    assert judged(written[0] or "", task).outcome == "ok"


def test_ports_that_are_more_than_a_variable_have_no_lesson(tmp_path: Path) -> None:
    path = tmp_path / "m.sv"
    path.write_text("module m(input a [2], output q); assign q = a[0]; endmodule\n")
    elaboration = elaborate(load_design([path]))
    assert lessons(elaboration, n=1, seed=1, budget_cycles=1000) == ()
    assert weak_reply(elaboration.interface, seed=1) is None
