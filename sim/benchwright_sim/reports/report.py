"""What every form of report is made from, and how bins are grouped for a reader."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from benchwright_sim.bins import METRICS, Bin, Kind
from benchwright_sim.coverage import Coverage, Tally
from benchwright_sim.verdict import Status, Verdicts

_TOGGLE = re.compile(r"(.*?)(?:\[(\d+)\])?:(0->1|1->0)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Report:
    """Coverage of one design with all that a reader asks about it.

    Attributes:
        design: what the user calls it (a path, a project's name).
        top: its top module.
        coverage: every bin and its count.
        verdicts: of every bin.
        tools: name -> version of the tools that measured it.
        properties: further facts for the head of a report (testbench, seed, cycles), in order.
        warnings: sentences to show, stale waivers among them.
        sources: file as bins name it -> its text, for annotation; may lack files.
    """

    design: str
    top: str
    coverage: Coverage
    verdicts: Verdicts
    tools: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """Files that hold bins or whose text is known, sorted."""
        return tuple(sorted({bin_.file for bin_ in self.coverage} | set(self.sources)))


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of a summary; `closed` counts bins by status."""

    metric: str
    tally: Tally
    closed: Mapping[Status, int]


def metric_rows(report: Report, file: str | None = None) -> list[MetricRow]:
    """A row for each metric that the design (or one of its files) has bins of."""
    verdicts = Verdicts(
        {bin_: verdict for bin_, verdict in report.verdicts.items() if file in (None, bin_.file)}
    )
    rows = []
    for metric, kinds in METRICS.items():
        part = Verdicts({bin_: v for bin_, v in verdicts.items() if bin_.kind in kinds})
        if part:
            counts = part.counts()
            rows.append(MetricRow(metric, Tally(counts["covered"], len(part)), counts))
    return rows


def compact_names(bins: Collection[Bin]) -> list[str]:
    """Names for a reader: toggles of one vector in one, and both ways in one.

    `data[7]:0->1`, `data[6]:0->1` and both ways of `valid` are `data[7:6]:0->1` and `valid:0<->1`.
    """
    plain: list[str] = []
    signals: dict[str, dict[str, list[int | None]]] = {}
    for bin_ in bins:
        toggle = _TOGGLE.fullmatch(bin_.name) if bin_.kind is Kind.TOGGLE else None
        if toggle is None:
            plain.append(bin_.name)
        else:
            bit = None if toggle[2] is None else int(toggle[2])
            signals.setdefault(toggle[1], {}).setdefault(toggle[3], []).append(bit)
    return plain + [name for signal, ways in signals.items() for name in _toggles(signal, ways)]


def _toggles(signal: str, ways: Mapping[str, list[int | None]]) -> list[str]:
    bits = {way: _ranges([bit for bit in found if bit is not None]) for way, found in ways.items()}
    if len(bits) == 2 and len(set(bits.values())) == 1:
        bits = {"0<->1": next(iter(bits.values()))}
    return [f"{signal}{f'[{text}]' if text else ''}:{way}" for way, text in sorted(bits.items())]


def _ranges(numbers: list[int]) -> str:
    """`[2, 4, 5]` as `5:4,2`."""
    ordered = sorted(set(numbers), reverse=True)
    parts = []
    for _, group in groupby(enumerate(ordered), key=lambda item: item[0] + item[1]):
        run = [number for _, number in group]
        parts.append(f"{run[0]}:{run[-1]}" if len(run) > 1 else str(run[0]))
    return ",".join(parts)
