"""Where the lines of a text that was run stand in the text of now.

A line is mapped only to a line of the same text, and the order of lines is kept: coverage is drawn
on what was run, or not at all. The method is patience diff (Bram Cohen's): equal beginnings and
ends, then the lines that are unique in both texts and ordered alike, then the same between those;
where no line is unique, the lines that are as frequent in both. It is bounded by
O(n log n) for each of at most 16 levels; what is not aligned by then is not mapped.

Lines end as LSP 3.17 has it (LF, CR LF, CR), not as `str.splitlines` has it, which also splits at
form feeds and more.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

LINE_END = re.compile(r"\r\n|\n|\r")
_MAX_LEVELS = 16

_Region = tuple[int, int, int, int, int]
"""First and last (exclusive) line in the old text, then in the new one, then the level."""


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; a text that ends with one has a last, empty line."""
    text = text.removeprefix("\ufeff")
    return LINE_END.split(text) if "\r" in text else text.split("\n")


def same_lines(one: str, other: str) -> bool:
    """Whether two texts differ in nothing, or only in how their lines end."""
    return one == other or lines_of(one) == lines_of(other)


def line_map(old: Sequence[str], new: Sequence[str]) -> tuple[int | None, ...]:
    """The number in `new` of each line of `old`, None where it is changed or gone."""
    found: list[int | None] = [None] * len(old)
    regions: list[_Region] = [(0, len(old), 0, len(new), 0)]
    while regions:
        first, last, new_first, new_last, level = regions.pop()
        while first < last and new_first < new_last and old[first] == new[new_first]:
            found[first] = new_first
            first, new_first = first + 1, new_first + 1
        while first < last and new_first < new_last and old[last - 1] == new[new_last - 1]:
            last, new_last = last - 1, new_last - 1
            found[last] = new_last
        if first == last or new_first == new_last or level == _MAX_LEVELS:
            continue
        at, new_at = first, new_first
        for anchor, new_anchor in _anchors(old, new, (first, last, new_first, new_last, level)):
            found[anchor] = new_anchor
            regions.append((at, anchor, new_at, new_anchor, level + 1))
            at, new_at = anchor + 1, new_anchor + 1
        if (at, new_at) != (first, new_first):
            regions.append((at, last, new_at, new_last, level + 1))
    return tuple(found)


def _anchors(old: Sequence[str], new: Sequence[str], region: _Region) -> list[tuple[int, int]]:
    first, last, new_first, new_last, _ = region
    here, there = _places(old, first, last), _places(new, new_first, new_last)
    for pairs in (_unique(here, there), _equally_frequent(here, there)):
        found = _longest_rising(sorted(pairs))
        if found:
            return found
    return []


def _places(lines: Sequence[str], first: int, last: int) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for number in range(first, last):
        places.setdefault(lines[number], []).append(number)
    return places


def _unique(here: dict[str, list[int]], there: dict[str, list[int]]) -> Iterator[tuple[int, int]]:
    for text, numbers in here.items():
        others = there.get(text)
        if len(numbers) == 1 and others and len(others) == 1:
            yield numbers[0], others[0]


def _equally_frequent(
    here: dict[str, list[int]], there: dict[str, list[int]]
) -> Iterator[tuple[int, int]]:
    for text, numbers in here.items():
        others = there.get(text)
        if others and len(others) == len(numbers):
            yield from zip(numbers, others, strict=True)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest of the sequences of `pairs` in which the second number rises too."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, number) in enumerate(pairs):
        place = bisect_left(tails, number)
        before.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [number]
        ends[place : place + 1] = [index]
    chosen: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]
