"""What a generated testbench may and may not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.screening import screen
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from tests.built import elaborated


@pytest.fixture(scope="module")
def task() -> Task:
    return design_task(elaborated("examples/03_uart"))


def draft(body: str, before: str = "", behind: str = "") -> Draft:
    text = f"{before}\nmodule tb;\n  uart dut (.*);\n  {body}\nendmodule\n{behind}\n"
    return Draft("tb.sv", text, "tb")


REFUSED = [
    ('initial $system("ls");', "$system"),
    ('initial $c("exit(0);");', "$c"),
    ('import "DPI-C" function int f();', "DPI"),
    ('export "DPI-C" function f;', "DPI"),
    ("bind uart other o (.*);", "bind"),
    ("initial force dut.tx = 1;", "force"),
    ("initial release dut.tx;", "release"),
    ("initial dut.tx = 1;", "dut.tx"),
    ("initial dut.tx <= 1;", "dut.tx"),
    ("initial tb.dut.u_rx.data[3] = 1;", "tb.dut.u_rx.data"),
    ("initial $root.tb.dut.tx += 1;", "dut.tx"),
    ("initial {a, dut.tx} = 3;", "dut.tx"),
    ("initial dut.n++;", "dut.n"),
    ("initial --dut.n;", "dut.n"),
    ("initial for (dut.n = 0; dut.n < 3; dut.n++) ;", "dut.n"),
    ("initial assign dut.tx = 1;", "dut.tx"),
    ("initial deassign dut.tx;", "dut.tx"),
    ("initial -> dut.done;", "dut.done"),
    ("initial dut.start(1);", "dut.start"),
    ("initial dut.start;", "dut.start"),
    ("assign dut.tx = 1;", "dut.tx"),
    ("alias dut.tx = a;", "dut.tx"),
    ("not n (dut.tx, a);", "dut.tx"),
    ("other o (.q(dut.tx));", "dut.tx"),
    ("task t(output int q); q = 1; endtask\n  initial t(dut.n);", "dut.n"),
    ("function automatic void f(ref int q); endfunction\n  initial f(dut.n);", "dut.n"),
    ("initial void'(std::randomize(dut.n));", "dut.n"),
    ('initial void\'($sscanf("1", "%d", dut.n));', "dut.n"),
    ('initial $readmemh("a.hex", dut.mem);', "dut.mem"),
    ("initial dut/* of mine */. n = 1;", "dut.n"),
    ("initial \\dut .n = 1;", "dut.n"),
    ("clocking c @(posedge clk); output n = dut.n; endclocking", "dut.n"),
    ("initial dut.q.push_back(3);", "dut.q"),
    ("initial {>>{dut.n}} = 3;", "dut.n"),
    ('initial void\'($value$plusargs("n=%d", dut.n));', "dut.n"),
    ('initial $sformat(dut.n, "%c", 65);', "dut.n"),
    ('initial $swriteb(dut.n, "1");', "dut.n"),
    ("int a = $random(dut.n);", "dut.n"),
    ("int a = $dist_uniform(dut.n, 1, 2);", "dut.n"),
    ("class k; function void f(ref int q); endfunction endclass\n  initial o.f(dut.n);", "dut.n"),
    ("defparam dut.u_rx.N = 3;", "defparam"),
    ("uart_rx extra (.*);", "uart_rx"),
    ('initial $readmemh("/etc/passwd", mem);', "$readmemh"),
    ('initial $readmemh({"a", ".hex"}, mem);', "$readmemh"),
    ('int f = $fopen("../up", "w");', "$fopen"),
    ('int f = $fopen("\\057etc/passwd");', "$fopen"),
    ("int f = $fopen(name);", "$fopen"),
    ('initial $writememh("~/x", mem);', "$writememh"),
    ("/* verilator coverage_off */ initial ;", "coverage_off"),
]


@pytest.mark.parametrize(("body", "named"), REFUSED)
def test_refused_with_the_line_and_what_was_found(body: str, named: str, task: Task) -> None:
    reason = screen(draft(body), task)
    assert named in reason
    assert "is not allowed" in reason
    assert reason.startswith(("line 4:", "line 5:"))


@pytest.mark.parametrize(
    ("before", "behind", "named"),
    [
        ('`include "/etc/passwd"', "", "/etc/passwd"),
        ('`include "../../x.sv"', "", "../../x.sv"),
        ("`include `NAME", "", "include"),
        ('`line 3 "uart.sv" 0', "", "`line"),
        ("", '`verilator_config\ncoverage_off -file "*"', "`verilator_config"),
        ("", "`systemc_header\n#include <x>\n`verilog", "`systemc_header"),
        ("", "// verilator coverage_off", "coverage_off"),
        ("", "module uart_rx; endmodule", "uart_rx"),
        ("", "package benchwright_fsm_0; endpackage", "benchwright_fsm_0"),
        ("", "config c; design x; endconfig", "config"),
    ],
)
def test_refused_around_the_module(before: str, behind: str, named: str, task: Task) -> None:
    assert named in screen(draft("initial ;", before, behind), task)


@pytest.mark.parametrize(
    "before",
    [
        "`define S(x) $sys``tem(x)",
        "`define T(x) x\n`define S(x) `T($system)(x)",
        "`ifdef VERILATOR\n`define S(x) $system(x)\n`endif",
    ],
)
def test_macros_hide_nothing(before: str, task: Task) -> None:
    assert "$system" in screen(draft('initial `S("ls");', before), task)


@pytest.mark.parametrize(
    "condition",
    [
        "`ifndef __slang__",
        "`ifdef __slang__\n`else",
        "`ifndef __slang_major__",
        "`ifndef __LINE__",
        "`ifdef coverage_block_off",
        "`ifdef NOBODY\n`elsif coverage_block_off",
    ],
)
def test_conditions_hide_nothing(condition: str, task: Task) -> None:
    hidden = f'{condition}\n  initial $readmemh("/etc/passwd", mem);\n`endif'
    assert "is not allowed" in screen(draft(hidden), task)


def test_macros_of_the_design_hide_nothing(tmp_path: Path) -> None:
    source = tmp_path / "uart.sv"
    source.write_text(
        "`define WIDTH 8\n`define SET(x) \\\n  x = 1\nmodule uart; wire [`WIDTH-1:0] a; endmodule\n"
    )
    here = design_task(elaborate(load_design([source])))
    assert "`ifdef WIDTH" in screen(draft("`ifdef WIDTH\n  initial force dut.a = 1;\n`endif"), here)
    assert "line 4: writing to dut.a" in screen(draft("initial `SET(dut.a);"), here)
    assert screen(draft("wire [`WIDTH-1:0] b;"), here) == ""


@pytest.mark.parametrize(
    "body",
    [
        '// $system, force dut.x = 1, `include "/etc/passwd"',
        "/* verilator lint_off WIDTH */",
        'initial $display("$system force dut.x = 1; // verilator coverage_off");',
        "initial wait (dut.u_rx.state == 3);",
        "always @(posedge dut.u_rx.done) a <= dut.n;",
        "initial if (dut.n > 3) tx_valid = dut.m + 1;",
        "wire w = dut.n;\n  initial void'(f(dut.n));",
        'initial begin $dumpfile("/var/x.vcd"); $dumpvars(0, tb); end',
        'initial $readmemh("a.hex", mem);',
        "initial begin bus.valid = 1; item.set(3); item.n++; ->item.done; end",
        'initial $display("%s %0d", dut.u_rx.state.name(), dut.q.size());',
        "uart #(.N(3)) second (.*);",
        'initial $sformat(text, "%d of %d", dut.n, dut.m);',
        "logic \\$system ;",
        "`ifdef DUMP\n  initial $dumpvars;\n`endif",
    ],
)
def test_what_harms_nothing_passes(body: str, task: Task) -> None:
    assert screen(draft(body), task) == ""


def test_includes_are_looked_up_where_they_lead(tmp_path: Path) -> None:
    source = tmp_path / "rtl" / "a.sv"
    source.parent.mkdir()
    source.write_text("module uart; endmodule\n")
    (source.parent / "own.svh").write_text("\n")
    (tmp_path / "outside.svh").write_text("\n")
    (source.parent / "link.svh").symlink_to(tmp_path / "outside.svh")
    here = design_task(elaborate(load_design([source])))
    assert screen(draft("", '`include "own.svh"'), here) == ""
    assert screen(draft("", '`include "not_there.svh"'), here) == ""
    assert "link.svh" in screen(draft("", '`include "link.svh"'), here)


def test_many_findings_are_cut(task: Task) -> None:
    assert screen(draft("initial $system;\n" * 50), task).count("\n") < 10


@pytest.mark.parametrize(
    "text",
    [
        "module m; " * 40_000,
        "`define A0 x\n"
        + "".join(f"`define A{i + 1} {f'`A{i} ' * 20}\n" for i in range(9))
        + "module tb; initial begin `A9 end endmodule\n",
    ],
)
def test_text_that_breaks_the_parser_is_refused(text: str, task: Task) -> None:
    assert "without end" in screen(Draft("tb.sv", text, "tb"), task)
