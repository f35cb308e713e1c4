"""The server's process: its log, its streams, and how it ends.

The process ends by `os._exit` once every run is stopped: a thread that waits for the client's next
byte cannot be interrupted, and Python would wait for it (a client may hold the pipe open though it
has sent `exit`, and its children though it is dead).
"""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import NoReturn

from benchwright_sim.errors import OutputError, ParameterError

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def address(text: str) -> tuple[str, int]:
    """`PORT` or `HOST:PORT` as (host, port).

    Raises:
        ParameterError: it is neither.
    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ParameterError(
            f"--tcp {text}: not an address", hint="write a port, or HOST:PORT, such as 9257"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


def serve(*, tcp: tuple[str, int] | None = None, log: Path | None = None) -> NoReturn:
    """Serves one client until it is gone, then ends the process.

    Args:
        tcp: where to wait for the client; None serves stdin and stdout.
        log: file that the log is appended to.

    Raises:
        OutputError: the log or the port cannot be opened.
    """
    gc.disable()  # a tenth of the time until the first answer goes into collecting what is kept
    from benchwright_server.app import create_server  # noqa: PLC0415 - after collecting is off

    _log_to(log)
    server = create_server()
    gc.freeze()
    gc.enable()
    try:
        if tcp is None:
            server.start_io()
        else:
            server.start_tcp(*tcp)
    except OSError as error:
        raise OutputError(f"the port {tcp} cannot be opened: {error.strerror}") from error
    server.leave()


def _log_to(path: Path | None) -> None:
    """Warnings go to stderr, which editors show; everything to the file."""
    try:
        handler = logging.StreamHandler() if path is None else logging.FileHandler(path, "a")
    except OSError as error:
        raise OutputError(f"the log {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_is_no_refusal)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if path is None else logging.INFO)
    logging.getLogger("pygls").setLevel(logging.WARNING)  # it logs the text of every message


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """A command that cannot be done is answered to the client: no error of ours, as pygls logs."""
    from benchwright_server.arguments import CommandError  # noqa: PLC0415 - as in `serve`

    return not (record.exc_info and isinstance(record.exc_info[1], CommandError))
