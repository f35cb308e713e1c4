"""`benchwright lsp`: the language server, for an editor to start."""

from __future__ import annotations


def lsp() -> None:
    """Serve an editor over the Language Server Protocol on stdin and stdout."""
    from benchwright_server.app import create_server  # noqa: PLC0415 - keeps `--help` quick

    create_server().start_io()
