"""Cycles per processor second of random stimulus: our harness against cocotb, design by design.

    python benchmarks/bench_stimulus.py [DESIGN ...] [--runs 3]

A DESIGN is a Verilog file, or a folder with a `benchwright.toml`; by default the examples. Each is
reset, and then every input moves uniformly each cycle, with coverage counted:

- in the harness, as one `Random` action that the worker process runs;
- in a cocotb test as one would write it: `Clock`, `random.getrandbits`, `RisingEdge`;
- in the cocotb test that `benchwright generate --format cocotb` would write for that action.

All models are compiled with -O1. Seconds are those of the processor, from the start of the test to
the end of the simulation; builds and the start of Python are left out. Prints a table; writes JSON
to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchwright_agent.emit import cocotb
from benchwright_sim.cocotb_bench import CocotbTest, simulate_cocotb
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.harness.build import Harness, build
from benchwright_sim.harness.client import START, Worker
from benchwright_sim.harness.encode import Encoder
from benchwright_sim.interface import Interface
from benchwright_sim.simulation import Status
from benchwright_sim.stimulus import Cycles, Drive, Driver, Program, Random, Segment
from benchwright_sim.testbench import MANY_CYCLES
from benchwright_sim.toolchain import find_toolchain

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
TARGET = 50
HARNESS_CYCLES = 2_000_000
COCOTB_CYCLES = 20_000
_STOPWATCH = """
import atexit, time
_started = time.process_time()
atexit.register(lambda: print("| cpu_s", time.process_time() - _started))
"""
_CPU_TIME = re.compile(r"^\| cpu_s (?P<cpu_s>[\d.]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One design: cycles per processor second, medians of the runs; None where a test fails."""

    design: str
    harness: float
    written: float | None
    emitted: float | None

    @property
    def ratio(self) -> float | None:
        """How many times faster the harness is than the faster of the cocotb tests."""
        best = max((v for v in (self.written, self.emitted) if v is not None), default=None)
        return None if best is None else self.harness / best


def main() -> None:
    """Runs the comparison and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("designs", type=Path, nargs="*")
    parser.add_argument("--runs", type=int, default=3, help="of each; the medians count")
    options = parser.parse_args()
    console = Console(width=110)
    rows = []
    for path in options.designs or own_designs():
        row = measure(path.resolve(), options.runs)
        rows.append(row)
        console.print(f"{row.design}: {_times(row.ratio)} times faster")
    console.print(table(rows))
    RESULTS.mkdir(exist_ok=True)
    record = {
        "cores": os.cpu_count(),
        "compiler": find_toolchain().compiler.version,
        "harness_cycles": HARNESS_CYCLES,
        "cocotb_cycles": COCOTB_CYCLES,
        "designs": [asdict(row) | {"ratio": row.ratio} for row in rows],
        "median_ratio": _median([row.ratio for row in rows]),
    }
    (RESULTS / "stimulus.json").write_text(json.dumps(record, indent=1) + "\n")


def own_designs() -> list[Path]:
    """The examples."""
    return sorted(path.parent for path in REPOSITORY.glob("examples/*/benchwright.toml"))


def measure(path: Path, n_runs: int) -> Row:
    """All three on one design, in turns."""
    project = path / "benchwright.toml"
    design = load_design([], project=project) if project.is_file() else load_design([path])
    elaboration = elaborate(design)
    written = written_test(elaboration.interface)
    emitted = emitted_test(elaboration)
    of_written: list[float | None] = []
    of_emitted: list[float | None] = []
    of_harness: list[float | None] = []
    with tempfile.TemporaryDirectory() as folder:
        fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
        harness = build(elaboration, fsm, Path(folder), toolchain=find_toolchain())
        for _ in range(n_runs):
            of_harness.append(harness_speed(harness, elaboration.interface))
            of_written.append(cocotb_speed(elaboration, written))
            of_emitted.append(cocotb_speed(elaboration, emitted))
    speed = _median(of_harness)
    assert speed is not None  # noqa: S101 - the harness either runs or raises
    return Row(path.stem, speed, _median(of_written), _median(of_emitted))


def uniform(interface: Interface, n: int) -> Program:
    """Reset, then `n` cycles of uniform inputs."""
    resets = {reset.signal for reset in interface.resets}
    data = tuple((s.name, Driver()) for s in interface.inputs if s.name not in resets)
    asserted = tuple((reset.signal, reset.active) for reset in interface.resets)
    released = tuple((reset.signal, 1 - reset.active) for reset in interface.resets)
    segments = (
        Segment("reset", "Reset.", (Drive(asserted), Cycles(2), Drive(released))),
        Segment("uniform", "Uniform inputs.", (Random(n, 1, data),)),
    )
    return Program(segments, tuple(segment.name for segment in segments))


def harness_speed(harness: Harness, interface: Interface) -> float:
    """Cycles per second of the harness."""
    idle_s = harness_cpu_s(harness, interface, 1)
    return HARNESS_CYCLES / (harness_cpu_s(harness, interface, HARNESS_CYCLES) - idle_s)


def harness_cpu_s(harness: Harness, interface: Interface, n: int) -> float:
    """Processor seconds of a worker process from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = Encoder(interface).program(uniform(interface, n))
    with Worker(harness.library, harness.folder) as worker:
        worker.run(START, [words], limit=2 * HARNESS_CYCLES)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cocotb_speed(elaboration: Elaboration, text: str) -> float | None:
    """Cycles per second of a cocotb test."""
    shell = cocotb.shell_of(elaboration.interface, elaboration.modules)
    top = shell.name if shell else elaboration.interface.module
    feedback = simulate_cocotb(
        elaboration.design,
        CocotbTest("test_speed", text + _STOPWATCH, top, shell.text if shell else ""),
        delays=elaboration.has_delays,
        cycles=MANY_CYCLES,
        timeout_s=120,
    )
    taken = _CPU_TIME.search(feedback.log)
    if feedback.status is not Status.OK or taken is None:
        return None
    return COCOTB_CYCLES / float(taken["cpu_s"])


