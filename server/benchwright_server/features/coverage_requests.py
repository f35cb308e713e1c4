"""Coverage as an editor's own test coverage views want it: `benchwright/coverage`, `fileCoverage`.

A line bin is a statement over its span; branch bins and terms are labelled branches of the
statement on their line; states, arcs and cover points are declarations. Toggles are branches where
they are declared, and only on request, since they would swamp every percentage. What is waived or
unreachable is left out, as with every exclusion: nobody has to cover it. Lines and characters count
from 0, characters in the client's unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchwright_server.features.page import Page, counting_bins, executed, of_kind
from benchwright_server.features.wording import label
from benchwright_server.results.view import BinView, FileView, LineView
from benchwright_sim.bins import Kind

_BRANCHES = (Kind.BRANCH, Kind.EXPR)
_DECLARATIONS = (Kind.FSM_STATE, Kind.FSM_ARC, Kind.USER)


def summary(uri: str, view: FileView, *, toggles: bool = False) -> dict[str, Any]:
    """How much of one file is covered, as pairs of covered and all."""
    bins = [bin_ for line in view.lines.values() for bin_ in _wanted(line.bins)]
    branches = (*_BRANCHES, Kind.TOGGLE) if toggles else _BRANCHES
    design = view.result.record.design if view.result else None
    return {
        "uri": uri,
        "stale": view.stale,
        "provisional": view.provisional,
        "top": design.top if design else None,
        "statement": _pair(of_kind(bins, Kind.LINE)),
        "branch": _pair(of_kind(bins, *branches)),
        "declaration": _pair(of_kind(bins, *_DECLARATIONS)),
    }


def details(page: Page, *, toggles: bool = False) -> dict[str, Any]:
    """Every statement, branch and declaration of one file."""
    lines = [line for _, line in sorted(page.view.lines.items())]
    return {
        "uri": page.uri,
        "stale": page.view.stale,
        "statements": _merged(filter(None, (_statement(page, line, toggles) for line in lines))),
        "declarations": [
            {
                "name": label(view.bin),
                "line": view.line,
                "character": page.text.units(view.line, view.character),
                "count": view.count,
            }
            for line in lines
            for view in _wanted(of_kind(line.bins, *_DECLARATIONS))
        ],
    }


def _wanted(bins: Iterable[BinView]) -> list[BinView]:
    return [view for view in bins if view.count or view.open]


def _pair(bins: list[BinView]) -> list[int]:
    return [sum(1 for view in bins if view.count), len(bins)]


def _statement(page: Page, line: LineView, toggles: bool) -> dict[str, Any] | None:
    kinds = (*_BRANCHES, Kind.TOGGLE) if toggles else _BRANCHES
    branches = _wanted(of_kind(line.bins, *kinds))
    counting = counting_bins(line)
    excluded = bool(counting) and not _wanted(counting)
    if excluded or (line.hits is None and not branches):
        return None
    return {
        "line": line.line,
        "endLine": line.line,
        "count": executed(line),
        "branches": [_branch(page, view) for view in branches],
    }


def _branch(page: Page, view: BinView) -> dict[str, Any]:
    return {
        "label": label(view.bin),
        "count": view.count,
        "line": view.line,
        "character": page.text.units(view.line, view.character),
    }


def _merged(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines that follow each other with one count and no branches are one statement."""
    found: list[dict[str, Any]] = []
    for statement in statements:
        if found and _follows(found[-1], statement):
            found[-1]["endLine"] = statement["endLine"]
        else:
            found.append(statement)
    return found


def _follows(last: Mapping[str, Any], statement: Mapping[str, Any]) -> bool:
    return (
        last["endLine"] + 1 == statement["line"]
        and last["count"] == statement["count"]
        and not statement["branches"]
    )
