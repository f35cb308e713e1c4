"""How long the editor's questions take on a file of 5,000 lines with 20,000 bins.

The design is made here: modules of a `case` over many states with wide registers. Nothing is
simulated. Prints a table of medians and 95th percentiles in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchwright_agent.record import DesignRecord, Record
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results.archive import read, write
from benchwright_server.results.line_map import line_map, lines_of
from benchwright_server.results.outline import outline
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Part, Result
from benchwright_server.results.store import Store
from benchwright_server.results.view import file_view
from benchwright_server.results.views import Views
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.verdict import decide

N_LINES, N_BINS, RUNS = 5_000, 20_000, 20

MODULE = """\
// counts the beats of channel {n}, see `section {n}`
module channel_{n} #(parameter int WIDTH = 8) (
    input  logic clk, rst_n, /* active low */
    input  logic [WIDTH-1:0] data,
    output logic [WIDTH-1:0] result
);
"""
STATEMENT = """\
    always_ff @(posedge clk) begin
        if (data == 8'd{k}) begin
            result <= data + 8'd{k}; // beat {k}
        end else if (data[0] && !data[1]) begin
            result <= ~data;
        end
    end
"""


def design_text() -> str:
    """Modules of some 200 lines, 5,000 lines in all."""
    parts: list[str] = []
    n_lines = n = 0
    while n_lines < N_LINES:
        body = "".join(STATEMENT.format(k=k) for k in range(28))
        text = f"{MODULE.format(n=n)}{body}endmodule : channel_{n}\n"
        parts.append(text)
        n_lines, n = n_lines + text.count("\n"), n + 1
    return "".join(parts)


def design_bins(text: str) -> dict[Bin, int]:
    """Bins as the simulator would place them, 20,000 in all; every third is open."""
    found: list[Bin] = []
    module = ""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.startswith("module"):
            module = line.split()[1]
        column = len(line) - len(line.lstrip()) + 1
        if "always_ff" in line:
            found.append(Bin("d.sv", number, column, Kind.LINE, "block", "", module, str(number)))
        elif "else if" in line:
            span = f"{number}-{number + 1}"
            found.append(Bin("d.sv", number, 18, Kind.LINE, "if", "", module, span))
            found.append(Bin("d.sv", number, 19, Kind.LINE, "else", "", module))
        elif "if (" in line:
            span = f"{number}-{number + 1}"
            found.append(Bin("d.sv", number, column, Kind.LINE, "elsif", "", module, span))
    toggles = (
        Bin("d.sv", number, 30, Kind.TOGGLE, f"data[{bit}]:{edge}", "", module)
        for bit in range(1000)
        for number, line in enumerate(lines, start=1)
        if "logic [" in line
        for edge in ("0->1", "1->0")
    )
    found.extend(next(toggles) for _ in range(N_BINS - len(found)))
    return {bin_: n % 3 for n, bin_ in enumerate(found)}


def design_result(text: str, counts: dict[Bin, int], folder: Path) -> Result:
    """The result of one testbench."""
    file = folder / "d.sv"
    coverage = Coverage(counts)
    spec = DesignSpec(folder=folder, sources=(file,), top="channel_0")
    record = Record(
        command="simulate",
        design=DesignRecord(top="channel_0", root=folder, sources=(file,)),
        testbenches=(folder / "tb.sv",),
        status="finished",
        coverage=coverage,
        verdicts=decide(coverage),
    )
    part = Part(folder / "tb.sv", "testbench", record, "2026-01-01T00:00:00Z")
    return Result(spec.key, spec, folder, {"d.sv": text}, (part,))


def measured(job: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of a job's time in milliseconds; it is told the round."""
    times: list[float] = []
    for n in range(RUNS):
        start = time.perf_counter()
        job(n)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def jobs(folder: Path) -> dict[str, Callable[[int], object]]:
    """What is measured, by name."""
    text = design_text()
    result = design_result(text, design_bins(text), folder)
    file = folder / "d.sv"
    old = lines_of(text)
    edits = [f"// {n}\n" + text.replace("// beat 7", f"// {n}", 1 + n) for n in range(RUNS)]
    saved = folder / "r.json.gz"
    write(result, saved)
    store = Store(folder)
    store.put(result)
    views = Views(store)
    views.view_of(file, text)
    running = Provisional({file: text})
    bins = [
        {"file": b.file, "line": b.line, "column": b.column, "kind": str(b.kind), "name": b.name}
        for b in result.coverage
    ]
    running.update({"root": str(folder), "bins": bins, "covered": []})

    def snapshot(n: int) -> object:
        views.begin(result.key, running)
        running.update({"covered": range(n * 100, n * 100 + 100)})
        return views.view_of(file, text, 1)

    return {
        "outline of the text": lambda _: outline(text),
        "lines mapped after an edit": lambda n: line_map(old, lines_of(edits[n])),
        "view, anew": lambda _: file_view(file, text, replace(result)),
        "view, all lines, anew": lambda _: dict(file_view(file, text, replace(result)).lines),
        "view after an edit": lambda n: views.view_of(file, edits[n], n),
        "view again": lambda _: views.view_of(file, edits[-1], 1),
        "view of a running job": snapshot,
        "result written": lambda _: write(result, saved),
        "result read": lambda _: read(saved),
    }


def main() -> int:
    """Prints the table."""
    print(f"{N_LINES} lines, {N_BINS} bins".ljust(32), "median ms".rjust(10), "p95 ms".rjust(10))
    with tempfile.TemporaryDirectory() as folder:
        for name, job in jobs(Path(folder)).items():
            median, p95 = measured(job)
            print(name.ljust(32), f"{median:10.2f}", f"{p95:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
