"""What changes under a session: buffers that are edited, files that other programs write.

Source: LSP 3.17, "Text Document Synchronization" and "DidChangeWatchedFiles Notification". Edits
come at the rate of typing: what they cause waits until nothing has changed for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types as lsp

from benchwright_server.app import SOURCES, BenchwrightServer
from benchwright_server.jobs.checks import DELAY_S
from benchwright_server.jobs.run import Run

_REDRAW_S = 0.2
_IMPORT_S = 1.0


def register(server: BenchwrightServer) -> None:
    """Registers the handlers."""
    server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)(_opened)
    server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_saved)
    server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_files_changed)


def watchers(server: BenchwrightServer) -> list[lsp.FileSystemWatcher]:
    """The files that matter: sources, project files, waivers and coverage of other flows."""
    from benchwright_server.discovery.discover import WATCHED  # noqa: PLC0415 - loads much

    settings = [server.configuration.settings, *map(server.configuration.of, server.folders())]
    names = {f"**/{Path(found.waivers).name}" for found in settings if found.waivers}
    names |= {f"**/{Path(name).name}" for found in settings for name in found.filelists}
    names |= {name for found in settings for name in found.coverage_files}
    patterns = (*WATCHED, "**/*.{v,sv,vh,svh}", "**/*.f", *sorted(names))
    return [lsp.FileSystemWatcher(glob_pattern=pattern) for pattern in dict.fromkeys(patterns)]


async def _opened(server: BenchwrightServer, params: lsp.DidOpenTextDocumentParams) -> None:
    uri = params.text_document.uri
    _check(server, uri, 0.0)
    if await server.prepare([uri]):
        await server.refresh([uri])
    else:
        server.publish([uri])


async def _changed(server: BenchwrightServer, params: lsp.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.later(f"redraw {uri}", _REDRAW_S, lambda: _redraw(server, uri))
    _check(server, uri, DELAY_S, typed=True)


async def _saved(server: BenchwrightServer, params: lsp.DidSaveTextDocumentParams) -> None:
    uri = params.text_document.uri
    _check(server, uri, 0.0)
    path = server.documents.path(uri)
    if path is not None and path.suffix not in SOURCES:
        await server.refresh()


async def _closed(server: BenchwrightServer, params: lsp.DidCloseTextDocumentParams) -> None:
    path = server.documents.path(params.text_document.uri)
    if path is not None:
        server.checks.forget(path)
    server.publish([params.text_document.uri])


async def _files_changed(
    server: BenchwrightServer, params: lsp.DidChangeWatchedFilesParams
) -> None:
    paths = {path for event in params.changes if (path := server.documents.path(event.uri))}
    open_ones = server.documents.open_paths()
    for path in open_ones:
        _check(server, server.documents.uri(path), DELAY_S)
    await server.refresh({server.documents.uri(path) for path in {*paths, *open_ones}})
    imported = [path for path in paths if _is_coverage(server, path)]
    if imported and server.trusted:
        server.later("import", _IMPORT_S, lambda: import_coverage(server, imported))


async def _redraw(server: BenchwrightServer, uri: str) -> None:
    """Puts diagnostics where the text is now, and tells whether it is still what was run."""
    path = server.documents.path(uri)
    if path is not None and path in server.views.waivers.files:
        await server.refresh()
        return
    server.publish([uri])
    if path is not None and server.store.result_of(path) is not None:
        server.coverage_changed([uri])


def _check(server: BenchwrightServer, uri: str, delay_s: float, *, typed: bool = False) -> None:
    path = server.documents.path(uri)
    if path is None or path.suffix.lower() not in SOURCES:
        return
    wanted = server.settings_for(path).diagnostics
    if wanted == "off" or (typed and wanted == "onSave"):
        return
    server.checks.schedule(path, delay_s)


def _is_coverage(server: BenchwrightServer, path: Path) -> bool:
    folder = server.folder_of(path)
    if folder is None:
        return False
    names = server.settings_for(path).coverage_files
    return path in _matching(folder, names)


def _matching(folder: Path, names: Iterable[str]) -> set[Path]:
    return {path.resolve() for name in names for path in folder.glob(name) if path.is_file()}


async def import_coverage(server: BenchwrightServer, files: Iterable[Path]) -> None:
    """Reads coverage files that another flow has written, for the design of an open document."""
    for file in files:
        folder = server.folder_of(file)
        sources = [
            path
            for path in server.documents.open_paths()
            if path.suffix.lower() in SOURCES and server.folder_of(path) == folder
        ]
        if sources:
            spec = await server.designs.spec(sources[0])
            request = {"files": [str(file)], "source": str(file)}
            uri = server.documents.uri(sources[0])
            server.runs.submit(
                Run("import", uri, spec, request=request, name=file.name, asked=False)
            )
    await asyncio.sleep(0)
