"""A rollout of generated designs: processors busy, and simulator calls for a CPU-hour.

    python -m benchmarks.bench_rollouts [--designs 24] [--compared 6] [--jobs N]

Designs of our own generator are rolled out with the loop as teacher: weak drafts, worst states,
transitions from these and from the start, all executed, nothing cached before. Busy is the
processor time of all processes of the rollout over wall time and processors, from start to end; on
a machine that does something else as well it is too low. Beside it stand what the whole machine was
busy, and how many processors the rollout ran on or waited for, at moments in between. Then some of
the testbenches, of as many designs, are simulated once more, by

    verilator --binary --timing --coverage -j 2

with g++ (build and run from nothing, as anyone would type it) and by what judges them in a rollout
(screening and all), and the calls that an hour of one processor is good for are compared. Prints a
table; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil
from benchmarks.bench_testbench import plain_verilator
from rich.console import Console
from rich.table import Table

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.parse import read_testbench
from benchwright_sim.elaborate import elaborate
from benchwright_sim.toolchain import find_toolchain
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.rollouts.drawn import Drawn
from benchwright_trainer.rollouts.options import RolloutOptions
from benchwright_trainer.rollouts.policies import LoopPolicy, Policies, WeakPolicy
from benchwright_trainer.rollouts.rollout import TRACES, roll_out
from benchwright_trainer.rollouts.summary import RolloutSummary
from benchwright_trainer.rollouts.trace import Trace, read_traces

RESULTS = Path(__file__).parent / "results"
TARGET_BUSY_PCT = 85
TARGET_RATIO = 5
N_CPUS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Rolled:
    """The rollout.

    Attributes:
        summary: of it.
        wall_s: of it.
        cpu_s: of all its processes.
        machine_pct: that the machine was busy with anything.
        wanted_pct: processors that it ran on or waited for.
    """

    summary: RolloutSummary
    wall_s: float
    cpu_s: float
    machine_pct: float
    wanted_pct: float

    @property
    def busy_pct(self) -> float:
        """Of all processors, with the rollout."""
        return 100 * self.cpu_s / self.wall_s / N_CPUS


@dataclass(frozen=True, slots=True)
class Compared:
    """One testbench on both paths; processor seconds, None where plain Verilator fails."""

    key: str
    plain_s: float | None
    ours_s: float


def main() -> None:
    """Runs both parts and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=24)
    parser.add_argument("--compared", type=int, default=6)
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    console = Console()
    rows = [row for row, _ in generated_rows(GeneratedOptions(n=options.designs))]
    with tempfile.TemporaryDirectory(prefix="benchwright-bench-") as scratch:
        rolled = rollout(rows, Path(scratch), options.jobs, console)
        first = {trace.design: trace for trace in read_traces(Path(scratch) / "out" / TRACES)}
    compared = compare(rows, list(first.values())[: options.compared])
    console.print(rollout_table(rolled))
    console.print(compared_table(compared))
    RESULTS.mkdir(exist_ok=True)
    record = {
        "cores": N_CPUS,
        "compiler": find_toolchain().compiler.version,
        "busy_pct": rolled.busy_pct,
        "ratio": ratio(compared),
        "rollout": asdict(rolled),
        "compared": [asdict(each) for each in compared],
    }
    (RESULTS / "rollouts.json").write_text(json.dumps(vars(options) | record, indent=1) + "\n")


def rollout(rows: Sequence[Row], scratch: Path, n_jobs: int | None, console: Console) -> Rolled:
    """The designs rolled out, from nothing."""

    def tell(drawn: Drawn, done: int, total: int) -> None:
        if drawn.status != "ok":
            console.print(f"{drawn.key}: {drawn.status}: {drawn.error}")

    find_toolchain()
    started_s, cpu_s, idle_s = time.monotonic(), _cpu_s(), psutil.cpu_times().idle
    with watched() as wanted:
        summary = roll_out(
            rows,
            RolloutOptions(drafts=3, direct=2, answers=1),
            Policies(LoopPolicy(20_000), drafter=WeakPolicy()),
            scratch / "out",
            partial(on_this_machine, n_jobs),
            cache=scratch / "cache",
            on_job=tell,
        )
    wall_s, idle_s = time.monotonic() - started_s, psutil.cpu_times().idle - idle_s
    return Rolled(
        summary,
        wall_s,
        _cpu_s() - cpu_s,
        100 - 100 * idle_s / wall_s / N_CPUS,
        100 * statistics.mean(wanted) / N_CPUS,
    )


