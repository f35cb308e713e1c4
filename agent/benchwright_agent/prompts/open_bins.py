"""The bins that a testbench leaves uncovered, in places, the most valuable place first.

What a bin is worth is what covering it adds to the overall average: one over the bins of its
metric, shared among the metrics. A place is worth its own bins and, where it is a branch that was
never taken, those behind it. Places rank by worth per character of what is said about them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchwright_agent.protocol.task import SourceText
from benchwright_sim.bins import METRICS, Bin, Kind
from benchwright_sim.coverage import Coverage

Extents = Mapping[tuple[str, int, bool], tuple[int, int]]
"""(file, line of a branch, whether its else) -> first and last line behind it."""

_FSM = (Kind.FSM_STATE, Kind.FSM_ARC)
_BIT = re.compile(r"(.*)\[(\d+)\]")
_RESULT = re.compile(r" => \d+$")
_NEVER_TRUE = frozenset({"if", "cond_then"})
_NEVER_FALSE = frozenset({"else", "cond_else"})
_MAX_CODE = 100
_MAX_LISTED = 12
_MAX_NEEDS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Uncovered bins that one line of text speaks of.

    Attributes:
        section: file, module and instance that it is listed under.
        line: in the file.
        bins: sorted; all toggles of one signal, all of one state register, or all else of a line.
        value: what covering them adds to the overall average, from 0 to 1.
        text: what is said about them; empty for toggles, of which many signals share a line.
    """

    section: tuple[str, str, str]
    line: int
    bins: tuple[Bin, ...]
    value: float
    text: str = ""

    @property
    def is_toggle(self) -> bool:
        """Whether it is a signal that does not change."""
        return self.bins[0].kind is Kind.TOGGLE


def open_places(coverage: Coverage, files: Sequence[SourceText], extents: Extents) -> list[Place]:
    """The uncovered bins of a design, the most valuable places first; always in the same order."""
    uncovered = [bin_ for bin_, count in coverage.items() if not count]
    worth = _Worth(coverage, uncovered, extents)
    grouped: dict[tuple[str, str, int, str], list[Bin]] = defaultdict(list)
    for bin_ in uncovered:
        grouped[(bin_.file, bin_.instance, bin_.line, _subject(bin_))].append(bin_)
    lines = {file.name: file.text.splitlines() for file in files}
    places = []
    for bins in grouped.values():
        first = bins[0]
        places.append(
            Place(
                section=(first.file, first.module, first.instance),
                line=first.line,
                bins=tuple(bins),
                value=worth.of(bins),
                text=_text(bins, lines.get(first.file) or lines.get(_bare(first.file), [])),
            )
        )
    return sorted(places, key=lambda place: (-place.value / _length(place), place.bins))


class _Worth:
    """What covering bins adds to the overall average, 1 being all of it."""

    def __init__(self, coverage: Coverage, uncovered: Iterable[Bin], extents: Extents) -> None:
        tallies = coverage.by_metric()
        self._extents = extents
        self._of_kind = {
            kind: 1 / (len(tallies) * tallies[metric].total)
            for metric, kinds in METRICS.items()
            if metric in tallies
            for kind in kinds
        }
        self._lines: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0])
        for bin_ in uncovered:
            place = (bin_.file, bin_.instance)
            self._lines[place].append(bin_.line)
            self._sums[place].append(self._sums[place][-1] + self._of_kind[bin_.kind])

    def of(self, bins: Sequence[Bin]) -> float:
        """Of the bins of one place and of those behind its branches."""
        first = bins[0]
        behind = {
            self._extents.get((first.file, first.line, b.name in _NEVER_FALSE))
            for b in bins
            if b.kind in (Kind.LINE, Kind.BRANCH)
        } - {None}
        lines = self._lines[first.file, first.instance]
        sums = self._sums[first.file, first.instance]
        total = sum(self._of_kind[bin_.kind] for bin_ in bins)
        for low, high in filter(None, behind):
            # Those of its own line are counted already.
            start = bisect_left(lines, max(low, first.line + 1))
            total += max(0.0, sums[bisect_right(lines, high)] - sums[start])
        return total


def listing(places: Sequence[Place], why: Mapping[Bin, str]) -> str:
    """The places as text, section by section; `why` adds what a bin needs."""
    sections: dict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for place in places:
        sections[place.section].append(place)
    worth = {section: sum(p.value for p in inside) for section, inside in sections.items()}
    return "\n".join(
        "\n".join((_title(section), *_section_lines(sections[section], why)))
        for section in sorted(sections, key=lambda section: (-worth[section], section))
    )


def _title(section: tuple[str, str, str]) -> str:
    file, module, instance = section
    of = f", module {module}" if module else ""
    return f"{file}{of}{f', instance {instance}' if instance else ''}:"


def _section_lines(places: Iterable[Place], why: Mapping[Bin, str]) -> list[str]:
    lines = []
    toggles: list[Bin] = []
    for place in places:
        if place.is_toggle:
            toggles.extend(place.bins)
            continue
        lines += [f"  {place.text}", *(f"    {text}" for text in _needs(place.bins, why))]
    return [*lines, *(f"  {text}" for text in toggle_lines(toggles))]