def emitted_test(elaboration: Elaboration) -> str:
    """The test that is generated for the program."""
    files = cocotb.render(
        elaboration.interface,
        uniform(elaboration.interface, COCOTB_CYCLES),
        design=elaboration.design,
        folder=REPOSITORY,
        covers={},
        header=["Uniform inputs."],
        name="test_speed",
    )
    return files["test_speed.py"]


def written_test(interface: Interface) -> str:
    """The same as a person would write it."""
    resets = {reset.signal for reset in interface.resets}
    inputs = [
        f'(dut["{s.identifier}"], {s.width})' for s in interface.inputs if s.name not in resets
    ]
    name = {s.name: s.identifier for s in interface.signals}
    clocks = [name[clock.signal] for clock in interface.clocks]
    edge = f'RisingEdge(dut["{clocks[0]}"])' if clocks else 'Timer(10, "ns")'
    asserted = [f'    dut["{name[r.signal]}"].value = {r.active}' for r in interface.resets]
    released = [f'    dut["{name[r.signal]}"].value = {1 - r.active}' for r in interface.resets]
    lines = [
        "import random",
        "import cocotb",
        "from cocotb.clock import Clock",
        "from cocotb.triggers import RisingEdge, Timer",
        "@cocotb.test()",
        "async def uniform(dut):",
        *(f'    Clock(dut["{clock}"], 10, unit="ns").start()' for clock in clocks),
        *(f"    {handle}.value = 0" for handle in (i[1:].rpartition(",")[0] for i in inputs)),
        *asserted,
        f"    await {edge}",
        f"    await {edge}",
        *released,
        f"    inputs = [{', '.join(inputs)}]",
        "    rng = random.Random(1)",
        f"    for _ in range({COCOTB_CYCLES}):",
        "        for handle, width in inputs:",
        "            handle.value = rng.getrandbits(width)",
        f"        await {edge}",
    ]
    return "\n".join([*lines, ""])


def table(rows: list[Row]) -> Table:
    """Speeds and ratios, design by design, with the median against the target."""
    result = Table(title="cycles per processor second of random stimulus", title_justify="left")
    result.add_column("design")
    for name in ("harness", "cocotb, written", "cocotb, emitted", "times faster"):
        result.add_column(name, justify="right")
    for row in rows:
        speeds = (_speed(row.harness), _speed(row.written), _speed(row.emitted))
        result.add_row(row.design, *speeds, _times(row.ratio))
    result.add_section()
    medians = [
        _median([row.harness for row in rows]),
        _median([row.written for row in rows]),
        _median([row.emitted for row in rows]),
    ]
    ratio = f"{_times(_median([row.ratio for row in rows]))} ({TARGET})"
    result.add_row("median (target)", *map(_speed, medians), ratio)
    return result


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _speed(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    main()
