"""Words and numbers that an editor shows: one place, so that all features say a thing alike.

Percentages are `benchwright_sim.coverage.percent`'s: `100` is printed for all and for nothing less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from benchwright_server.results.view import BinView
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Tally, percent
from benchwright_sim.reports.report import compact_names
from benchwright_sim.verdict import Status

Noun = Literal["bin", "branch", "term", "state", "arc", "cover point", "toggle", "line"]

SIGNS: dict[Status, str] = {"covered": "✓", "unreachable": "⊘", "waived": "○", "unknown": "✗"}
"""A verdict in one character."""

NOUNS: dict[Kind, Noun] = {
    Kind.LINE: "line",
    Kind.BRANCH: "branch",
    Kind.EXPR: "term",
    Kind.TOGGLE: "toggle",
    Kind.FSM_STATE: "state",
    Kind.FSM_ARC: "arc",
    Kind.USER: "cover point",
}

_MAX_NAMES = 4
_BRANCHES = {"elsif": "if", "cond_then": "? then", "cond_else": "? else"}
_CELL_END = re.compile(r" (?<!\\)\| ")
_MARKED = re.compile(r"`+ ?([^`]*?) ?`+|\\(.)|\*+")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#!&])")


def plural(noun: str, number: int) -> str:
    """The noun alone: `branch`, or `branches` where `number` is not 1."""
    if number == 1:
        return noun
    return f"{noun}es" if noun.endswith("ch") else f"{noun}s"


def counted(number: int, noun: str) -> str:
    """`1 bin`, `1,024 bins`."""
    return f"{number:,} {plural(noun, number)}"


def times(number: int) -> str:
    """How often: `1,024x`."""
    return f"{number:,}x"


def of(tally: Tally, noun: str = "") -> str:
    """`3 of 4 terms`, or `3 of 4` without a noun."""
    return (
        f"{tally.covered:,} of {tally.total:,} {plural(noun, tally.total) if noun else ''}".rstrip()
    )


def share(tally: Tally) -> str:
    """`97.4 %`."""
    return f"{percent(tally)} %"


def way(bin_: Bin) -> str:
    """Which way of a decision a line or branch bin is: `if`, `else`, `? then`, `case`."""
    return _BRANCHES.get(bin_.name, bin_.name)


def title(bin_: Bin) -> str:
    """A bin for a reader, as Markdown: its kind, then its name as code."""
    return f"{NOUNS[bin_.kind]} {code(_name(bin_))}"


def label(bin_: Bin) -> str:
    """The same as plain text."""
    return f"{NOUNS[bin_.kind]} {_name(bin_)}"


def _name(bin_: Bin) -> str:
    return way(bin_) if bin_.kind in (Kind.LINE, Kind.BRANCH) else bin_.name


def missing(bins: Sequence[BinView], noun: Noun) -> str:
    """What `bins`, all of one noun, lack; empty when nothing.

    Closed bins that nobody has to cover do not count: `3 of 4 terms` is of those that must be.
    """
    uncovered = [view for view in bins if not view.count]
    still_open = [view for view in uncovered if view.open]
    if not uncovered:
        return ""
    if not still_open:
        status = uncovered[0].verdict.status
        if len(uncovered) == 1 and noun == "branch":
            return f"{way(uncovered[0].bin)} {status}"
        return f"{counted(len(uncovered), noun)} {status}"
    if len(still_open) == 1 and noun == "branch":
        return f"{way(still_open[0].bin)} never"
    total = len(bins) - len(uncovered) + len(still_open)
    if total == 1:
        return "never"
    return of(Tally(total - len(still_open), total), noun)


def never(verb: str, bins: Sequence[BinView]) -> str:
    """What never happened, in plain text: `never toggled: data[7:4]:0<->1`; not all of many."""
    names = compact_names([view.bin for view in bins])
    more = f", and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
    return f"{verb}: {', '.join(names[:_MAX_NAMES])}{more}"


def code(text: str) -> str:
    """Text as a Markdown code span that stands in a table."""
    flat = " ".join(text.split()).replace("|", "\\|")
    fence = "``" if "`" in flat else "`"
    return f"{fence} {flat} {fence}" if len(fence) > 1 else f"`{flat}`"


def plain(text: str) -> str:
    """Text of a person as Markdown that shows just that text, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def unmarked(text: str) -> str:
    """Markdown of this module as plain text, for clients that show none: tables without rules."""
    rows = (row for row in text.splitlines() if not row.startswith("| :"))
    bare = (row.removeprefix("| ").removesuffix(" |") for row in rows)
    spaced = ("  ".join(_CELL_END.split(row)).lstrip() for row in bare)
    words = (_MARKED.sub(lambda match: match[1] or match[2] or "", row) for row in spaced)
    return "\n".join(words).replace("\\|", "|")


def evidence(view: BinView) -> str:
    """Why a bin has its verdict, as Markdown; empty when there is nothing to say."""
    verdict = view.verdict
    by, note = verdict.by, plain(verdict.note)
    match verdict.status:
        case "covered":
            said = f"segment {code(by)}" if by else ""
        case "unreachable":
            said = f"proof {code(by)}" if by else "proof"
        case "waived":
            return f"waived by {plain(by)}: {note}"
        case "unknown":
            return f"tried {note}" if note else ""
    return f"{said}, {note}" if said and note else said or note
