"""A session's beginning, its configuration, its documents and its end.

Source: LSP 3.17, "Server lifecycle", "Text Document Synchronization", "Workspace Features".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsprotocol import types as lsp

from benchwright_server.app import BenchwrightServer
from benchwright_server.documents import LspWorkspace
from benchwright_server.settings import SECTION, read_settings


def register(server: BenchwrightServer) -> None:
    """Registers the handlers."""
    server.feature(lsp.INITIALIZE)(_initialize)


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
        server.settings, _ = read_settings(_section(options))


def _section(options: Mapping[str, Any]) -> Any:
    """Settings as clients nest them: under `settings`, under our name, or not at all."""
    for name in ("settings", SECTION):
        inner = options.get(name)
        if isinstance(inner, Mapping):
            return _section(inner)
    return options
