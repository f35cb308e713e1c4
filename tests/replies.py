"""What a model may answer when it is asked for a testbench of `GATE`: good, bad and broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Task
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from tests.model_script import Answer, Script

GATE = """\
module gate (input logic a, b, output logic y);
  assign y = a & b;
endmodule
"""

_BENCH = """\
`timescale 1ns/1ps
module tb_gate;  // {mark}
  logic a, b, y;
  gate dut (.a(a), .b(b), .y(y));
  initial begin
{body}
    $finish;
  end
endmodule
"""


def bench(body: str, mark: str = "") -> str:
    """A testbench of `GATE`."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return _BENCH.format(body=lines, mark=mark)


def reply(text: str, name: str = "tb_gate.sv") -> str:
    """A testbench as a model hands it over."""
    return f"Here it is.\n\nfilename: {name}\n```systemverilog\n{text}```\n"


ALL = reply(bench("for (int i = 0; i < 9; i++) begin {a, b} = i[1:0]; #1; end", "covers all"))
SOME = reply(bench("{a, b} = 2'b00; #1; {a, b} = 2'b11; #1;", "covers some"))
LESS = reply(bench("{a, b} = 2'b00; #1;", "covers less"))
BROKEN = reply(bench("a = undeclared_thing; #1;", "is broken"))
FATAL = reply(bench('#1; $fatal(1, "gives up");', "ends badly"))
ENDLESS = reply(bench("forever #1 a = ~a;", "never ends"))
TALKATIVE = reply(bench('forever #1 $display("still here at %0t", $time);', "never stops talking"))
STUCK = reply(bench("forever a = 0;", "is stuck"))
SYSTEM = reply(bench('$system("touch /");', "calls a program"))
NOTHING = "I would rather talk about something else."


def in_turn(*answers: str | Script) -> Answer:
    """Answers one after the other; the last one again and again."""

    def script(_request: Mapping[str, Any], n_call: int) -> Script:
        answer = answers[min(n_call, len(answers) - 1)]
        return Script(answer) if isinstance(answer, str) else answer

    return script


def prompt_of(request: Mapping[str, Any]) -> str:
    """All messages of a request to the server, joined."""
    messages: Sequence[Mapping[str, str]] = request["messages"]
    return "\n".join(message["content"] for message in messages)


def gate_task(folder: Path) -> Task:
    """The task of `GATE`, whose file is put into a folder."""
    source = folder / "gate.sv"
    source.write_text(GATE)
    return design_task(elaborate(load_design([source])))
