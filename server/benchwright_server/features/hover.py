"""Hover: the bins of a line as a table, what must hold for each, and the evidence.

Toggles are summed up by signal, and a table ends after twenty rows. The text holds no links to
commands: those are for clients that trust a server's Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from lsprotocol import types as lsp

from benchwright_server.features.page import Page
from benchwright_server.features.wording import (
    SIGNS,
    code,
    counted,
    evidence,
    of,
    plain,
    times,
    title,
    unmarked,
)
from benchwright_server.results.view import BinView, LineView
from benchwright_sim.bins import Kind
from benchwright_sim.coverage import Tally
from benchwright_sim.reports.report import compact_names

_MAX_ROWS = 20
_MAX_NAMES = 4
_HEADS = ("", "Bin", "Count", "Must hold", "Evidence")
_RULES = (":-:", ":--", "--:", ":--", ":--")
_ORDER = tuple(Kind)
_SIGNAL = re.compile(r"[^\[:]+")


@dataclass(frozen=True, slots=True)
class _Row:
    sign: str
    name: str
    count: str
    guard: str
    evidence: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.sign, self.name, self.count, self.guard, self.evidence)


def hover(page: Page, line: int, kind: lsp.MarkupKind) -> lsp.Hover | None:
    """What is known of a line, None where nothing is; `kind` is what the client can show."""
    if not page.settings.hover:
        return None
    text = bins_of_line(page, line)
    if not text:
        return None
    if kind == lsp.MarkupKind.PlainText:
        text = unmarked(text)
    return lsp.Hover(lsp.MarkupContent(kind, text))


def bins_of_line(page: Page, line: int) -> str:
    """The bins of a line as Markdown, empty where there are none."""
    known = page.view.lines.get(line)
    if known is None:
        return ""
    tried = {view.verdict.note for view in (*known.bins, *known.blocks) if view.open}
    shared = tried.pop() if len(tried) == 1 else ""
    rows = _rows(known, shared)
    if not rows:
        return ""
    more = f"and {len(rows) - _MAX_ROWS:,} more" if len(rows) > _MAX_ROWS else ""
    said = f"Tried for what is open: {plain(shared)}" if shared else ""
    parts = (_headline(page, known), _table(rows[:_MAX_ROWS]), more, said)
    return "\n\n".join(filter(None, parts))


def _headline(page: Page, line: LineView) -> str:
    facts = []
    if line.dead:
        facts.append("**never executed**")
    elif line.hits:
        facts.append(f"executed {times(line.hits)}")
    n_open = sum(view.open for view in line.bins)
    facts.append(f"{n_open:,} of {counted(len(line.bins), 'bin')} open" if n_open else "")
    if page.view.provisional:
        facts.append("*provisional: a run is measuring*")
    if page.view.stale:
        facts.append("*stale: the file has changed since it was measured*")
    closed = "covered" if all(view.count for view in line.bins) else "nothing open"
    return " · ".join(filter(None, facts)) or closed


def _table(rows: Sequence[_Row]) -> str:
    """Rows under heads, without the columns that say nothing."""
    kept = [n for n in range(len(_HEADS)) if any(row.cells[n] for row in rows)]
    lines = [_HEADS, _RULES, *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(cells[n] for n in kept)} |" for cells in lines)


def _rows(line: LineView, shared: str) -> list[_Row]:
    """Open bins first, then by kind and in the order of the line; toggles at the end.

    `shared` is the note of every open bin, which its row then need not repeat.
    """
    others = [view for view in (*line.bins, *line.blocks) if view.bin.kind is not Kind.TOGGLE]
    others.sort(key=lambda view: (not view.open, _ORDER.index(view.bin.kind)))
    toggles = [view for view in line.bins if view.bin.kind is Kind.TOGGLE]
    return [_row(view, line.line, shared) for view in others] + list(_toggle_rows(toggles, shared))


def _row(view: BinView, line: int, shared: str) -> _Row:
    elsewhere = "" if view.line == line else f" of line {view.line + 1}"
    return _Row(
        sign=SIGNS[view.verdict.status],
        name=f"{title(view.bin)}{elsewhere}",
        count=f"{view.count:,}",
        guard=code(view.guard) if view.guard and not view.count else "",
        evidence=_evidence(view, shared),
    )


def _toggle_rows(bins: Iterable[BinView], shared: str) -> Iterable[_Row]:
    """One row for each signal, with the worst verdict of its bits."""
    ordered = sorted(bins, key=_signal)
    for signal, group in groupby(ordered, key=_signal):
        views = list(group)
        covered = sum(1 for view in views if view.count)
        lacking = sorted((v for v in views if not v.count), key=lambda v: not v.open)
        worst = lacking[0] if lacking else views[0]
        names = [code(name) for name in compact_names([view.bin for view in lacking])]
        more = f", and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        never = f"never {', '.join(names[:_MAX_NAMES])}{more}" if names else ""
        yield _Row(
            sign=SIGNS[worst.verdict.status],
            name=f"toggle {code(signal)}",
            count=of(Tally(covered, len(views))),
            guard="",
            evidence="; ".join(filter(None, (never, _evidence(worst, shared) if lacking else ""))),
        )


def _evidence(view: BinView, shared: str) -> str:
    return "" if view.open and shared else evidence(view)


def _signal(view: BinView) -> str:
    found = _SIGNAL.match(view.bin.name)
    return found[0] if found else view.bin.name
