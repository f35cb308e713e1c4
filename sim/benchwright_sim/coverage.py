"""Coverage of a design: bin -> count, merged, tallied and printed.

Counts are integers and add up. Percentages exist only in `percent`, which prints `100` for exactly
all and `0` for exactly none, whatever the rounding (the rule of coverage.py's `results.py`).
Without `instances=True` a bin belongs to a module: what its instances and specialisations count is
summed, since Verilator itself shares counters between instances that it does not inline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchwright_sim.bins import CODE_METRICS, METRICS, Bin, Kind
from benchwright_sim.points import BinMap, CoverageFileError, Point, parse_points, read_points

if TYPE_CHECKING:
    from benchwright_sim.fsm import FsmPoints

__all__ = [
    "BinMap",
    "Coverage",
    "CoverageFileError",
    "Point",
    "Tally",
    "closure",
    "merge",
    "overall_average",
    "parse_points",
    "percent",
    "percent_number",
    "read_dat",
    "read_points",
]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of `total` bins are covered; tallies of disjoint bins add up."""

    covered: int
    total: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.covered + other.covered, self.total + other.total)

    @property
    def fraction(self) -> Fraction | None:
        """Share covered, None when there is nothing to cover."""
        return Fraction(self.covered, self.total) if self.total else None


class Coverage(Mapping[Bin, int]):
    """An immutable mapping from bin to count, in the order of bins (file, line, column)."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[Bin, int] = MappingProxyType({})) -> None:
        """Takes a copy of `counts`."""
        self._counts = MappingProxyType({bin_: counts[bin_] for bin_ in sorted(counts)})

    def __getitem__(self, bin_: Bin) -> int:
        return self._counts[bin_]

    def __iter__(self) -> Iterator[Bin]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __hash__(self) -> int:
        return hash(tuple(self._counts.items()))

    def __repr__(self) -> str:
        tally = self.tally()
        return f"Coverage({tally.covered} of {tally.total} bins)"

    @property
    def covered(self) -> frozenset[Bin]:
        """Bins that were hit at least once."""
        return frozenset(bin_ for bin_, count in self._counts.items() if count)

    def tally(self, metric: str | None = None) -> Tally:
        """Covered and all bins of one metric or kind (`fsm` is states and arcs), None for all.

        Raises:
            ValueError: there is no such metric or kind.
        """
        if metric is None:
            kinds: Collection[Kind] = tuple(Kind)
        else:
            kinds = METRICS.get(metric) or (Kind(metric),)
        hits = [count > 0 for bin_, count in self._counts.items() if bin_.kind in kinds]
        return Tally(sum(hits), len(hits))

    def by_kind(self) -> dict[Kind, Tally]:
        """Tally of every kind that the design has, in the order of reports."""
        totals = Counter(bin_.kind for bin_ in self._counts)
        covered = Counter(bin_.kind for bin_, count in self._counts.items() if count)
        return {kind: Tally(covered[kind], totals[kind]) for kind in Kind if totals[kind]}

    def by_metric(self) -> dict[str, Tally]:
        """Tally of every metric that the design has bins of, in the order of reports."""
        kinds = self.by_kind()
        return {
            metric: sum((kinds[kind] for kind in of if kind in kinds), Tally(0, 0))
            for metric, of in METRICS.items()
            if any(kind in kinds for kind in of)
        }

    def overall_average(self) -> Fraction | None:
        """Mean of the code metrics that the design has, from 0 to 1; None when it has none."""
        return overall_average(self.by_metric())


def read_dat(
    path: Path,
    *,
    root: Path,
    fsm: FsmPoints | None = None,
    instances: bool = False,
    exclude_files: Collection[Path] = (),
    modules: Collection[str] = (),
    dut: str = "dut",
    cwd: Path | None = None,
) -> Coverage:
    """Coverage of the design in one file that Verilator wrote; the arguments are `BinMap`'s.

    Raises:
        CoverageFileError: the file cannot be read, is truncated or is malformed.
    """
    bin_map = BinMap(
        root=root,
        checkers=fsm.bins if fsm else None,
        instances=instances,
        exclude_files=exclude_files,
        modules=modules,
        dut=dut,
        cwd=cwd,
    )
    return from_points(read_points(path), bin_map)


def from_points(points: Collection[Point], bin_map: BinMap) -> Coverage:
    """Sums the counts of all points that mean the same bin."""
    counts: dict[Bin, int] = {}
    for point in points:
        bin_ = bin_map.bin_of(point)
        if bin_ is not None:
            counts[bin_] = counts.get(bin_, 0) + point.count
    return Coverage(counts)


def overall_average(tallies: Mapping[str, Tally]) -> Fraction | None:
    """Mean of the code metrics among `tallies`, from 0 to 1; None when there is none."""
    shares = [
        tally.fraction
        for metric, tally in tallies.items()
        if metric in CODE_METRICS and tally.fraction is not None
    ]
    return sum(shares, Fraction(0)) / len(shares) if shares else None


def merge(*coverages: Coverage) -> Coverage:
    """The union of all bins, counts added."""
    counts: dict[Bin, int] = {}
    for coverage in coverages:
        for bin_, count in coverage.items():
            counts[bin_] = counts.get(bin_, 0) + count
    return Coverage(counts)


def closure(
    coverage: Coverage, *, unreachable: Collection[Bin] = (), waived: Collection[Bin] = ()
) -> Tally:
    """Bins that are covered, proven unreachable or waived, of all; none is counted twice."""
    closed = coverage.covered.union(unreachable, waived).intersection(coverage)
    return Tally(len(closed), len(coverage))


def percent(share: Tally | Fraction | None, *, digits: int = 1) -> str:
    """A share as a percentage without its sign: `100` and `0` only when exactly so.

    Anything between is printed with `digits` decimals and kept away from both ends (`99.9`,
    `0.1`); None, or a tally of nothing, is `-`.
    """
    fraction = share.fraction if isinstance(share, Tally) else share
    if fraction is None:
        return "-"
    if fraction in (0, 1):
        return str(int(fraction * 100))
    scale = 10**digits
    steps = min(max(round(fraction * 100 * scale), 1), 100 * scale - 1)
    return f"{steps // scale}.{steps % scale:0{digits}}" if digits else str(steps)


def percent_number(share: Tally | Fraction | None, *, digits: int = 6) -> float | None:
    """The number that `percent` prints, None where it prints `-`."""
    text = percent(share, digits=digits)
    return None if text == "-" else float(text)
