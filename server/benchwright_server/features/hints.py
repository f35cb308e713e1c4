"""Inlay hints: at the end of a line what it lacks, or how often it was executed.

A line says one thing: that it was never executed, else which branches, else which terms, else which
states it lacks. A count stands where a block begins, and where it differs from the line above. What
a running job shows has a `~` before it. The bins of a line are told when the client resolves a hint
(LSP 3.17, `inlayHint/resolve`): most hints are never pointed at.
"""

from __future__ import annotations

from lsprotocol import types as lsp

from benchwright_server.features.hover import bins_of_line
from benchwright_server.features.page import Page, counting_bins, dead_status, of_kind
from benchwright_server.features.wording import missing, times
from benchwright_server.results.view import BinView, LineView
from benchwright_server.settings import Settings
from benchwright_sim.bins import Kind


def hints(page: Page, asked: lsp.Range) -> list[lsp.InlayHint]:
    """The hints of the lines of a range."""
    if not page.settings.hints_enabled:
        return []
    last = min(asked.end.line, len(page.text.lines) - 1)
    found = []
    for number in range(max(asked.start.line, 0), last + 1):
        line = page.view.lines.get(number)
        label = line and _label(line, page.view.lines.get(number - 1), page.settings)
        if label:
            found.append(_hint(page, number, label))
    return found


def resolved(page: Page, hint: lsp.InlayHint) -> lsp.InlayHint:
    """The hint with the bins of its line as its tooltip."""
    text = bins_of_line(page, hint.position.line)
    if text:
        hint.tooltip = lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return hint


def _hint(page: Page, line: int, label: str) -> lsp.InlayHint:
    return lsp.InlayHint(
        position=page.text.end_of(line),
        label=f"~{label}" if page.view.provisional else label,
        padding_left=True,
        data={"uri": page.uri},
    )


def _label(line: LineView, above: LineView | None, settings: Settings) -> str:
    if line.dead:
        return _dead_label(line, above, settings)
    lack = _lack(line, settings)
    if lack or not settings.hints_covered or not line.hits:
        return lack
    begins = bool(of_kind(line.bins, Kind.LINE))
    return times(line.hits) if begins or not above or above.hits != line.hits else ""


def _dead_label(line: LineView, above: LineView | None, settings: Settings) -> str:
    """`never` once for lines that are faded together, else wherever a block begins.

    Nothing below a decision that already says `if never`.
    """
    status = dead_status(line)
    word = "never" if status == "unknown" else status
    if above and above.dead and dead_status(above) == status:
        begins = of_kind(line.bins, Kind.LINE, Kind.BRANCH)
        return word if begins and not settings.fade else ""
    told_above = {view.line for view in counting_bins(line)} == {line.line - 1}
    return "" if told_above else word


def _lack(line: LineView, settings: Settings) -> str:
    if all(view.count for view in line.bins):
        return ""
    branches = [v for v in of_kind(line.bins, Kind.LINE, Kind.BRANCH) if v.bin.name != "block"]
    terms = of_kind(line.bins, Kind.EXPR)
    for lack in (missing(branches, "branch"), missing(terms, "term"), _other(line.bins)):
        if lack:
            return lack
    if settings.hints_toggles:
        return _toggles(of_kind(line.bins, Kind.TOGGLE))
    return ""


def _other(bins: tuple[BinView, ...]) -> str:
    states = missing(of_kind(bins, Kind.FSM_STATE), "state")
    arcs = missing(of_kind(bins, Kind.FSM_ARC), "arc")
    points = missing(of_kind(bins, Kind.USER), "cover point")
    return " · ".join(filter(None, (states, arcs, points and f"cover {points}")))


def _toggles(bins: list[BinView]) -> str:
    covered = sum(1 for view in bins if view.count)
    wanted = covered + sum(1 for view in bins if view.open)
    return f"toggle {covered:,}/{wanted:,}" if covered < wanted else ""
