"""Why a bin is not covered, as data: one result type for every source and every reader.

A *guard* is a condition that stands between a bin and being counted, a *way* one list of guards
that leads to it (an assignment for toggles and states, the place itself for all else). Files are
named relative to the design's root, as bins name them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchwright_sim.bins import Bin
from benchwright_sim.errors import Location

GuardKind = Literal["if", "case", "loop", "ternary", "generate", "cover", "term"]

_SIMPLE = re.compile(r"[A-Za-z_$][\w$.]*(?:\[[^\[\]]*\])*")
_MAX_TEXT = 160


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the way to a bin.

    Attributes:
        text: as in the source, on one line; of a case its selector.
        wanted: what it must be: a truth value, or the labels of a case item as in the source.
        kind: the construct that it belongs to.
        location: of the condition, its file relative to the design's root.
        operands: names of the signals that it reads.
        constant: whether it holds, where that never changes (parameters), else None.
        others: of a case, labels that must not match: all others for its default.
        compare: of a case, how labels are compared: `==`, `==?` or `inside`.
    """

    text: str
    wanted: bool | str
    kind: GuardKind
    location: Location
    operands: tuple[str, ...] = ()
    constant: bool | None = None
    others: tuple[str, ...] = ()
    compare: str = "=="

    @property
    def wish(self) -> str:
        """What must hold, in the words of the source: `count == 12`, `!(a && b)`."""
        if self.wanted is True:
            return self.text
        if self.wanted is False:
            return negated(self.text)
        if not self.wanted:
            return f"{self.text} is none of {', '.join(self.others) or 'the labels'}"
        labels = self.wanted
        if self.compare == "inside" or ("," in labels and "{" not in labels):
            return f"{self.text} inside {{{labels}}}"
        return f"{self.text} {self.compare} {labels}"


@dataclass(frozen=True, slots=True)
class ConeEntry:
    """An input or register that guards depend on.

    Attributes:
        name: of the signal, by its path below the top.
        kind: what it is.
        width: bits.
        registers: that lie between it and the guard, 0 when the guard reads it directly: as many
            clock edges pass until a change of it is seen.
        next: of a register of a Verilog-2005 design, what it is loaded with, as one expression;
            empty where that is not known.
    """

    name: str
    kind: Literal["input", "register"]
    width: int
    registers: int
    next: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """Values that a signal took while the guards around the condition held.

    Attributes:
        name: of the signal.
        low: the least, as unsigned.
        high: the greatest.
        distinct: the first few different ones, sorted.
        names: the same as text, those of an enum by their names.
        complete: `distinct` holds all of them.
    """

    name: str
    low: int
    high: int
    distinct: tuple[int, ...]
    names: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Near:
    """How near the two sides of a comparison came.

    Attributes:
        text: the comparison, as in the source.
        left: value of its left side when they were nearest.
        right: of its right side.
        distance: |left - right|.
        bits: fewest bits in which they differed at any time.
    """

    text: str
    left: int
    right: int
    distance: int
    bits: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run saw of a guard, sampled where the guards around it held.

    Attributes:
        met: samples in which it was as wanted; None when the condition could not be sampled.
        missed: samples in which it was not.
        values: of the signals that it reads.
        near: of the comparisons in it.
    """

    met: int | None
    missed: int | None
    values: tuple[Values, ...] = ()
    near: tuple[Near, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a bin.

    Attributes:
        guards: that must hold, outermost first.
        location: of the assignment or statement.
        text: of the assignment, empty for the bin's own place.
        process: what runs it: `always_ff @(posedge clk)`, `assign`; empty when not known.
        seen: what a run saw of each guard, None where it could not be sampled; empty without run.
    """

    guards: tuple[Guard, ...]
    location: Location
    text: str = ""
    process: str = ""
    seen: tuple[Seen | None, ...] = ()

    @property
    def wish(self) -> str:
        """All of its guards as one condition, constants left out; empty when it has none."""
        return " && ".join(
            f"({g.wish})" if "||" in g.wish or "?" in g.wish else g.wish
            for g in self.guards
            if g.constant is not True
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a bin is not covered, or what it takes to cover it.

    Attributes:
        bin: which.
        ways: to it; empty when it could not be explained.
        cone: inputs and registers that the guards depend on, nearest first.
        text: one paragraph.
        instances: paths of the module's instances below the top, the first few.
        n_instances: how many there are.
        note: what is particular: an input, a constant, why there is no explanation.
    """

    bin: Bin
    ways: tuple[Way, ...]
    cone: tuple[ConeEntry, ...]
    text: str
    instances: tuple[str, ...] = ()
    n_instances: int = 1
    note: str = ""

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The guards of the first way, outermost first."""
        return self.ways[0].guards if self.ways else ()

    @property
    def observed(self) -> tuple[Seen | None, ...]:
        """What a run saw of each of these guards; empty without a run."""
        return self.ways[0].seen if self.ways else ()


def negated(text: str) -> str:
    """The opposite of a condition, as short as it can be said."""
    inner = text.lstrip("!~").strip()
    if text[:1] in "!~" and text[1:].strip() == inner and _SIMPLE.fullmatch(inner):
        return inner
    return f"!{text}" if _SIMPLE.fullmatch(text) else f"!({text})"


def relative_location(file: str, line: int, column: int) -> Location:
    """A place in a file of the design, by the name that bins use."""
    return Location(Path(file), line, column)


def one_line(text: str) -> str:
    """Source text on one line without comments, cut where it is very long."""
    plain = " ".join(re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).split())
    return plain if len(plain) <= _MAX_TEXT else f"{plain[: _MAX_TEXT - 4]} ..."
