"""An evaluation of 50 designs x 5 samples: processors busy, nothing lost, nothing done twice.

    python benchmarks/bench_eval.py [--designs 50] [--samples 5] [--jobs N] [--delay 1.0]

The designs are small ones made here, and a model server that is a process of its own answers from
a script: good, weak, broken and empty testbenches, each after a delay of up to twice `--delay`
seconds. `benchwright eval` runs twice: once undisturbed, once killed (SIGKILL) in the middle and
started again. Compared are the results, the journal's lines, and the requests that the server saw.
Busy is the processor time of all processes of the evaluation over wall time and processors, from
start to end (loading and the last jobs among it); on a machine that does something else as well it
is too low, and what the whole machine was busy stands beside it. Prints a table; writes JSON to
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.model_script import Script

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
KINDS = ("good", "good", "weak", "broken", "empty")
SCRIPT = "benchmarks.bench_eval"
DELAY = "BENCHWRIGHT_BENCH_DELAY_S"
LOG = "BENCHWRIGHT_BENCH_LOG"
TARGET_BUSY_PCT = 85
N_CPUS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation, maybe in two parts.

    Attributes:
        wall_s: of the command, all parts.
        busy_pct: processor time of its processes over wall time and processors, of the last part.
        machine_pct: the same of all processes of the machine.
        requests: that the server was asked.
        lines: of the journal.
        samples: that are in it.
        summary: of the result.
    """

    wall_s: float
    busy_pct: float
    machine_pct: float
    requests: int
    lines: int
    samples: int
    summary: Mapping[str, Any]


def design(number: int) -> tuple[str, str]:
    """A module's name and text: a state machine with a data path, both chosen by the number."""
    rng = random.Random(number)
    name, width, n_states = f"design_{number:02}", rng.randint(2, 16), rng.randint(3, 9)
    operations = ("acc + in", "acc ^ in", "acc - in", "acc | in", "{acc[0], acc[W-1:1]}", "in")
    cases = "\n".join(
        f"      {state}: begin\n"
        f"        if (in[{rng.randrange(width)}]) state <= 4'd{rng.randrange(n_states)};\n"
        f"        else state <= 4'd{(state + 1) % n_states};\n"
        f"        acc <= {rng.choice(operations)};\n"
        f"      end"
        for state in range(n_states)
    )
    return (
        name,
        f"""\
module {name} #(parameter int W = {width}) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [{width - 1}:0] in,
    output logic [{width - 1}:0] acc,
    output logic         odd
);
  logic [3:0] state;
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) begin
      state <= '0;
      acc <= '0;
    end else case (state)
{cases}
      default: state <= '0;
    endcase
  assign odd = ^acc;
endmodule
""",
    )


def rows(n_designs: int) -> Iterator[dict[str, Any]]:
    """The suite."""
    for number in range(n_designs):
        name, text = design(number)
        target = {"inst_name": "dut", "metric": "Block", "target_percentage": 90}
        yield {
            "id": name,
            "rtl_files": [{"name": f"rtl/{name}.sv", "content": text}],
            "dut_module_name": name,
            "dut_instance_name": "dut",
            "targets": [target],
        }


def answer(request: Mapping[str, Any], _n_call: int) -> Script:
    """The server's script; the same for the same design and seed."""
    text = "\n".join(message["content"] for message in request["messages"])
    found = re.search(r"module (design_\d+) #\(parameter int W = (\d+)\)", text)
    with Path(os.environ[LOG]).open("a") as log:
        log.write(".\n")
    if found is None:
        return Script(status=400, message="no design")
    rng = random.Random(f"{found[1]} {request['seed']}")
    delay_s = rng.uniform(0, 2) * float(os.environ[DELAY])
    return Script(_reply(found[1], int(found[2]), rng.choice(KINDS)), delay_s=delay_s)


def _reply(name: str, width: int, kind: str) -> str:
    if kind == "empty":
        return "I am not sure what to write."
    declared = "logic odd" if kind in {"good", "weak"} else "logic odd odd"
    n = 3 if kind == "weak" else 2000
    return f"""filename: tb_{name}.sv
```systemverilog
module tb_{name};
  logic clk = 0, rst_n = 0; logic [{width - 1}:0] in = 0, acc; {declared};
  {name} dut (.*);
  initial begin
    for (int i = 0; i < {n}; i++) begin
      #1 clk = ~clk;
      if (i == 4) rst_n = 1;
      if (!clk) in = $urandom;
    end
    $finish;
  end
endmodule
```
"""


