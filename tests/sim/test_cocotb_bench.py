"""A cocotb test becomes feedback: it is really run, and whatever goes wrong is a status."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.bins import Kind
from benchwright_sim.cocotb_bench import CocotbTest, simulate_cocotb
from benchwright_sim.design import Design, load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.simulation import Feedback, Status
from benchwright_sim.testbench import simulate

RTL = Path(__file__).parents[1] / "rtl"

COUNTER = """\
module counter (input logic clk, input logic load, input logic [3:0] d, output logic [3:0] q);
  always_ff @(posedge clk) begin
    if (load) q <= d;
    else q <= q + 1;
    if (load && d == 4'd14) $stop;
    if (load && d == 4'd15) $finish;
  end
endmodule
"""

SHELL = """\
module counter_shell;
  logic clk = 0, load = 1;
  logic [3:0] d = 3;
  wire [3:0] q;
  counter dut (.*);
endmodule
"""

TEST = """\
import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def runs(dut):
    for i in range(8):
        for level in 0, 1, 0:
            dut.clk.value = level
            await Timer(1, "ns")
        dut.load.value = i == 3
        dut.d.value = i
{body}
"""


@pytest.fixture
def counter(tmp_path: Path) -> Design:
    source = tmp_path / "a design" / "counter.sv"
    source.parent.mkdir()
    source.write_text(COUNTER)
    return Design(root=source.parent, sources=(source,))


def bench(
    design: Design, body: str = "", *, shell: str = "", text: str = TEST, timeout_s: float = 20.0
) -> Feedback:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    top = "counter_shell" if shell else "counter"
    test = CocotbTest("test_counter", text.replace("{body}\n", lines), top, shell)
    return simulate_cocotb(design, test, timeout_s=timeout_s)


def counts(feedback: Feedback) -> dict[str, int]:
    kinds = (Kind.LINE, Kind.BRANCH)
    return {f"{b.line}:{b.name}": n for b, n in feedback.coverage.items() if b.kind in kinds}


def test_it_runs_and_only_the_design_is_counted(counter: Design) -> None:
    done = bench(counter, "assert dut.q.value == 6")
    assert done.status is Status.OK, done.log
    assert {bin_.file for bin_ in done.coverage} == {"counter.sv"}
    branches = {"3:if": 1, "3:else": 7, "5:else": 8, "6:if": 0, "6:else": 8}
    assert counts(done) == {"2:block": 8, **branches}


def test_a_shell_is_driven_and_not_counted(counter: Design) -> None:
    done = bench(counter, "assert dut.dut.q.value == 6", shell=SHELL)
    assert done.status is Status.OK, done.log
    assert {bin_.file for bin_ in done.coverage} == {"counter.sv"}
    assert counts(done)["3:if"] == 2


def test_the_same_run_gives_the_same_feedback(counter: Design) -> None:
    assert bench(counter).coverage == bench(counter).coverage


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("assert dut.q.value == 99", "assert"),
        ("await undefined()", "NameError"),
        ("dut.nothing.value = 1", "nothing"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_test_that_fails_is_a_runtime_error(counter: Design, body: str, says: str) -> None:
    done = bench(counter, body)
    assert done.status is Status.RUNTIME_ERROR
    assert says in done.log
    assert counts(done)["2:block"] == 8, "what it covered until then counts"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_module", "no_such_module"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "test"),
        ("raise KeyboardInterrupt", ""),
    ],
)
def test_a_module_without_a_test_is_a_runtime_error(counter: Design, text: str, says: str) -> None:
    done = bench(counter, text=text)
    assert done.status is Status.RUNTIME_ERROR
    assert says in done.log


def test_a_design_that_finishes_fails_a_test_that_goes_on(counter: Design) -> None:
    load = 'dut.load.value = 1; dut.d.value = 15; dut.clk.value = 1; await Timer(1, "ns")'
    assert bench(counter, load).status is Status.OK, "it ends together with the simulation"
    load = f'{load}; await Timer(1, "ns")'
    done = bench(counter, load)
    assert done.status is Status.RUNTIME_ERROR
    assert "ended prematurely" in done.log
    assert counts(done)["6:if"] == 1
    expecting = TEST.replace("cocotb.test()", "cocotb.test(expect_error=SimFailure)")
    expecting = f"from cocotb.regression import SimFailure\n{expecting}"
    assert bench(counter, load, text=expecting).status is Status.OK


def test_a_design_that_stops_keeps_its_coverage(counter: Design) -> None:
    load = 'dut.load.value = 1; dut.d.value = 14; dut.clk.value = 1; await Timer(1, "ns")'
    done = bench(counter, load)
    assert done.status is Status.RUNTIME_ERROR
    assert counts(done)["2:block"] == 8


def test_a_test_without_end_runs_into_its_time(counter: Design) -> None:
    done = bench(counter, "while True: pass", timeout_s=3)
    assert done.status is Status.TIMEOUT
    assert done.log.endswith("- stopped after 3 s\n")
    assert done.wall_s < 30


def test_a_shell_that_does_not_compile(counter: Design) -> None:
    done = bench(counter, shell=SHELL.replace("counter dut", "nothing dut"))
    assert done.status is Status.COMPILE_ERROR
    assert "nothing" in done.log
    assert not done.coverage


def test_host_programs_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "counter.sv"
    source.write_text(COUNTER.replace("$stop", '$system("true")'))
    done = bench(Design(root=tmp_path, sources=(source,)))
    assert done.status is Status.REFUSED


def test_the_users_own_settings_of_cocotb_do_not_matter(
    counter: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "no such test")
    monkeypatch.setenv("COCOTB_TEST_MODULES", "something_else")
    monkeypatch.setenv("GPI_USERS", "nothing.so")
    monkeypatch.setenv("PYTHONPATH", "nowhere")
    assert bench(counter).status is Status.OK


def test_nothing_is_left_behind(
    counter: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary files"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert bench(counter).status is Status.OK
    assert sorted(tmp_path.rglob("*")) == before


def test_state_machines_are_counted() -> None:
    design = load_design([RTL / "fsm_two_process.sv"])
    elaboration = elaborate(design)
    fsm = fsm_bind(elaboration.state_registers, root=design.root)
    text = "import cocotb\n\n\n@cocotb.test()\nasync def nothing(dut):\n    pass\n"
    done = simulate_cocotb(
        design,
        CocotbTest("test_it", text, elaboration.interface.module),
        fsm=fsm,
        modules=elaboration.modules,
    )
    known = simulate(
        design,
        f"module tb; {elaboration.interface.module} dut (); endmodule",
        fsm=fsm,
        modules=elaboration.modules,
    )
    assert done.status is Status.OK, done.log
    assert {Kind.FSM_STATE, Kind.FSM_ARC} <= set(done.coverage.by_kind())
    assert set(done.coverage) == set(known.coverage)
