"""A session's beginning and end, its folders and its settings.

Source: LSP 3.17, "Server lifecycle", "Workspace Features". A session ends with `shutdown`, with
`exit`, when the input ends, or when the process of the client is gone; in each case every run is
stopped before the server's process ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from benchwright_server.app import BenchwrightServer
from benchwright_server.changes import register as register_changes
from benchwright_server.documents import LspWorkspace
from benchwright_server.settings import SECTION

logger = logging.getLogger(__name__)

_CLIENT_S = 2.0


def register(server: BenchwrightServer) -> None:
    """Registers the handlers."""
    server.feature(lsp.INITIALIZE)(_initialize)
    server.feature(lsp.INITIALIZED)(_initialized)
    server.feature(lsp.SHUTDOWN)(_shutdown)
    server.feature(lsp.EXIT)(_exit)
    server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(_configured)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_folders_changed)
    register_changes(server)


def _initialize(server: BenchwrightServer, params: lsp.InitializeParams) -> None:
    old = server.workspace
    server.protocol._workspace = LspWorkspace(
        old.root_uri,
        workspace_folders=list(old.folders.values()),
        position_encoding=old.position_encoding,
    )
    options = params.initialization_options
    if isinstance(options, Mapping):
        server.trusted = options.get("trusted") is not False
        server.configuration.take({key: options[key] for key in options if key != "trusted"})


async def _initialized(server: BenchwrightServer, _: lsp.InitializedParams) -> None:
    if server.process_id is not None:
        server.background(_watch_client(server, server.process_id))
    for folder in server.folders():
        server.store.load(folder)
    await _register_dynamically(server)
    await server.configuration.pull()
    server.configuration.tell()
    await server.refresh()


async def _register_dynamically(server: BenchwrightServer) -> None:
    """Asks to be told of settings and files, which a client tells only who asks."""
    from benchwright_server.changes import watchers  # noqa: PLC0415 - loads the discovery

    workspace = server.client_capabilities.workspace
    wanted: list[tuple[str, object]] = []
    if _dynamic(workspace and workspace.did_change_configuration):
        options = lsp.DidChangeConfigurationRegistrationOptions(section=SECTION)
        wanted.append((lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, options))
    if _dynamic(workspace and workspace.did_change_watched_files):
        files = lsp.DidChangeWatchedFilesRegistrationOptions(watchers=watchers(server))
        wanted.append((lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, files))
    if not wanted:
        return
    registrations = [
        lsp.Registration(id=f"benchwright-{method}", method=method, register_options=options)
        for method, options in wanted
    ]
    try:
        await server.client_register_capability_async(lsp.RegistrationParams(registrations))
    except JsonRpcException as error:
        logger.warning("the client does not tell of changes: %s", error)


def _dynamic(capability: object) -> bool:
    return bool(getattr(capability, "dynamic_registration", False))


async def _configured(server: BenchwrightServer, params: lsp.DidChangeConfigurationParams) -> None:
    if params.settings:
        server.configuration.take(params.settings)
    await server.configuration.pull()
    server.configuration.tell()
    server.runs.pump()
    for path in server.documents.open_paths():
        server.checks.schedule(path, 0)
    await server.refresh()


async def _folders_changed(
    server: BenchwrightServer, params: lsp.DidChangeWorkspaceFoldersParams
) -> None:
    for folder in params.event.added:
        if (path := server.documents.path(folder.uri)) is not None:
            server.store.load(path)
    await server.configuration.pull()
    server.configuration.tell()
    for path in server.documents.open_paths():
        server.checks.schedule(path, 0)
    await server.refresh()


async def _shutdown(server: BenchwrightServer, _: None) -> None:
    server.ended = True
    await server.stop_runs()
    await asyncio.to_thread(server.store.close)


def _exit(server: BenchwrightServer, _: None) -> None:
    """Says no more: the stream is closed next. What runs is stopped as the event loop ends."""
    server.ended = True


async def _watch_client(server: BenchwrightServer, pid: int) -> None:
    """Ends the session when the client's process is gone, though its pipe may stay open."""
    import psutil  # noqa: PLC0415 - takes long to load, and nothing waits for it here

    with suppress(psutil.Error):
        client = psutil.Process(pid)
        while client.is_running() and client.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(_CLIENT_S)
    logger.warning("the client's process %d is gone", pid)
    server.ended = True
    await server.stop_runs()
    server.leave()
