"""What there is to cover: the bins of a design and the counters of its harness that count them.

A counter (*point*) may count several bins, and a bin may have several points, one for each
instance or specialisation of its module. A policy works with points, because that is what the
harness reports; what is covered is decided in bins. A point is *open* while it counts a wanted bin
that is not covered. Where only a few bins are wanted the others are stepping stones, whose points
are open, too: a search must see that it gets on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from benchwright_sim.bins import METRICS, Bin, Kind
from benchwright_sim.coverage import Coverage, Tally


class Goals:
    """Bins wanted and reached.

    Args:
        points: for each point of the harness the bins that it counts.
        unwanted: bins that need not be covered (waived).
        focus: the only bins that are wanted, waived or not; None for all others.

    Attributes:
        bins: every bin, sorted.
        wanted: those that shall be covered.
        covered: those that are.
    """

    def __init__(
        self,
        points: Sequence[Sequence[Bin]],
        unwanted: Collection[Bin] = (),
        focus: Collection[Bin] | None = None,
    ) -> None:
        self._bins_of = tuple(tuple(of) for of in points)
        self.bins = tuple(sorted({bin_ for of in points for bin_ in of}))
        useful = frozenset(self.bins).difference(unwanted)
        self.wanted = useful if focus is None else frozenset(focus)
        self._useful = useful | self.wanted
        self.covered: set[Bin] = set()
        self._totals = Counter(bin_.kind for bin_ in self.bins)
        self._hits: Counter[Kind] = Counter()
        self._points_of: dict[Bin, list[int]] = {}
        for point, of in enumerate(self._bins_of):
            for bin_ in of:
                self._points_of.setdefault(bin_, []).append(point)

    def closed_points(self) -> list[int]:
        """Points that count nothing of use: not worth reporting from the start."""
        return [p for p, of in enumerate(self._bins_of) if self._useful.isdisjoint(of)]

    def bins_of(self, points: Iterable[int]) -> set[Bin]:
        """The bins that these points count."""
        return {bin_ for point in points for bin_ in self._bins_of[point]}

    def reach(self, points: Iterable[int]) -> list[int]:
        """Takes the bins of `points` as covered; returns the points that are closed by that."""
        new = self.bins_of(points) - self.covered
        self.covered |= new
        self._hits.update(bin_.kind for bin_ in new)
        touched = {point for bin_ in new for point in self._points_of[bin_]}
        left = self._useful - self.covered
        return sorted(point for point in touched if left.isdisjoint(self._bins_of[point]))

    @property
    def left(self) -> frozenset[Bin]:
        """Wanted and not covered."""
        return self.wanted - self.covered

    def tallies(self) -> dict[str, Tally]:
        """Tally of every metric that the design has bins of."""
        return {
            metric: Tally(sum(self._hits[k] for k in kinds), total)
            for metric, kinds in METRICS.items()
            if (total := sum(self._totals[k] for k in kinds))
        }

    def fresh(self) -> Goals:
        """The same bins, all wanted and none of them covered."""
        return Goals(self._bins_of)

    def coverage(self) -> Coverage:
        """Covered bins with count 1, the others with 0."""
        return Coverage({bin_: int(bin_ in self.covered) for bin_ in self.bins})
