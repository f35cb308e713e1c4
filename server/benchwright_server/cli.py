"""`benchwright lsp`: the language server, for an editor to start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def lsp(
    *,
    tcp: Annotated[
        str,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Wait for one client on this port instead, for debugging; HOST is 127.0.0.1 "
            "unless it is given.",
        ),
    ] = "",
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append what the server logs to this file."),
    ] = None,
) -> None:
    """Serve an editor over the Language Server Protocol on stdin and stdout.

    \b
    Examples:
      benchwright lsp
      benchwright lsp --tcp 9257 --log lsp.log
    """
    from benchwright_server.serving import address, serve  # noqa: PLC0415 - keeps `--help` quick

    serve(tcp=address(tcp) if tcp else None, log=log)
