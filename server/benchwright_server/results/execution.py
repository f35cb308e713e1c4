"""How often each line of a text was executed, from the bins of its blocks and conditions.

Verilator's line and branch bins name the lines that they account for: those of the statements in
their block, and for the first block of an `if` the condition's line too. The latter was executed
whenever the condition was evaluated, not only when it held: it gets the sum of all ways out of it.
The line of a loop's head says nothing, since its bin counts rounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchwright_sim.bins import Bin, Kind

_CONDITIONS = frozenset(["if", "elsif", "else", "cond_then", "cond_else"])
_LOOP = re.compile(r"(?:for|foreach|while|repeat|forever|do)\b")
_SPAN = re.compile(r"(?<!\d)(\d{1,9})(?:-(\d{1,9}))?(?!\d)", re.ASCII)
_AFTER_ELSE = re.compile(r"\belse\s*\Z")
_COUNTING = frozenset([Kind.LINE, Kind.BRANCH])

_Place = tuple[int, int]
"""Line and character."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A bin with its count, and where it stands: line and character from 0."""

    bin: Bin
    count: int
    line: int
    character: int


def lines_of_span(span: str, n_lines: int) -> Iterator[int]:
    """The lines of a bin's span (`12-14,16`) below `n_lines`, from 0; what is no span has none."""
    for match in _SPAN.finditer(span):
        first = int(match[1])
        yield from range(max(first - 1, 0), min(int(match[2] or first), n_lines))


def executions(bins: Iterable[Counted], lines: Sequence[str]) -> dict[int, int]:
    """How often each line was executed, for lines of which that is known.

    Of several statements on one line the one that was executed most often counts.
    """
    counting = [counted for counted in bins if counted.bin.kind in _COUNTING]
    evaluated = _evaluations(counting, lines)
    hits: dict[int, int] = {}
    for counted in counting:
        here = (counted.line, counted.character)
        for line in lines_of_span(counted.bin.span, len(lines)):
            count = counted.count
            if line == counted.line:
                if _LOOP.match(lines[line], counted.character):
                    continue
                count = evaluated.get(here, count)
            hits[line] = max(hits.get(line, 0), count)
    return hits


def _evaluations(bins: Iterable[Counted], lines: Sequence[str]) -> dict[_Place, int]:
    """How often each condition was evaluated: it, or one that follows in its chain, was left."""
    left: dict[_Place, int] = {}
    names: dict[_Place, set[str]] = {}
    for counted in bins:
        if counted.bin.name in _CONDITIONS:
            place = (counted.line, counted.character)
            left[place] = left.get(place, 0) + counted.count
            if counted.bin.kind is Kind.LINE:
                names.setdefault(place, set()).add(counted.bin.name)
    for chain in _chains(names, lines):
        for place, following in zip(chain[-2::-1], chain[:0:-1], strict=True):
            left[place] += left[following]
    return left


def _chains(names: Mapping[_Place, set[str]], lines: Sequence[str]) -> list[list[_Place]]:
    """The conditions of each `if ... else if ... else`, in order; chains nest."""
    chains: list[list[_Place]] = []
    opened: list[list[_Place]] = []
    for place in sorted(names):
        if not _follows_else(place, lines):
            opened.append([place])
            chains.append(opened[-1])
        elif opened:
            opened[-1].append(place)
        if opened and "elsif" not in names[place]:
            opened.pop()
    return chains


def _follows_else(place: _Place, lines: Sequence[str]) -> bool:
    line, character = place
    before = lines[line][:character]
    while not before.strip() and line > 0:
        line -= 1
        before = lines[line]
    return _AFTER_ELSE.search(before) is not None