def _needs(bins: Sequence[Bin], why: Mapping[Bin, str]) -> list[str]:
    """What leads to a place, once: its branches and terms differ in what the text shows anyway."""
    known = [bin_ for bin_ in bins if why.get(bin_)]
    if known and known[0].kind in _FSM:
        states = [b for b in known if b.kind is Kind.FSM_STATE] or known
        return [f"{b.name.partition(': ')[2]} needs {why[b]}" for b in states[:_MAX_NEEDS]]
    for kind in (Kind.LINE, Kind.BRANCH, Kind.USER, Kind.EXPR):
        texts = [why[bin_] for bin_ in known if bin_.kind is kind]
        if texts:
            return [f"needs {min(texts, key=lambda text: (len(text), text))}"]
    return []


def toggle_lines(bins: Iterable[Bin]) -> list[str]:
    """Signals that do not change, by what is missing: `never rises (0->1): count[7:4]`."""
    missing: dict[str, set[str]] = defaultdict(set)
    for bin_ in sorted(bins):
        name, _, edge = bin_.name.rpartition(":")
        missing[name].add(edge)
    by_edges: dict[str, list[str]] = defaultdict(list)
    for name, edges in missing.items():
        by_edges[" and ".join(sorted(edges))].append(name)
    words = {
        "0->1 and 1->0": "never change",
        "0->1": "never rise (0->1)",
        "1->0": "never fall (1->0)",
    }
    return [
        f"{words.get(edges, edges)}: {', '.join(_ranges(names))}"
        for edges, names in sorted(by_edges.items())
    ]


def _ranges(names: Iterable[str]) -> list[str]:
    """Bits that follow each other as one range; names in order of their first bit."""
    bits: dict[str, list[int]] = defaultdict(list)
    for name in names:
        match = _BIT.fullmatch(name)
        if match:
            bits[match[1]].append(int(match[2]))
        else:
            bits[name] = bits[name] or [-1]
    found = []
    for base, numbers in bits.items():
        runs: list[list[int]] = []
        for number in sorted(numbers):
            if runs and number == runs[-1][1] + 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        for low, high in reversed(runs):
            found.append(
                base if high < 0 else f"{base}[{high}]" if low == high else f"{base}[{high}:{low}]"
            )
    return found


def _bare(file: str) -> str:
    """The name without folders: what lies outside of the design's root is shown under it."""
    return file.rpartition("/")[2]


def _subject(bin_: Bin) -> str:
    """What tells bins of one line apart: a signal, a state register, or nothing."""
    if bin_.kind is Kind.TOGGLE:
        return "toggle " + re.split(r"[\[.:]", bin_.name, maxsplit=1)[0]
    return "fsm " + bin_.name.partition(":")[0] if bin_.kind in _FSM else ""


def _length(place: Place) -> int:
    if not place.is_toggle:
        return len(place.text) + 4
    return sum(len(text) for text in toggle_lines(place.bins))


def _text(bins: Sequence[Bin], lines: Sequence[str]) -> str:
    first = bins[0]
    if first.kind is Kind.TOGGLE:
        return ""
    if first.kind in _FSM:
        return _fsm_text(bins)
    code = lines[first.line - 1].strip() if first.line <= len(lines) else ""
    code = code if len(code) <= _MAX_CODE else f"{code[:_MAX_CODE]}..."
    return f"line {first.line}: `{code}` {'; '.join(_words(bins))}"


def _fsm_text(bins: Sequence[Bin]) -> str:
    register = bins[0].name.partition(":")[0]
    parts = []
    for kind, words in ((Kind.FSM_STATE, "never reaches"), (Kind.FSM_ARC, "never goes")):
        names = [b.name.partition(": ")[2] for b in bins if b.kind is kind]
        if names:
            parts.append(f"{words} {_some(names)}")
    return f"line {bins[0].line}: state register {register} {'; '.join(parts)}"


def _words(bins: Sequence[Bin]) -> list[str]:
    """What did not happen at a line."""
    branches = {b.name for b in bins if b.kind is Kind.BRANCH}
    true, false = branches & _NEVER_TRUE, branches & _NEVER_FALSE
    terms = [_RESULT.sub("", b.name) for b in bins if b.kind is Kind.EXPR]
    points = [b.name for b in bins if b.kind is Kind.USER]
    words = []
    if any(b.kind is Kind.LINE for b in bins):
        words.append("never runs")
    if true and false:
        words.append("neither way taken")
    elif true or false:
        words.append(f"condition never {'true' if true else 'false'}")
    if branches - true - false:
        words.append(f"never takes {_some(sorted(branches - true - false))}")
    if terms:
        words.append(f"never sees {_some(terms)}")
    if points:
        words.append(f"cover point {_some(points)} never hit")
    return words


def _some(names: Sequence[str]) -> str:
    left_out = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {left_out} more" if left_out > 0 else "")
