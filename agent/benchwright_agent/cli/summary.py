"""What is printed when a run is over: coverage, what is open, and where things are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from benchwright_agent.cli.console import coverage_table, pairs_table
from benchwright_agent.record import Record
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage, percent
from benchwright_sim.reports.report import Report, compact_names
from benchwright_sim.verdict import Verdicts

MAX_OPEN = 10
"""Places of open bins that are listed; the report lists all."""


def print_summary(console: Console, record: Record, rows: Sequence[tuple[str, str]] = ()) -> None:
    """Prints coverage by metric, overall average and closure, the first open bins and `rows`."""
    console.print(coverage_table(record.coverage.by_metric()))
    closure = record.verdicts.closure()
    head = Text.assemble(
        "\noverall average ",
        (f"{percent(record.coverage.overall_average())} %", "bold"),
        f", closure {percent(closure)} % ({closure.covered:,} of {closure.total:,} bins)",
    )
    console.print(head)
    _print_open(console, record)
    if rows:
        console.print()
        console.print(pairs_table(rows))


def _print_open(console: Console, record: Record) -> None:
    places: dict[str, list[str]] = {}
    for (file, line, kind), names in _open_by_place(record).items():
        places.setdefault(f"{file}:{line}", []).append(f"{kind} {', '.join(names)}")
    if not places:
        return
    counts = record.verdicts.counts()
    others = [f"{counts[status]:,} {status}" for status in ("unreachable", "waived")]
    console.print(f"\nopen: {counts['unknown']:,} bins ({', '.join(others)})")
    for place, what in list(places.items())[:MAX_OPEN]:
        console.print(Text.assemble(f"  {place}  ", ("; ".join(what), "dim")))
    if len(places) > MAX_OPEN:
        console.print(f"  and {len(places) - MAX_OPEN} more places", style="dim")


def _open_by_place(record: Record) -> dict[tuple[str, int, str], list[str]]:
    grouped: dict[tuple[str, int, str], list[Bin]] = {}
    for bin_ in record.verdicts.open:
        grouped.setdefault((bin_.file, bin_.line, str(bin_.kind)), []).append(bin_)
    return {key: compact_names(bins) for key, bins in grouped.items()}


def report_of(record: Record) -> Report:
    """The record as the reports want it, with the text of the sources that are still there."""
    design = record.design
    sources: dict[str, str] = {}
    if design is not None:
        for file in sorted({bin_.file for bin_ in record.coverage}):
            path = design.root / file
            if path.is_file():
                sources[file] = path.read_text(encoding="utf-8", errors="replace")
    names = [path.name for path in record.testbenches]
    facts = {"testbench": ", ".join(names), "status": record.status}
    for key, word in {"testbench_cycles": "cycles", "seed": "seed"}.items():
        if key in record.details:
            facts[word] = str(record.details[key])
    return Report(
        design=", ".join(path.name for path in design.sources) if design else "coverage data",
        top=design.top if design else "design",
        coverage=record.coverage,
        verdicts=record.verdicts,
        properties={key: value for key, value in facts.items() if value},
        warnings=record.warnings,
        sources=sources,
    )


def with_paths(report: Report, root: Path) -> Report:
    """The report with files as a tool finds them: relative to the current folder.

    An lcov file has no word for the folder that its names are relative to.
    """

    def moved(bin_: Bin) -> Bin:
        outside = bin_.file.startswith("<")
        return bin_ if outside else replace(bin_, file=os.path.relpath(root / bin_.file))

    return replace(
        report,
        coverage=Coverage({moved(bin_): count for bin_, count in report.coverage.items()}),
        verdicts=Verdicts({moved(bin_): verdict for bin_, verdict in report.verdicts.items()}),
        sources={os.path.relpath(root / name): text for name, text in report.sources.items()},
    )
