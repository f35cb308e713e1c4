"""A design on its way into a corpus, and one that is left out on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchwright_agent.evaluation.rows import Row

Reason = Literal[
    "corrupt",
    "no design",
    "several tops",
    "no top",
    "does not elaborate",
    "cannot be driven",
    "does not build",
    "refused",
    "does not run",
    "nothing to cover",
    "check failed",
    "duplicate",
    "too long",
    "contaminated",
    "limit",
]
"""Why a design is left out: `corrupt` and `no design` speak of the record that it was to come
from, `check failed` of a tool that crashed or hung on it, `refused` of code that must not run."""

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A design that may become part of the corpus.

    Attributes:
        number: in the order in which designs are read.
        source: its label, see `sources.source_label`; `generated` for our own.
        row: the design.
        meta: what is known of it.
    """

    number: int
    source: str
    row: Row
    meta: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A design that is left out.

    Attributes:
        number: see `Candidate`.
        source: see there.
        id: of the row, empty where there is none.
        place: where it stands, for people.
        reason: see there.
        detail: in words: what a tool said, which design is the same one.
        near: of a contaminated design: its file, the suite's file, and their similarity in percent.
    """

    number: int
    source: str
    id: str
    place: str
    reason: Reason
    detail: str = ""
    near: tuple[str, str, float] | None = None


def dropped(candidate: Candidate, reason: Reason, detail: str) -> Dropped:
    """The candidate, left out."""
    row = candidate.row
    return Dropped(candidate.number, candidate.source, row.id, row.place, reason, detail)
