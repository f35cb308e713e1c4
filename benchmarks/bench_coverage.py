"""Coverage of generated testbenches against random cycles, design by design.

    python benchmarks/bench_coverage.py FOLDER [--pattern 'verified_*.v'] [--top NAME]

Every file below FOLDER that fits the pattern is a design of its own. For each, one `benchwright
generate` runs as a process (so that its memory can be read), and reset followed by 1,000 and
100,000 cycles of uniform inputs is simulated with seeds 1 to 3 through the same simulation path.
Prints a table; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchwright_agent.emit import systemverilog
from benchwright_agent.proposals import RESET
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import SimError
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.stimulus import Cycles, Drive, Driver, Program, Random, Segment
from benchwright_sim.testbench import Status, simulate

RESULTS = Path(__file__).parent / "results"
SEEDS = (1, 2, 3)
AMOUNTS = (1_000, 100_000)


@dataclass(frozen=True, slots=True)
class Row:
    """One design: percentages are overall averages of simulated testbenches, None for a failure."""

    design: str
    ours: float | None
    random_1k: float | None
    random_100k: float | None
    open_bins: int
    lines: int
    wall_s: float
    peak_mib: float
    error: str = ""


def main() -> None:
    """Runs the suite and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pattern", default="*.sv")
    parser.add_argument("--top")
    parser.add_argument("--only", default="", help="a part of the file's name")
    parser.add_argument("--no-baseline", action="store_true")
    options = parser.parse_args()
    rows = []
    console = Console(soft_wrap=True)
    for file in sorted(options.folder.rglob(options.pattern)):
        if options.only in file.name and not any(p.startswith("_") for p in file.parts):
            row = measure(file, options.top, baseline=not options.no_baseline)
            rows.append(row)
            console.print(
                f"{row.design:32} {_pct(row.ours)} {_pct(row.random_1k)} {_pct(row.random_100k)} "
                f"open {row.open_bins:4} lines {row.lines:4} {row.wall_s:5.1f} s "
                f"{row.peak_mib:5.0f} MiB {row.error}"
            )
    console.print(summary(rows))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "coverage.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))


def measure(file: Path, top: str | None, *, baseline: bool) -> Row:
    """Our run and the baselines of one design."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "tb_bench.sv"
        command = [
            sys.executable,
            "-m",
            "benchwright_agent.cli.main",
            "generate",
            str(file),
            "--json",
        ]
        command += ["-o", str(output), *(["--top", top] if top else [])]
        started = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            text, errors = child.communicate()
            peak_kib = _peak_kib()
        wall_s = time.monotonic() - started
        if not text.strip():
            message = errors.decode().strip().splitlines()
            return Row(file.stem, None, None, None, 0, 0, wall_s, 0, message[0] if message else "?")
        result = json.loads(text)
        lines = len(output.read_text().splitlines())
    n_open = sum(bin_["verdict"] == "unknown" for bin_ in result["bins"])
    random = {n: baseline_pct(file, top, n) if baseline else None for n in AMOUNTS}
    return Row(
        file.stem,
        result["overall_average"],
        random[1_000],
        random[100_000],
        n_open,
        lines,
        wall_s,
        peak_kib / 1024,
    )


def _peak_kib() -> int:
    """Largest resident set of any child so far: an upper bound for this one."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def baseline_pct(file: Path, top: str | None, n: int) -> float | None:
    """Best overall average of uniform random inputs after reset over the seeds, in percent."""
    elaboration = elaborate(load_design([file], top=top))
    found = [_random_pct(elaboration, n, seed) for seed in SEEDS]
    return max((pct for pct in found if pct is not None), default=None)


def _random_pct(elaboration: Elaboration, n: int, seed: int) -> float | None:
    interface = elaboration.interface
    resets = interface.resets
    data = [s.name for s in interface.inputs if s.name not in {r.signal for r in resets}]
    moving = Random(n, seed * 7919, tuple((name, Driver()) for name in data))
    segments = [Segment("uniform", "Uniform inputs.", (moving if data else Cycles(n),))]
    if resets:
        asserted = Drive(tuple((r.signal, r.active) for r in resets))
        released = Drive(tuple((r.signal, 1 - r.active) for r in resets))
        reset = (asserted, Cycles(2), released, Cycles(1))
        segments.insert(0, Segment(RESET, "Reset.", reset))
    program = Program(tuple(segments), tuple(s.name for s in segments))
    text = systemverilog.render(interface, program, tb_name="tb_bench", covers={}, header=[])
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    try:
        feedback = simulate(elaboration.design, text, tb_name="tb_bench", fsm=fsm, cycles=n)
    except SimError:
        return None
    average = feedback.coverage.overall_average()
    if feedback.status is not Status.OK or average is None:
        return None
    return float(average * 100)


def _pct(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.2f}"


def summary(rows: list[Row]) -> Table:
    """The figures of the whole suite; failures count as 0."""
    table = Table(title=f"{len(rows)} designs, {os.cpu_count()} cores", title_justify="left")
    for column in ("", "generated", "1,000 random", "100,000 random"):
        table.add_column(column, justify="left" if not column else "right")
    columns = [
        [getattr(row, name) or 0.0 for row in rows] for name in ("ours", "random_1k", "random_100k")
    ]
    table.add_row("mean overall average", *(f"{statistics.mean(c):.2f}" for c in columns))
    for limit in (90, 95, 100):
        table.add_row(f"at least {limit} %", *(str(sum(v >= limit for v in c)) for c in columns))
    best = [max(row.random_1k or 0, row.random_100k or 0) for row in rows]
    below = sum((row.ours or 0) < b - 1e-5 for row, b in zip(rows, best, strict=True))
    walls = [row.wall_s for row in rows]
    table.add_row("below random on", str(below), "", "")
    table.add_row("wall s, median (worst)", f"{statistics.median(walls):.1f} ({max(walls):.1f})")
    table.add_row("testbench lines, median", f"{statistics.median(r.lines for r in rows):.0f}")
    table.add_row("peak memory MiB", f"{max(row.peak_mib for row in rows):.0f}")
    return table


if __name__ == "__main__":
    main()
