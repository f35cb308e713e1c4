"""`python -m benchwright_server.child`: one job of the language server, in a process of its own.

The first line of standard input is the request (see `request`), standard output is a stream of
events, one JSON object a line (see `event_stream`), of which the last is `done` or `failed`. The
job ends with its input (see `lifeline`); a request with `"detached": true`, from a terminal, does
not.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

from benchwright_server.child.event_stream import EventStream, take_over_stdout
from benchwright_server.child.lifeline import Lifeline
from benchwright_server.child.request import Request, read_request
from benchwright_sim.errors import OutputError, SimError, TopError

EXIT_UNEXPECTED = 70
EXIT_INTERRUPTED = 130

_LOG = logging.getLogger(__name__)


def main() -> NoReturn:
    """Runs the job that standard input names, and exits."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    stream = take_over_stdout()
    lifeline = Lifeline(stream)
    with suppress(BrokenPipeError):  # nobody reads any more
        _run(stream, lifeline)
    lifeline.end()


def _run(stream: EventStream, lifeline: Lifeline) -> None:
    """The job, its last event sent."""
    lines = _lines()
    try:
        request = read_request(next(lines, ""))
        lifeline.hold(request, lines)
        _dispatch(request, stream, lifeline)
    except SimError as error:
        stream.failed(error)
    except KeyboardInterrupt:
        stream.failed(_StoppedError("interrupted before there was anything to keep"))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the process boundary: a user never sees a traceback
        stream.failed(_unexpected(error))


def _dispatch(request: Request, stream: EventStream, lifeline: Lifeline) -> None:
    """Each kind of job loads what it needs."""
    from benchwright_server.child.diagnostics import findings_to_json  # noqa: PLC0415 - loads slang
    from benchwright_sim.frontend.diagnostics import RejectedError  # noqa: PLC0415 - loads slang

    try:
        match request.kind:
            case "generate":
                from benchwright_server.child.generate import generate  # noqa: PLC0415 - as above

                generate(request, stream, lifeline)
            case "simulate":
                from benchwright_server.child.simulate import simulate  # noqa: PLC0415 - as above

                simulate(request, stream)
            case "explain":
                from benchwright_server.child.explain import explain  # noqa: PLC0415 - as above

                explain(request, stream)
            case "check":
                from benchwright_server.child.check import check  # noqa: PLC0415 - as above

                check(request, stream)
            case "import":
                from benchwright_server.child.importing import import_coverage  # noqa: PLC0415 - as above

                import_coverage(request, stream)
    except TopError as error:
        if error.candidates:
            error.hint = "choose the top module of this design"
        raise
    except RejectedError as error:
        items = findings_to_json(error.findings, request.overlay)
        stream.send("diagnostics", items=items)
        raise


def _lines() -> Iterator[str]:
    with open(0, encoding="utf-8", errors="replace", closefd=False) as source:
        yield from source


class _StoppedError(SimError):
    """The user stopped the job."""

    exit_code = EXIT_INTERRUPTED


class _UnexpectedError(SimError):
    """A bug of ours."""

    exit_code = EXIT_UNEXPECTED


def _unexpected(error: Exception) -> SimError:
    """What is told of an error that nobody expected; the log has the rest."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        return OutputError(str(error), hint="free some space")
    _LOG.error("the job failed", exc_info=error)
    summary = str(error).partition("\n")[0]
    return _UnexpectedError(
        f"unexpected {type(error).__name__}: {summary}",
        hint="a bug of ours: please report it with the log",
    )


if __name__ == "__main__":
    main()
