"""A report as one self-contained HTML file: summary, annotated source, every bin with its verdict.

The page needs no network and no file beside it. Source, hit counts and colours are plain HTML and
also print; a script fills in the bins of a line when a reader opens it, from the compact data of
`_bin_table`. Counts that matter are written as text, never told by colour alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Tally, percent
from benchwright_sim.reports.highlight import highlight
from benchwright_sim.reports.lines import line_hits
from benchwright_sim.reports.report import (
    MetricRow,
    Report,
    compact_names,
    metric_rows,
)
from benchwright_sim.verdict import STATUSES, Status, Verdict

_KINDS = tuple(Kind)
_GUTTER = {"full": "●", "part": "◐", "none": "○", "shut": "◇", "": ""}
_GUTTER_TEXT = {
    "full": "all bins of this line are covered",
    "part": "some bins of this line are open",
    "none": "no bin of this line is covered",
    "shut": "no open bins: the rest is unreachable or waived",
    "": "",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of annotated source; `state` is a key of `_GUTTER`."""

    number: int
    code: Markup
    hits: str
    state: str
    covered: int
    total: int

    @property
    def mark(self) -> str:
        """The gutter's sign."""
        return _GUTTER[self.state]

    @property
    def title(self) -> str:
        """What the gutter's sign means."""
        return _GUTTER_TEXT[self.state]


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the page."""

    name: str
    tally: Tally
    n_open: int
    rows: Sequence[MetricRow]
    lines: Sequence[_Line]


@dataclass(frozen=True, slots=True)
class _Group:
    """Bins of one kind, line and verdict, for the printed lists."""

    file: str
    line: int
    kind: Kind
    names: str
    verdict: Verdict


def render(report: Report) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("benchwright_sim.reports", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["percent"] = percent
    return environment.get_template("report.html.j2").render(
        report=report,
        average=report.coverage.overall_average(),
        closure=report.verdicts.closure(),
        counts=report.verdicts.counts(),
        rows=metric_rows(report),
        files=_files(report),
        groups={status: _groups(report, status) for status in STATUSES if status != "covered"},
        data=_embedded(_bin_table(report)),
    )


def _files(report: Report) -> list[_File]:
    hits = line_hits(report.coverage)
    bins = _by_line(report)
    files = []
    for name in report.files:
        rows = metric_rows(report, name)
        files.append(
            _File(
                name,
                sum((row.tally for row in rows), Tally(0, 0)),
                sum(row.closed["unknown"] for row in rows),
                rows,
                _lines(report, name, bins.get(name, {}), hits.get(name, {})),
            )
        )
    return files


def _by_line(report: Report) -> dict[str, dict[int, list[Bin]]]:
    found: dict[str, dict[int, list[Bin]]] = {}
    for bin_ in report.coverage:
        found.setdefault(bin_.file, {}).setdefault(bin_.line, []).append(bin_)
    return found


def _lines(
    report: Report, name: str, bins: Mapping[int, Sequence[Bin]], hits: Mapping[int, int]
) -> list[_Line]:
    code = (
        dict(enumerate(highlight(report.sources[name]), start=1)) if name in report.sources else {}
    )
    lines = []
    for number in sorted(code.keys() | bins.keys()):
        here = bins.get(number, ())
        statuses = [report.verdicts[bin_].status for bin_ in here]
        lines.append(
            _Line(
                number,
                code.get(number, Markup("")),
                str(hits[number]) if number in hits else "",
                _state(statuses, hits.get(number)),
                statuses.count("covered"),
                len(statuses),
            )
        )
    return lines


def _state(statuses: Sequence[Status], hits: int | None) -> str:
    """Colour of a line from its bins, else from the block that it belongs to."""
    if not statuses:
        return "" if hits is None else "full" if hits else "none"
    if "unknown" in statuses:
        return "part" if "covered" in statuses else "none"
    return "full" if set(statuses) == {"covered"} else "shut"


def _groups(report: Report, status: Status) -> list[_Group]:
    """Bins of one status, a row for each place, kind and evidence."""
    members: dict[tuple[str, int, Kind, Verdict], list[Bin]] = {}
    for bin_ in report.verdicts.of_status(status):
        key = (bin_.file, bin_.line, bin_.kind, report.verdicts[bin_])
        members.setdefault(key, []).append(bin_)
    return [
        _Group(file, line, kind, ", ".join(compact_names(bins)), verdict)
        for (file, line, kind, verdict), bins in members.items()
    ]


def _bin_table(report: Report) -> dict[str, Any]:
    """Bins for the script: files -> line -> [kind, name, count, verdict, instance] rows.

    Kinds and verdicts are numbers of `kinds` and `verdicts`, since few differ among many bins.
    """
    verdicts: dict[Verdict, int] = {}
    numbers = {name: number for number, name in enumerate(report.files)}
    lines: list[dict[int, list[list[Any]]]] = [{} for _ in numbers]
    for bin_, count in report.coverage.items():
        verdict = verdicts.setdefault(report.verdicts[bin_], len(verdicts))
        row = [_KINDS.index(bin_.kind), bin_.name, count, verdict, bin_.instance]
        of_file = lines[numbers[bin_.file]]
        of_file.setdefault(bin_.line, []).append(row if bin_.instance else row[:-1])
    for of_file in lines:
        for rows in of_file.values():
            rows.sort(key=lambda row: row[0])  # stable: by column within a kind
    return {
        "kinds": [str(kind) for kind in _KINDS],
        "verdicts": [[v.status, v.by, v.note] for v in verdicts],
        "files": lines,
    }


def _embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - JSON without the three characters that HTML knows
