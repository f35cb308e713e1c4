"""The compiled design against the reference interpreter, its states, its ends and its bounds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_sim.errors import SimError
from benchwright_sim.harness.client import START, Run, Worker, WorkerLost
from benchwright_sim.interface import Interface
from benchwright_sim.interpreter import cycles
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Segment,
    WaitFor,
)
from tests.built import LIMIT, Built, built, built_text, compile_design, open_worker
from tests.descriptors import many_open
from tests.programs import programs

MIRROR = """
module mirror (
    input  logic         clk, slow, fall,
    input  logic         rst_n,
    input  logic         bit_in,
    input  logic [7:0]   byte_in,
    input  logic [39:0]  long_in,
    input  logic [99:0]  wide_in,
    output logic         bit_out,
    output logic [7:0]   byte_out,
    output logic [39:0]  long_out,
    output logic [99:0]  wide_out,
    output logic [15:0]  n_clk, n_slow, n_fall
);
  initial {n_clk, n_slow, n_fall} = '0;
  assign {bit_out, byte_out, long_out, wide_out} = {bit_in & rst_n, byte_in, long_in, wide_in};
  always @(posedge clk) n_clk <= n_clk + 1;
  always @(posedge slow) n_slow <= n_slow + 1;
  always @(negedge fall) n_fall <= n_fall + 1;
