"""Registers the features with a server: what a client asks, and what is pushed to it.

Every handler looks up what is known of a document and answers from that; none runs anything. A
document of which nothing is known has no answer, which is none of the user's errors.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from benchwright_server.app import BenchwrightServer
from benchwright_server.features import coverage_requests
from benchwright_server.features.actions import KINDS, actions
from benchwright_server.features.client_text import ClientText
from benchwright_server.features.diagnostics import coverage_diagnostics, problem_diagnostics
from benchwright_server.features.hints import hints, resolved
from benchwright_server.features.hover import hover
from benchwright_server.features.lenses import lenses
from benchwright_server.features.page import Page
from benchwright_server.problems import Problem
from benchwright_server.results.store import Store
from benchwright_server.results.view import FileView
from benchwright_sim.errors import Location

COVERAGE = "benchwright/coverage"
FILE_COVERAGE = "benchwright/fileCoverage"


def register(server: BenchwrightServer) -> None:
    """Registers the handlers and the publisher of diagnostics."""
    server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintOptions(resolve_provider=True))(
        _hints
    )
    server.feature(lsp.INLAY_HINT_RESOLVE)(_resolve_hint)
    server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)(_lenses)
    server.feature(lsp.TEXT_DOCUMENT_HOVER)(_hover)
    server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=KINDS))(
        _actions
    )
    server.feature(COVERAGE)(_coverage)
    server.feature(FILE_COVERAGE)(_file_coverage)
    server.publishers.append(lambda uris: publish(server, uris))


def page_of(server: BenchwrightServer, uri: str) -> Page | None:
    """A document as features see it, None where nothing of ours is known of it."""
    view = server.view(uri)
    if view is None:
        return None
    return Page(
        uri=uri,
        text=ClientText(server.documents.lines(uri), server.documents.codec),
        view=view,
        settings=server.settings_for(view.path),
        runs=tuple(run for run in server.runs.all() if not run.ended),
        trusted=server.trusted,
    )


def publish(server: BenchwrightServer, uris: Iterable[str]) -> None:
    """Pushes all that is to be told of some documents; an empty list takes away what was told."""
    for uri in uris:
        path = server.documents.path(uri)
        if path is None:
            continue
        text = ClientText(server.documents.lines(uri), server.documents.codec)
        problems = [*server.problems.of(path), *_waiver_problems(server, path)]
        found = problem_diagnostics(problems, text)
        page = page_of(server, uri) if server.documents.is_open(uri) else None
        if page is not None:
            found += coverage_diagnostics(page)
        server.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri, found, server.documents.version(uri))
        )


def _waiver_problems(server: BenchwrightServer, path: Path) -> Iterator[Problem]:
    """What is wrong with a waiver file; the waivers that it had count on."""
    error = server.views.waivers.problems.get(path)
    if error is not None:
        place = error.location or Location(path)
        hint = f"; {error.hint}" if error.hint else ""
        yield Problem(path, place.line, place.column, None, "error", f"{error.message}{hint}")


def _hints(server: BenchwrightServer, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    page = page_of(server, params.text_document.uri)
    return hints(page, params.range) if page else []


def _resolve_hint(server: BenchwrightServer, hint: lsp.InlayHint) -> lsp.InlayHint:
    uri = _member(hint.data, "uri")
    page = page_of(server, uri) if isinstance(uri, str) else None
    return resolved(page, hint) if page else hint


def _lenses(server: BenchwrightServer, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
    page = page_of(server, params.text_document.uri)
    return lenses(page) if page else []


def _hover(server: BenchwrightServer, params: lsp.HoverParams) -> lsp.Hover | None:
    page = page_of(server, params.text_document.uri)
    known = server.client_capabilities.text_document
    kinds = known.hover.content_format if known and known.hover else None
    markdown = not kinds or lsp.MarkupKind.Markdown in kinds
    kind = lsp.MarkupKind.Markdown if markdown else lsp.MarkupKind.PlainText
    return hover(page, params.position.line, kind) if page else None


def _actions(server: BenchwrightServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    page = page_of(server, params.text_document.uri)
    if page is None:
        return []
    page = replace(page, rest=_open_in_testbench(server.store, page.view))
    return actions(page, params.range, params.context)


def _open_in_testbench(store: Store, view: FileView) -> dict[str, int]:
    """Open bins of the modules that a testbench instantiates, where it was measured."""
    benches = [module.outline for module in view.modules if module.outline.is_testbench]
    named = {name for bench in benches for name in bench.instantiates}
    likely = (
        entry
        for entry in (store.entries() if named else ())
        if any(source == view.path for source, _ in entry.sources)
    )
    results = (store.get(entry.key) for entry in likely)
    return dict(
        Counter(
            bin_.module
            for result in results
            if result
            for bin_ in result.record.verdicts.open
            if bin_.module in named
        )
    )


async def _coverage(server: BenchwrightServer, params: object) -> dict[str, Any]:
    """Every file of which something is known; other requests are answered between two files."""
    toggles = _member(params, "toggles") is True
    paths = {entry.root / name for entry in server.store.entries() for name in entry.names}
    paths.update(server.documents.open_paths())
    files = []
    for path in sorted(paths):
        uri = server.documents.uri(path)
        await server.prepare([uri])
        view = server.view(uri)
        if view is not None and view.lines:
            files.append(coverage_requests.summary(uri, view, toggles=toggles))
        await asyncio.sleep(0)
    return {"files": files}


def _file_coverage(server: BenchwrightServer, params: object) -> dict[str, Any] | None:
    uri = _member(params, "uri")
    page = page_of(server, uri) if isinstance(uri, str) else None
    toggles = _member(params, "toggles") is True
    return coverage_requests.details(page, toggles=toggles) if page else None


def _member(value: object, name: str) -> object:
    """A member of what a client sent, which pygls gives as an object or as a mapping."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
