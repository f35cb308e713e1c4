"""Verdicts: what is known of each bin, and by what evidence.

The strongest evidence wins: an execution, then a proof, then a person's waiver. A bin without any
is `unknown`, never more.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage, Tally
from benchwright_sim.waivers import Waiver

_LOG = logging.getLogger(__name__)

Status = Literal["covered", "unreachable", "waived", "unknown"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one bin.

    Attributes:
        status: as in the module's text.
        by: the segment that covers it, the proof that refutes it, or the waiver's author.
        note: the waiver's reason, or what was tried.
    """

    status: Status
    by: str = ""
    note: str = ""


class Verdicts(Mapping[Bin, Verdict]):
    """An immutable mapping from every bin of a design to its verdict, in the order of bins."""

    __slots__ = ("_verdicts",)

    def __init__(self, verdicts: Mapping[Bin, Verdict] = MappingProxyType({})) -> None:
        """Takes a copy of `verdicts`."""
        self._verdicts = MappingProxyType({bin_: verdicts[bin_] for bin_ in sorted(verdicts)})

    def __getitem__(self, bin_: Bin) -> Verdict:
        return self._verdicts[bin_]

    def __iter__(self) -> Iterator[Bin]:
        return iter(self._verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    @property
    def open(self) -> tuple[Bin, ...]:
        """Bins of which nothing is known."""
        return self.of_status("unknown")

    def of_status(self, status: Status) -> tuple[Bin, ...]:
        """Bins with that status."""
        return tuple(bin_ for bin_, verdict in self.items() if verdict.status == status)

    def counts(self) -> dict[Status, int]:
        """Number of bins of every status."""
        found = Counter(verdict.status for verdict in self.values())
        return {status: found[status] for status in STATUSES}

    def closure(self) -> Tally:
        """Covered, unreachable and waived bins, of all."""
        return Tally(len(self) - self.counts()["unknown"], len(self))


def decide(
    coverage: Coverage,
    *,
    segments: Mapping[Bin, str] = MappingProxyType({}),
    proofs: Mapping[Bin, str] = MappingProxyType({}),
    waived: Mapping[Bin, Waiver] = MappingProxyType({}),
    tried: str = "",
) -> Verdicts:
    """The verdict of every bin of `coverage`.

    Args:
        coverage: of an execution.
        segments: name of the segment that first covers a bin, where known.
        proofs: name of the proof that a bin is unreachable.
        waived: from `waivers.apply_waivers`.
        tried: note of the bins that stay unknown.
    """

    def verdict(bin_: Bin, count: int) -> Verdict:
        if count:
            if bin_ in proofs:
                _LOG.error("%s is covered, though %s says never", bin_.id, proofs[bin_])
            return Verdict("covered", segments.get(bin_, ""))
        if bin_ in proofs:
            return Verdict("unreachable", proofs[bin_])
        if bin_ in waived:
            return Verdict("waived", waived[bin_].author, waived[bin_].reason)
        return Verdict("unknown", note=tried)

    return Verdicts({bin_: verdict(bin_, count) for bin_, count in coverage.items()})