endmodule
"""
COPIES = {"byte_out": "byte_in", "long_out": "long_in", "wide_out": "wide_in"}
COUNTS = {"n_clk": "clk", "n_slow": "slow", "n_fall": "fall"}

ARRAY_WRITES = """
module array_writes (
    input  logic       clk,
    input  logic [3:0] n,
    input  logic [7:0] data,
    output logic [7:0] q,
    output logic       hit
);
  logic [7:0] memory[16], other[16];
  always @(posedge clk) begin
    for (int i = 0; i < int'(n); i++) memory[i] <= data + 8'(i);
    if (data == 8'hA6) $readmemh("/proc/version", other);  // no such file of numbers: left midway
    q   <= memory[n];
    hit <= q == 8'h42 || other[n] == 8'h42;
  end
  always_ff @(posedge clk) if (data == 8'hA5) $fatal(1, "in the middle of an evaluation");
  always_ff @(posedge clk) if (data == 8'h5A) $stop;
  logic ring;
  assign ring = data == 8'h99 && !ring;
endmodule
"""

DRAWS_FROM_QUEUE = """
module draws (input logic clk, input logic push, output logic [7:0] level, output logic odd);
  int items[$];
  always_ff @(posedge clk) begin
    if (push) items.push_back($urandom());
    level <= 8'(items.size());
    odd <= (items.size() > 0) && items[$][0];
  end
endmodule
"""


def mirrored(interface: Interface, program: Program) -> list[dict[str, int]]:
    """The outputs of `mirror` after each cycle, as the reference interpreter drives it."""
    rows: list[dict[str, int]] = []
    counts = dict.fromkeys(COUNTS, 0)
    outputs = dict.fromkeys((*COPIES, *COUNTS, "bit_out"), 0)
    for cycle in cycles(interface, program, outputs.__getitem__):
        for name, clock in COUNTS.items():
            counts[name] += clock in cycle.due
        outputs.update({name: cycle.inputs[source] for name, source in COPIES.items()})
        outputs.update(counts, bit_out=cycle.inputs["bit_in"] & cycle.inputs["rst_n"])
        rows.append(dict(outputs))
    return rows


def outputs_of(worker: Worker, state: int, interface: Interface) -> Mapping[str, int]:
    values = worker.read(state, interface.signals)
    return {s.name: values[s.name] for s in interface.outputs}


@pytest.fixture(scope="module")
def mirror() -> Built:
    return built_text(MIRROR)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_interprets_programs_as_the_reference_does(mirror: Built, data: st.DataObject) -> None:
    interface = mirror.elaboration.interface
    program = data.draw(programs(interface))
    expected = mirrored(interface, program)
    words = mirror.encoder.program(program)
    with mirror.worker() as worker:
        for n in sorted({*range(min(len(expected), 6)), len(expected)}):
            run, state = worker.advance(START, words, limit=n)
            assert run.cycles == n
            assert run.status == ("ok" if n == len(expected) else "limit")
            if n:
                assert outputs_of(worker, state, interface) == expected[n - 1]


def program_of(*actions: Action) -> Program:
    return Program((Segment("segment", "", actions),), ("segment",))


def noise(design: Built, n: int, seed: int) -> Action:
    """Every input at random, resets held inactive."""
    interface = design.elaboration.interface
    resets = {reset.signal for reset in interface.resets}
    drivers = tuple((s.name, Driver()) for s in interface.inputs if s.name not in resets)
    return Random(n, seed, drivers)


def advance(design: Built, worker: Worker, state: int, *actions: Action) -> tuple[Run, int]:
    return worker.advance(state, design.encoder.program(program_of(*actions)), limit=LIMIT)


def run(design: Built, worker: Worker, state: int, *actions: Action) -> Run:
    words = design.encoder.program(program_of(*actions))
    return worker.run(state, [words], limit=LIMIT)[0]


STATEFUL = (
    "examples/06_cache",
    "examples/08_cpu",
    "tests/rtl/async_fifo.sv",
    "tests/rtl/class_state.sv",
    "tests/rtl/delays.sv",
    "tests/rtl/queue_state.sv",
    "tests/rtl/random_source.sv",
)


@pytest.mark.parametrize("name", STATEFUL)
def test_a_state_comes_back_exactly(name: str) -> None:
    check_states(built(name))


def test_a_state_comes_back_where_arrays_are_written_in_loops() -> None:
    never = ARRAY_WRITES.replace("data == 8'h", "data == 9'h1")
    check_states(built_text(never))


def test_a_state_comes_back_where_random_values_fill_a_queue() -> None:
    design = built_text(DRAWS_FROM_QUEUE)
    with design.worker() as worker:
        assert not worker.snapshots
    check_states(design)


def check_states(design: Built) -> None:
    """Runs from a state do not depend on what was run in between, and add up to the whole."""
    interface = design.elaboration.interface
    first, second, other = noise(design, 40, 7), noise(design, 60, 8), noise(design, 30, 9)
    with design.worker() as worker:
        begun, state = advance(design, worker, START, first)
        before = worker.read(state, interface.signals)
        runs = []
        for _ in range(3):
            runs.append(run(design, worker, state, second))
            run(design, worker, START, other)
            run(design, worker, state, other, first)
        assert runs[1:] == runs[:-1]
        assert worker.read(state, interface.signals) == before
        _, end = advance(design, worker, state, second)
        whole, straight = advance(design, worker, START, first, second)
        assert set(whole.new) == {*begun.new, *runs[0].new}
        assert whole.cycles == begun.cycles + runs[0].cycles
        ends = worker.read(end, interface.signals), worker.read(straight, interface.signals)
        assert ends[0] == ends[1]


def test_what_an_evaluation_left_midway_does_not_leak_into_the_next_run() -> None:
    design = built_text(ARRAY_WRITES)
    writes = Drive((("n", 15), ("data", 0x20)))
    reads = [action for n in range(15) for action in (Drive((("n", n),)), Cycles(1))]
    with design.worker() as worker:
        assert worker.snapshots
        _, state = advance(design, worker, START, writes, Cycles(2), Drive((("n", 0),)), Cycles(1))
        expected = run(design, worker, state, *reads)
        for value, status in ((0xA5, "fatal"), (0xA6, "fatal"), (0x99, "fatal"), (0x5A, "stopped")):
            broken = run(design, worker, state, Drive((("n", 15), ("data", value))), Cycles(2))
            assert broken.status == status
            assert broken.cycles == 1
            assert run(design, worker, state, *reads) == expected


@pytest.mark.parametrize("name", ["tests/rtl/queue_state.sv", "tests/rtl/class_state.sv"])
def test_designs_that_own_memory_run_without_snapshots(name: str) -> None:
    with built(name).worker() as worker:
        assert not worker.snapshots


def test_plain_designs_run_with_snapshots() -> None:
    with built("examples/08_cpu").worker() as worker:
        assert worker.snapshots
        assert 0 < worker.state_bytes < 100_000


@pytest.mark.parametrize("how", ["finish", "stop", "fatal"])
def test_a_design_that_ends_the_simulation(how: str) -> None:
    design = built(f"tests/rtl/{how}_on_value.sv")
    status = {"finish": "finished", "stop": "stopped", "fatal": "fatal"}[how]
    trigger = (Drive((("data", 0xA5),)), Cycles(1), Drive((("data", 0x5A),)), Cycles(5))
    with design.worker() as worker:
        before = run(design, worker, START, Cycles(3))
        ended, after = advance(design, worker, START, *trigger)
        assert (ended.status, ended.cycles) == (status, 2)
        assert run(design, worker, after, Cycles(1)).status in (status, "finished")
        assert run(design, worker, after, Cycles(1)).cycles == 0
        assert run(design, worker, START, Cycles(3)) == before


def test_a_wait_ends_at_its_value_or_its_timeout() -> None:
    design = built("tests/rtl/finish_on_value.sv")
    arm = Drive((("data", 0xA5),))
    with design.worker() as worker:
        assert run(design, worker, START, WaitFor("armed", 0, 9)).cycles == 0
        assert run(design, worker, START, arm, WaitFor("armed", 1, 9)).cycles == 1
        assert run(design, worker, START, WaitFor("armed", 1, 9)).cycles == 9


@pytest.mark.parametrize("name", ["tests/rtl/alu.sv", "tests/rtl/queue_state.sv"])
def test_reach_says_when_each_of_some_points_first_counts(name: str) -> None:
    design = built(name)
    words = design.encoder.program(program_of(noise(design, 200, 3)))
    with design.worker() as worker:
        (whole,) = worker.run(START, [words], limit=LIMIT)
        cycles = worker.reach(START, words, whole.new, limit=LIMIT)
        assert cycles is not None
        assert len(cycles) == len(whole.new)
        reached = max(cycles)
        assert 1 < reached < 200
        before, at = (worker.run(START, [words], limit=n)[0].new for n in (reached - 1, reached))
        assert set(before) < set(at) == set(whole.new)
        assert worker.reach(START, words, whole.new, limit=reached - 1) is None
        assert worker.run(START, [words], limit=LIMIT) == (whole,)


def test_marks_hide_points_until_they_are_forgotten() -> None:
    design = built("tests/rtl/fsm_one_process.sv")
    with design.worker() as worker:
        everything = run(design, worker, START, noise(design, 50, 1)).new
        worker.cover(everything[:5])
        assert run(design, worker, START, noise(design, 50, 1)).new == everything[5:]
        worker.forget(points=True)
        assert run(design, worker, START, noise(design, 50, 1)).new == everything


def test_data_files_are_where_the_design_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    design = built("tests/rtl/readmemh/rom.sv")
    with design.worker() as worker:
        values = set()
        interface = design.elaboration.interface
        (address,) = (s.name for s in interface.inputs)
        for n in range(8):
            _, state = advance(design, worker, START, Drive(((address, n),)), Cycles(2))
            values.add(tuple(outputs_of(worker, state, interface).values()))
    assert len(values) > 2


def bad(name: str) -> Built:
    return built(f"tests/rtl/bad/{name}.sv")


def test_an_oscillating_loop_is_a_failed_run() -> None:
    design = bad("oscillates")
    with design.worker() as worker:
        assert run(design, worker, START, Drive((("enable", 1),)), Cycles(1)).status == "fatal"
        assert run(design, worker, START, Cycles(4)).status == "ok"


def test_a_design_that_oscillates_at_rest_is_refused() -> None:
    text = "module ring (input logic stop, output logic q); assign q = !q && !stop; endmodule"
    with pytest.raises(WorkerLost, match="does not settle"):
        built_text(text)


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def test_a_design_that_hangs_is_given_up() -> None:
    design = bad("endless_loop")
    before = children()
    started = time.monotonic()
    with open_worker(design.harness, reply_s=1) as worker:
        assert run(design, worker, START, Cycles(2)).status == "ok"
        with pytest.raises(WorkerLost, match=r"did not answer within 1 s|hangs"):
            run(design, worker, START, Drive((("go", 1),)), Cycles(2))
    assert time.monotonic() - started < 10
    assert children() <= before


def test_descriptors_of_any_number_will_do() -> None:
    design = built("tests/rtl/alu.sv")
    with many_open(), design.worker() as worker:
        assert run(design, worker, START, Cycles(3)).status == "ok"


def test_a_killed_worker_is_lost_and_leaves_nothing_behind() -> None:
    design = built("tests/rtl/alu.sv")
    before = children()
    with design.worker() as worker:
        (child,) = children() - before
        os.kill(child, signal.SIGKILL)
        with pytest.raises(WorkerLost, match="signal 9"):
            run(design, worker, START, Cycles(1))
        with pytest.raises(WorkerLost):
            run(design, worker, START, Cycles(1))
    assert children() <= before
    assert not Path(f"/proc/{child}").exists()


def test_a_design_beyond_its_memory_is_lost() -> None:
    design = bad("huge_memory")
    with pytest.raises(WorkerLost), open_worker(design.harness, memory_bytes=256 << 20):
        pass
    with open_worker(design.harness) as worker:
        assert run(design, worker, START, noise(design, 20, 1)).status == "ok"


def test_endless_printing_goes_nowhere() -> None:
    design = bad("prints_forever")
    with design.worker() as worker:
        assert run(design, worker, START, Cycles(5_000)).cycles == 5_000


@pytest.mark.parametrize("name", ["system_call", "dpi_import"])
def test_a_design_that_calls_out_is_refused(name: str) -> None:
    with pytest.raises(SimError, match=r"\$system|imported"):
        bad(name)


def test_points_are_named_alike_in_two_builds() -> None:
    design = built("tests/rtl/fsm_twice.sv")
    assert design.bins == compile_design(design.elaboration).bins
