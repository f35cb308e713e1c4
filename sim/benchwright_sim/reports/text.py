"""A report for a terminal or a log: the summary, then every bin that is not covered."""

from __future__ import annotations

from itertools import groupby

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import percent
from benchwright_sim.reports.report import Report, compact_names, metric_rows
from benchwright_sim.verdict import Status, Verdict

_TITLES: dict[Status, str] = {
    "unknown": "Open bins",
    "unreachable": "Unreachable bins",
    "waived": "Waived bins",
}


def render(report: Report) -> str:
    """The report as plain text that ends with a newline."""
    lines = [f"Coverage of {report.top} ({report.design})"]
    facts = [*report.properties.items(), *report.tools.items()]
    lines += [f"  {name}: {value}" for name, value in facts]
    lines += ["", *_summary(report)]
    for status, title in _TITLES.items():
        bins = report.verdicts.of_status(status)
        if bins:
            lines += ["", *_section(report, title, bins)]
    if report.warnings:
        lines += ["", "Warnings:", *(f"  {warning}" for warning in report.warnings)]
    return "\n".join(lines) + "\n"


def _summary(report: Report) -> list[str]:
    heads = ("metric", "covered", "total", "%", "unreachable", "waived", "open")
    table = [heads]
    table += [
        (
            row.metric,
            str(row.tally.covered),
            str(row.tally.total),
            percent(row.tally),
            str(row.closed["unreachable"]),
            str(row.closed["waived"]),
            str(row.closed["unknown"]),
        )
        for row in metric_rows(report)
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in table
    ]
    average = percent(report.coverage.overall_average())
    return [*lines, "", f"overall average {average} %, closure {_closure(report)}"]


def _closure(report: Report) -> str:
    tally = report.verdicts.closure()
    return f"{percent(tally)} % ({tally.covered} of {tally.total})"


def _section(report: Report, title: str, bins: tuple[Bin, ...]) -> list[str]:
    """A heading and the bins, the evidence in the heading where it is the same for all."""
    evidence = {_evidence(report.verdicts[bin_]) for bin_ in bins}
    shared = next(iter(evidence)) if len(evidence) == 1 else ""
    heading = f"{title} ({len(bins)}{'; ' if shared else ''}{shared}):"
    lines = [heading]
    grouped = groupby(bins, key=lambda b: (b.file, b.line, b.kind, b.instance, report.verdicts[b]))
    for (file, line, kind, instance, verdict), members in grouped:
        place = f"{file}:{line}" + (f" @{instance}" if instance else "")
        reason = "" if shared else _evidence(verdict)
        suffix = f"  ({reason})" if reason else ""
        lines += [f"  {place}: {kind} {name}{suffix}" for name in compact_names(list(members))]
    return lines


def _evidence(verdict: Verdict) -> str:
    return ": ".join(filter(None, (verdict.by, verdict.note)))
