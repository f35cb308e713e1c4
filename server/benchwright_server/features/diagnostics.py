"""Diagnostics: what elaboration found wrong, and as hints what of a file is not covered.

Code that was never executed is faded: the tag `Unnecessary` over lines that belong together, their
closing keywords with them. Whatever else is open stands on its token; editors draw such hints as
three dots at most. Inside of dead code nothing more is said, and toggles are one diagnostic for a
declaration. Each has a code, a page that explains it, and the ids of its bins as `data`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, groupby, islice
from pathlib import Path

from lsprotocol import types as lsp

from benchwright_server.features.client_text import ClientText
from benchwright_server.features.page import (
    Page,
    counting_bins,
    dead_status,
    named,
    of_kind,
)
from benchwright_server.features.wording import never, way
from benchwright_server.problems import Problem, Severity
from benchwright_server.results.view import BinView, LineView
from benchwright_sim.bins import Kind
from benchwright_sim.verdict import Status

SOURCE = "benchwright"

_MOST = 900
"""VS Code keeps 1,000 diagnostics of a file, and says so in a warning where there are more."""
_BINS_PAGE = Path(__file__).parent.parent / "docs" / "bins.md"
_CLOSING = re.compile(r"\s*(end\w*\b\s*(:\s*\w+)?|[)}\];]*)\s*(//.*)?$")
_SEVERITIES: Mapping[Severity, lsp.DiagnosticSeverity] = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
_SAID: Mapping[Status, tuple[str, str]] = {
    "unknown": ("uncovered-line", "never executed"),
    "unreachable": ("unreachable", "unreachable"),
    "waived": ("waived", "never executed, waived"),
}


def problem_diagnostics(problems: Iterable[Problem], text: ClientText) -> list[lsp.Diagnostic]:
    """What is wrong with a file, where it stands in the current text."""
    return [
        lsp.Diagnostic(
            range=_place(problem, text),
            message=problem.message,
            severity=_SEVERITIES[problem.severity],
            code=problem.code or None,
            source=SOURCE,
        )
        for problem in problems
    ]


def _place(problem: Problem, text: ClientText) -> lsp.Range:
    """Where a problem stands: a line that the text has lost is its last one."""
    line = min(max(problem.line - 1, 0), max(len(text.lines) - 1, 0))
    if problem.column < 1:
        return text.extent(line, line)
    if problem.end_column is None or problem.end_column <= problem.column:
        return text.token(line, problem.column - 1)
    start, end = (text.position(line, n - 1) for n in (problem.column, problem.end_column))
    return lsp.Range(start, end)


def coverage_diagnostics(page: Page) -> list[lsp.Diagnostic]:
    """What of a file is not covered; nothing while a run fills it, since that would flicker."""
    if page.view.provisional:
        return []
    dead = [line for _, line in sorted(page.view.lines.items()) if line.dead]
    faded = (_faded(page, block) for block in _blocks(page, dead))
    tokens = (item for line in page.view.lines.values() for item in _open_tokens(page, line))
    chosen = (
        faded if page.settings.fade else (),
        tokens if page.settings.uncovered_diagnostics else (),
    )
    return list(islice(chain.from_iterable(chosen), _MOST))


def _blocks(page: Page, dead: Sequence[LineView]) -> Iterator[list[LineView]]:
    """Dead lines that belong together: of one status, with nothing but closing keywords between."""
    block: list[LineView] = []
    for line in dead:
        if block and not _continues(page, block[-1], line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _continues(page: Page, last: LineView, line: LineView) -> bool:
    return dead_status(last) == dead_status(line) and all(
        _only_closes(page, number) for number in range(last.line + 1, line.line)
    )


def _only_closes(page: Page, line: int) -> bool:
    return line not in page.view.lines and bool(_CLOSING.match(page.text.line(line)))


def _faded(page: Page, block: Sequence[LineView]) -> lsp.Diagnostic:
    first, last = block[0].line, block[-1].line
    while page.text.line(last + 1).strip() and _belongs(page, first, last + 1):
        last += 1
    counting = {v.bin.id: v for line in block for v in counting_bins(line) if not v.count}
    code, message = _SAID[dead_status(block[0])]
    reason = next((v.verdict.note for v in counting.values() if v.verdict.note), "")
    return lsp.Diagnostic(
        range=page.text.extent(first, last),
        message=f"{message}: {reason}" if reason and code != "uncovered-line" else message,
        severity=lsp.DiagnosticSeverity.Hint,
        code=code,
        code_description=_explained(code),
        source=SOURCE,
        tags=[lsp.DiagnosticTag.Unnecessary],
        data={"line": first, **named(list(counting.values()))},
    )


def _belongs(page: Page, first: int, line: int) -> bool:
    """Whether a line closes what began on a dead line: it is indented no less than that."""
    begins, text = page.text.line(first), page.text.line(line)
    return _only_closes(page, line) and _indent(text) >= _indent(begins)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _open_tokens(page: Page, line: LineView) -> Iterator[lsp.Diagnostic]:
    still_open = [view for view in line.bins if view.open]
    if not still_open:
        return
    if not line.dead:
        for view in of_kind(still_open, Kind.LINE, Kind.BRANCH):
            yield _on_token(page, [view], "uncovered-branch", f"`{way(view.bin)}` never taken")
        for terms in _by_character(still_open, Kind.EXPR):
            yield _on_token(page, terms, "uncovered-expr", never("never evaluated", terms))
    for bins in _by_character(still_open, Kind.FSM_STATE, Kind.FSM_ARC):
        yield _on_token(page, bins, "uncovered-fsm", never("never reached", bins))
    for bins in _by_character(still_open, Kind.TOGGLE):
        yield _on_token(page, bins, "uncovered-toggle", never("never toggled", bins))
    for bins in _by_character(still_open, Kind.USER):
        yield _on_token(page, bins, "uncovered-point", never("never hit", bins))


def _by_character(bins: Sequence[BinView], *kinds: Kind) -> Iterator[list[BinView]]:
    ordered = sorted(of_kind(bins, *kinds), key=lambda view: view.character)
    for _, group in groupby(ordered, key=lambda view: view.character):
        yield list(group)


def _on_token(page: Page, bins: Sequence[BinView], code: str, message: str) -> lsp.Diagnostic:
    return lsp.Diagnostic(
        range=page.text.token(bins[0].line, bins[0].character),
        message=message,
        severity=lsp.DiagnosticSeverity.Hint,
        code=code,
        code_description=_explained(code),
        source=SOURCE,
        data={"line": bins[0].line, **named(bins)},
    )


@cache
def _explained(code: str) -> lsp.CodeDescription:
    """The section of the page about bins; editors jump to the line of a fragment `L12`."""
    lines = _BINS_PAGE.read_text(encoding="utf-8").splitlines()
    number = next((n for n, text in enumerate(lines, start=1) if text == f"## {code}"), 1)
    return lsp.CodeDescription(f"{_BINS_PAGE.as_uri()}#L{number}")
