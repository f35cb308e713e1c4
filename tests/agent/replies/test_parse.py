"""Replies as models write them: good, careless, cut off and mad."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.blocks import find_blocks
from benchwright_agent.replies.joining import Wanted, join
from benchwright_agent.replies.parse import Rejection, read_testbench
from tests.built import elaborated

BENCH = """\
module tb_lock;
  logic clk = 0, rst_n, key_valid, close;
  logic [7:0] key;
  wire unlocked, duress, penalty;
  wire [1:0] failures;
  lock dut (.*);
  initial #9 $finish;
endmodule
"""
FENCED = f"```systemverilog\n{BENCH}```\n"


@pytest.fixture(scope="module")
def task() -> Task:
    return design_task(elaborated("examples/01_lock"))


def read(reply: str, task: Task) -> Draft:
    draft = read_testbench(reply, task)
    assert isinstance(draft, Draft), draft
    return draft


def reason(reply: str, task: Task) -> str:
    rejection = read_testbench(reply, task)
    assert isinstance(rejection, Rejection), rejection
    return rejection.reason


def test_the_form_that_is_asked_for(task: Task) -> None:
    assert read(f"filename: tb_a.sv\n{FENCED}", task) == Draft("tb_a.sv", BENCH, "tb_lock")


@pytest.mark.parametrize("written", ["lock_v2 dut", "lock_v2 #(.W(8)) dut", "rst_n dut"])
def test_an_instance_of_what_does_not_exist_is_made_one_of_the_design(
    written: str, task: Task
) -> None:
    found = read(FENCED.replace("lock dut", written), task)
    assert found.text == BENCH.replace("lock dut", f"lock{written[written.index(' ') :]}")


@pytest.mark.parametrize(
    "changed",
    [
        BENCH.replace("lock dut", "lock_v2 other"),
        BENCH.replace("lock dut (.*);", "lock_v2 dut (.*); lock_v3 dut (.*);"),
        BENCH.replace("lock dut", "mine dut") + "module mine (input clk); endmodule\n",
    ],
)
def test_an_instance_that_may_mean_something_else_stays(changed: str, task: Task) -> None:
    assert "makes an instance of lock" in reason(f"```systemverilog\n{changed}```\n", task)


@pytest.mark.parametrize(
    "reply",
    [
        FENCED,
        BENCH,
        f"Sure! Here it is:\n\n{BENCH}\nThis covers everything.",
        FENCED.replace("systemverilog", ""),
        FENCED.replace("systemverilog", "Verilog-2005 copy"),
        FENCED.replace("```", "~~~~"),
        FENCED.replace("\n", "\r\n"),
        f"\ufeff{FENCED}",
        FENCED.removesuffix("```\n"),
        FENCED.replace("endmodule\n```", "endmodule```"),
        FENCED.replace("systemverilog\n", "systemverilog "),
        f"{FENCED.removesuffix('```' + chr(10))}module left_over; ini",
        f"<think>a module?\n```\nmodule no; lock dut(); endmodule\n```</think>\n{FENCED}",
        f"a module?</think>{FENCED}",
        f"<think>{FENCED}",
        f"````markdown\n{FENCED}````\n",
        f"> note\n\n  {FENCED}<|im_end|>",
        f"```sh\nmake module\n```\n{FENCED}```text\nmodules: 2\n```",
        json.dumps({"answer": {"code": BENCH}}),
        f"```json\n{json.dumps([{'testbench': FENCED}])}\n```",
        BENCH.replace("lock dut", "\0lock dut"),
    ],
)
def test_the_same_testbench_however_it_is_wrapped(reply: str, task: Task) -> None:
    draft = read(reply, task)
    assert draft.text.strip() == BENCH.strip()
    assert (draft.filename, draft.top) == ("tb_lock.sv", "tb_lock")


@pytest.mark.parametrize(
    "reply",
    [
        f"**Filename:** `tb_x.sv`\n\n{FENCED}",
        f"### tb_x.sv\n{FENCED}",
        f"The file is out/tb_x.sv:\n{FENCED}",
        FENCED.replace("systemverilog", "systemverilog tb_x.sv"),
        FENCED.replace("systemverilog", 'systemverilog title="sim/tb_x.v"'),
        FENCED.replace("systemverilog\n", "systemverilog\n// File: tb_x.sv\n"),
        FENCED.replace("systemverilog\n", "systemverilog\nfilename: tb_x.sv\n"),
        json.dumps({"filename": "../../tb_x.sv", "content": BENCH}),
        json.dumps({"sim\\tb_x.sv": BENCH}),
    ],
)
def test_a_file_name_wherever_it_stands(reply: str, task: Task) -> None:
    draft = read(reply, task)
    assert draft.filename == "tb_x.sv"
    assert "filename:" not in draft.text


@pytest.mark.parametrize("name", ["lock.sv", "..sv", "/.sv", "é.sv", ""])
def test_an_unusable_name_is_replaced(name: str, task: Task) -> None:
    assert read(f"filename: {name}\n{FENCED}", task).filename == "tb_lock.sv"


def test_the_last_whole_testbench_counts(task: Task) -> None:
    first = FENCED.replace("#9", "#1")
    assert "#9" in read(first + FENCED, task).text
    assert "#1 " in read(first + FENCED[: len(FENCED) // 2], task).text


def test_blocks_that_need_each_other_are_joined(task: Task) -> None:
    package = "```sv\npackage tb_pkg;\n  int n = 3;\nendpackage\n```\n"
    bench = FENCED.replace("module tb_lock;", "module tb_lock;\n  import tb_pkg::*;")
    text = read(f"{bench}First of all:\n{package}", task).text
    assert text.index("package tb_pkg") < text.index("module tb_lock")
    halves = BENCH.split("  lock dut")
    joined = read(f"```\n{halves[0]}```\nand then\n```\n  lock dut{halves[1]}```\n", task)
    assert "lock dut" in joined.text


def test_a_testbench_below_another(task: Task) -> None:
    text = f"{BENCH.replace('tb_lock', 'inner')}module top; inner i(); endmodule\n"
    assert read(f"```\n{text}```", task).top == "top"


def test_what_the_design_declares_is_left_out(task: Task) -> None:
    copied = '`include "lock.sv"\nmodule lock(input clk);\n  // é\nendmodule\n'
    assert read(f"```\n{copied}{BENCH}```", task).text == BENCH


@pytest.mark.parametrize("name", ["u_dut", "lock", "i0"])
def test_an_instance_with_another_name_is_renamed(name: str, task: Task) -> None:
    bench = FENCED.replace("lock dut", f"lock {name}")
    bench = (
        bench.replace("#9", "$dumpvars(0, i0); wait (i0.timer_q); #9") if name == "i0" else bench
    )
    text = read(bench, task).text
    assert "lock dut (.*);" in text
    assert "i0" not in text


@pytest.mark.parametrize(
    "bench",
    [
        BENCH.replace("lock dut", "int dut; lock u_dut"),
        BENCH.replace("lock dut", "lock u_dut").replace("#9", "wait (tb_lock.u_dut.right)"),
        "`define D u_dut\n" + BENCH.replace("lock dut", "lock `D"),
    ],
)
def test_a_name_that_cannot_be_changed_safely_is_told(bench: str, task: Task) -> None:
    assert "must be called dut, not u_dut" in reason(bench, task)


def test_a_name_that_needs_it_is_told_with_its_backslash() -> None:
    wanted = Wanted("lock-2", "dut", frozenset({"lock-2"}), frozenset())
    assert "`\\lock-2  dut (...);`" in join([("module tb; endmodule", True)], wanted).reason


def test_two_instances_of_other_names_are_told(task: Task) -> None:
    assert "they are called a, b" in reason(BENCH.replace("dut (.*)", "a (.*), b (.*)"), task)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("I cannot do that.", "holds no module"),
        ("```\nint x = 3;\n```", "holds no module"),
        ("<think>let me see", "within its thoughts"),
        ("```\nmodule tb; endmodule\n```", "makes an instance of lock"),
        ("```\nmodule tb; locke lock_1(); endmodule\n```", "`lock dut (...);`"),
        ("```\nmodule lock(input a); endmodule\n```", "the design itself is there already"),
        ("```\nmodule lock; lock dut(); endmodule\n```", "give it another name"),
        (FENCED[:120], "cut off after 4 lines"),
        (FENCED.replace("tb_lock", "\\tb/lock "), "plain name"),
        (BENCH.replace("tb_lock", "t" * 300), "plain name"),
        (f"```\n{'module m; ' * 50_000}```", "repeats"),
        (f"```\n{'module m; endmodule ' * 50_000}```", "shorter"),
    ],
)
def test_what_is_no_testbench_is_told_why(reply: str, words: str, task: Task) -> None:
    assert words in reason(reply, task)


@pytest.mark.parametrize(
    "piece",
    ["<think>", "```\n", "```sv\nmodule a;\n", "~~~~", "` ", "module ", "{[", "endmodule `", " \t"],
)
def test_a_megabyte_does_not_take_minutes(piece: str) -> None:
    start_s = time.process_time()
    find_blocks("```x" + piece * (1_000_000 // len(piece)) + "y")
    assert time.process_time() - start_s < 20


WORDS = st.sampled_from(
    [
        *(
            "```",
            "~~~",
            "```systemverilog\n",
            "<think>",
            "</think>",
            "\n",
            "module tb;",
            "endmodule",
        ),
        *(" lock dut(.*);", "lock u(", '`include "lock.sv"\n', "`define X lock d();\n", "`X"),
        *("filename: a.sv\n", "\0", "\ud800", "\r", "é", '{"a": "', '"}', "begin ", "`ifdef A\n"),
        *("package p;", "endpackage", "import p::*;", "module lock;", "\\tb ", "dut", "(*"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(WORDS, max_size=30).map("".join)))
def test_blocks_of_any_text(reply: str) -> None:
    for block in find_blocks(reply):
        block.code.encode()


@settings(max_examples=30, deadline=None)
@given(reply=st.lists(WORDS, min_size=3, max_size=30).map("".join))
def test_any_text_gives_a_draft_or_a_reason(reply: str, task: Task) -> None:
    found = read_testbench(reply, task)
    if isinstance(found, Rejection):
        assert found.reason
    else:
        assert found.text.endswith("\n")
        assert "/" not in found.filename
        assert found.filename.endswith(".sv")
