"""The grammar of compact testbenches: what fits it compiles and runs, and llama.cpp takes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Request, Sampling
from benchwright_agent.prompts.skeleton import CLOSING, OPENING, skeleton
from benchwright_agent.prompts.testbench_grammar import testbench_grammar as grammar_of
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.parse import read_testbench
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from tests.agent.prompts.regular import regular
from tests.tiny_model import tiny_gguf

EXAMPLES = Path("examples")


def task_of(text: str, folder: Path) -> Task:
    path = folder / "design.sv"
    path.write_text(text)
    return design_task(elaborate(load_design([path])))


ODD = """\
module odd(input clk, input logic cycle, tb, input logic [69:0] wide, input en,
           output logic [3:0] seen, output logic ready);
  always_ff @(posedge clk) if (cycle && tb) begin seen <= wide[3:0]; ready <= en; end
endmodule
"""

STATEMENTS = """\
    cycle = 1; tb = 1'b1; wide = 70'h3f; cycle_tb; repeat (20) cycle_tb;
    repeat (100) begin
      if ($urandom % 4 == 0) wide = {$urandom, $urandom, $urandom}; en = $urandom;
      cycle = $urandom % 8 != 0; wide = $urandom % 2 ? 70'h1 : 5; wide = wide + 3;
      repeat (3) begin
        wide = 1 << $urandom % 70; cycle_tb;
      end
      repeat (9) if (dut.ready !== 1) cycle_tb;
    end
"""


def test_what_fits_the_grammar_compiles_and_runs(tmp_path: Path) -> None:
    task = task_of(ODD, tmp_path)
    interface = task.elaboration.interface
    form = skeleton(interface, task.instance)
    assert form is not None
    reply = OPENING + form.around(STATEMENTS) + CLOSING
    assert regular(grammar_of(interface, task.instance)).fullmatch(reply)
    draft = read_testbench(reply, task)
    assert isinstance(draft, Draft)
    attempt = judge(draft, task)
    assert attempt.outcome == "ok", attempt.reason
    assert attempt.score > 0.7


LITERALS = """\
    wide = 70'h3_f; wide = 70'd123456789; wide = 4'b1111; wide = 4'hf; wide = 4'd15; wide = 1'b1;
    wide = 70'hff_ffff_ffff_ffff_ffff; wide = 9999999999; cycle_tb;
"""


def test_literals_of_the_grammar_compile(tmp_path: Path) -> None:
    task = task_of(ODD, tmp_path)
    form = skeleton(task.elaboration.interface, task.instance)
    assert form is not None
    reply = OPENING + form.around(LITERALS) + CLOSING
    assert regular(grammar_of(task.elaboration.interface, task.instance)).fullmatch(reply)
    draft = read_testbench(reply, task)
    assert isinstance(draft, Draft)
    assert judge(draft, task).outcome == "ok"


@pytest.mark.parametrize("literal", ["4'hff", "4'b11111", "4'd100", "4'h_", "5'h1", "4'b_"])
def test_literals_of_too_many_digits_do_not_fit(literal: str, tmp_path: Path) -> None:
    task = task_of(ODD, tmp_path)
    form = skeleton(task.elaboration.interface, task.instance)
    assert form is not None
    reply = OPENING + form.around(f"    wide = {literal};\n") + CLOSING
    assert not regular(grammar_of(task.elaboration.interface, task.instance)).fullmatch(reply)


def test_a_dialect_leaves_the_bases_of_literals_alone(tmp_path: Path) -> None:
    text = "module m(input clk, input [3:0] d, h, b); endmodule\n"
    grammar = grammar_of(task_of(text, tmp_path).elaboration.interface, "dut")
    quoted = set(re.findall(r'"(?:\\.|[^"\\])*"', grammar))
    assert {'"d"', '"h"', '"b"'} & quoted == {'"d"', '"h"', '"b"'}  # the ports themselves
    number = next(line for line in grammar.splitlines() if line.startswith("number"))
    assert not re.findall(r'"[a-z]"', number)


@pytest.mark.parametrize(
    "wrong", ["    clk = 1;\n", "    seen = 1;\n", "    #5;\n", "    forever cycle_tb;\n", ""]
)
def test_what_would_not_do_does_not_fit(wrong: str, tmp_path: Path) -> None:
    task = task_of(ODD, tmp_path)
    interface = task.elaboration.interface
    form = skeleton(interface, task.instance)
    assert form is not None
    reply = OPENING + form.around(wrong) + CLOSING
    assert not regular(grammar_of(interface, task.instance)).fullmatch(reply)


@pytest.mark.parametrize(
    "ports",
    [
        "input logic [3:0] lanes [2]",
        "inout wire pad",
        "input \\odd-name ",
    ],
)
def test_ports_that_are_more_than_a_variable_have_no_grammar(ports: str, tmp_path: Path) -> None:
    task = task_of(f"module m({ports}, output logic q); assign q = 1; endmodule\n", tmp_path)
    assert grammar_of(task.elaboration.interface, "dut") == ""


def test_a_design_without_clock_or_inputs_has_a_grammar(tmp_path: Path) -> None:
    task = task_of("module m(output logic q); assign q = 1; endmodule\n", tmp_path)
    grammar = grammar_of(task.elaboration.interface, "dut")
    form = skeleton(task.elaboration.interface, "dut")
    assert form is not None
    assert regular(grammar).fullmatch(OPENING + form.around("    cycle;\n") + CLOSING)


def test_a_model_that_knows_nothing_writes_what_the_grammar_begins_with(tmp_path: Path) -> None:
    task = task_of(ODD, tmp_path)
    form = skeleton(task.elaboration.interface, "dut")
    assert form is not None
    request = Request(
        (Message("user", "Write it."),),
        Sampling(temperature=0.7, seed=1, max_tokens=400),
        grammar=grammar_of(task.elaboration.interface, "dut"),
    )
    with LlamaCpp(tiny_gguf(), context_tokens=1024, threads=1) as model:
        text = model.answer(request).text
    head = OPENING + form.head
    assert text.startswith(head) or head.startswith(text)