@contextmanager
def server(delay_s: float, log: Path) -> Iterator[str]:
    """The scripted server as a process; its URL."""
    command = [sys.executable, "-m", "tests.model_server", "--script", f"{SCRIPT}:answer"]
    environment = os.environ | {DELAY: str(delay_s), LOG: str(log)}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child.stdout.readline().strip() if child.stdout else ""
        finally:
            child.kill()


def evaluate(command: list[str], folder: Path, *, kill_at: int | None = None) -> float:
    """Runs the command to its end, or until so many samples are done; wall seconds."""
    journal = folder / "jobs.jsonl"
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        while kill_at is not None and child.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") > kill_at:
                child.send_signal(signal.SIGKILL)
                break
            time.sleep(0.05)
        status = child.wait()
    if status != (0 if kill_at is None else -signal.SIGKILL):
        raise SystemExit(f"benchwright eval ended with {status}")
    return time.monotonic() - started


def measured(command: list[str], folder: Path, delay_s: float, *, kill_at: int | None) -> Run:
    """One evaluation against a server of its own."""
    log = folder.with_suffix(".log")
    with server(delay_s, log) as url:
        whole = [*command, "--server", url, "-o", str(folder)]
        wall_s = 0.0 if kill_at is None else evaluate(whole, folder, kill_at=kill_at)
        own_s, idle_s = _children_s(), _idle_s()
        last_s = evaluate(whole, folder)
        own_s, idle_s = _children_s() - own_s, _idle_s() - idle_s
    lines = (folder / "jobs.jsonl").read_text().splitlines()[1:]
    keys = {(item["id"], item["sample"]) for item in map(json.loads, lines)}
    return Run(
        wall_s=wall_s + last_s,
        busy_pct=100 * own_s / last_s / N_CPUS,
        machine_pct=100 - 100 * idle_s / last_s / N_CPUS,
        requests=len(log.read_text().splitlines()),
        lines=len(lines),
        samples=len(keys),
        summary=json.loads((folder / "result.json").read_text())["summary"],
    )


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _idle_s() -> float:
    return float(psutil.cpu_times().idle)


def main() -> None:
    """Runs both evaluations and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=50)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--delay", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchwright-bench-") as scratch:
        suite = Path(scratch) / "suite.jsonl"
        suite.write_text("".join(json.dumps(row) + "\n" for row in rows(options.designs)))
        command = [sys.executable, "-m", "benchwright_agent.entry", "eval", str(suite)]
        command += ["--quiet", "--model", "scripted", "--rounds", str(options.rounds)]
        command += ["--samples", str(options.samples)]
        command += ["--jobs", str(options.jobs)] if options.jobs else []
        total = options.designs * options.samples
        undisturbed = measured(command, Path(scratch) / "a", options.delay, kill_at=None)
        killed = measured(command, Path(scratch) / "b", options.delay, kill_at=total // 2)
        same = _results(Path(scratch) / "a") == _results(Path(scratch) / "b")
    Console().print(table(undisturbed, killed, total, same=same))
    RESULTS.mkdir(exist_ok=True)
    found = {"undisturbed": asdict(undisturbed), "killed": asdict(killed), "same": same}
    (RESULTS / "eval.json").write_text(json.dumps(vars(options) | found, indent=1) + "\n")


def _results(folder: Path) -> list[str]:
    """The result without times."""
    text = (folder / "result.json").read_text()
    return [line for line in text.splitlines() if '"seconds"' not in line]


def table(undisturbed: Run, killed: Run, total: int, *, same: bool) -> Table:
    """Both runs side by side."""
    found = Table(title=f"{total} samples, {N_CPUS} processors", title_justify="left")
    for column in ("", "undisturbed", "killed and resumed"):
        found.add_column(column, justify="left" if not column else "right")
    found.add_row("wall s", f"{undisturbed.wall_s:.1f}", f"{killed.wall_s:.1f}")
    runs = (undisturbed, killed)
    busy = f"busy with it % (target {TARGET_BUSY_PCT})"
    found.add_row(busy, *(f"{run.busy_pct:.0f}" for run in runs))
    found.add_row("busy with anything %", *(f"{run.machine_pct:.0f}" for run in runs))
    for name in ("samples", "lines", "requests"):
        found.add_row(name, *(str(getattr(run, name)) for run in runs))
    for name in ("sim_pass", "cov_pass", "avg_cov"):
        values = [run.summary[name]["value"] for run in runs]
        found.add_row(f"{name} %", *(f"{value:.1f}" for value in values))
    found.add_row("same result", "", "yes" if same else "NO")
    return found


if __name__ == "__main__":
    main()