@contextmanager
def watched() -> Iterator[list[int]]:
    """How many processors this process and what it started could use, four times a second."""
    found: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            family = psutil.Process().children(recursive=True)
            found.append(min(N_CPUS, sum(_runs(each) for each in family)))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_RUNNING)
    except psutil.NoSuchProcess:
        return False


def compare(rows: Sequence[Row], traces: Sequence[Trace]) -> list[Compared]:
    """Testbenches of a rollout on both paths."""
    by_id = {row.id: row for row in rows}
    return [_compared(by_id[trace.design], trace) for trace in traces]


def _compared(row: Row, trace: Trace) -> Compared:
    with tempfile.TemporaryDirectory(prefix="benchwright-bench-") as scratch:
        elaboration = elaborate(materialise(row, Path(scratch).resolve()))
        task = Task(elaboration, row.files, row.specs, row.instance)
        draft = read_testbench(trace.answer, task)
        assert isinstance(draft, Draft)  # noqa: S101 - it ran in the rollout
        cpu_s = _cpu_s()
        judge(draft, task)
        ours_s = _cpu_s() - cpu_s
        plain = re.sub(rf"\b{re.escape(draft.top)}\b", "tb", draft.text)
        plain_s, _, _ = plain_verilator(elaboration.design, plain)
    return Compared(trace.key, plain_s, ours_s)


def ratio(compared: Sequence[Compared]) -> float | None:
    """How many times more calls a CPU-hour is good for."""
    both = [(each.plain_s, each.ours_s) for each in compared if each.plain_s is not None]
    return sum(plain for plain, _ in both) / sum(ours for _, ours in both) if both else None


def rollout_table(rolled: Rolled) -> Table:
    """What the rollout cost."""
    summary, spent = rolled.summary, rolled.summary.spent
    found = Table(title=f"{summary.designs} designs, {N_CPUS} processors", title_justify="left")
    found.add_column("")
    found.add_column("", justify="right")
    calls = spent.simulations
    for name, value in (
        ("wall s", f"{rolled.wall_s:.1f}"),
        (f"busy with it % (target {TARGET_BUSY_PCT})", f"{rolled.busy_pct:.0f}"),
        ("busy with anything %", f"{rolled.machine_pct:.0f}"),
        ("processors it could use %", f"{rolled.wanted_pct:.0f}"),
        ("traces", str(sum(summary.traces.values()))),
        ("simulator calls", f"{calls} and {spent.hits} from the cache"),
        ("calls a CPU-hour, teacher and all", f"{3600 * calls / rolled.cpu_s:.0f}"),
    ):
        found.add_row(name, value)
    return found


def compared_table(compared: Sequence[Compared]) -> Table:
    """Both paths side by side."""
    found = Table(title="processor seconds a simulator call", title_justify="left")
    for column in ("testbench", "plain, g++", "ours", "times less"):
        found.add_column(column, justify="left" if column == "testbench" else "right")
    for each in compared:
        if each.plain_s is None:
            found.add_row(each.key, "-", f"{each.ours_s:.2f}", "-")
            continue
        times = each.plain_s / each.ours_s
        found.add_row(each.key, f"{each.plain_s:.2f}", f"{each.ours_s:.2f}", f"{times:.1f}")
    found.add_section()
    total = ratio(compared)
    if total is not None:
        both = [each for each in compared if each.plain_s is not None]
        plain, ours = sum(each.plain_s or 0 for each in both), sum(each.ours_s for each in both)
        per_hour = [f"{3600 * len(both) / seconds:.0f}" for seconds in (plain, ours)]
        found.add_row("calls a CPU-hour", *per_hour, f"{total:.1f} (target {TARGET_RATIO})")
    return found


def _cpu_s() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main()
