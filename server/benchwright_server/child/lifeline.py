"""What ties a job to the server: its standard input, and signals.

`{"do": "finish"}` ends a search, which keeps its best. The end of the input, which means that the
server is gone, and SIGTERM end everything at once: every descendant is killed, whatever session it
has made itself, then this process ends. Temporary files lie in the job's private folder, which is
emptied, and removed where no server is left to do it.

Limits: where a library holds the interpreter's lock (slang, while it elaborates) this happens when
it gives it back. It has no child processes then, so that SIGKILL serves as well.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.request import Request

_PR_SET_CHILD_SUBREAPER = 36
_EXIT_ABANDONED = 143
_QUIET_ROUNDS = 2
_PAUSE_S = 0.005


class Lifeline:
    """Follows the lines that come after the request.

    Attributes:
        finishing: the search is to end; it has been told so once it has begun.
    """

    def __init__(self, stream: EventStream) -> None:
        self.finishing = False
        self._stream = stream
        self._detached = False
        self._abandoned = False
        self._temporary: Path | None = None

    def hold(self, request: Request, lines: Iterable[str]) -> None:
        """From now on the job ends with its server.

        Args:
            request: of the job; temporary files go below its folder.
            lines: of the standard input.
        """
        self._detached = request.flag("detached", default=False)
        self._temporary = request.folder / ".tmp"
        self._temporary.mkdir(exist_ok=True)
        tempfile.tempdir = str(self._temporary)
        os.environ["TMPDIR"] = str(self._temporary)
        _adopt_orphans()
        signal.signal(signal.SIGINT, self._on_sigint)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.end())
        threading.Thread(target=self._follow, args=(lines,), daemon=True).start()

    def finish_now(self) -> None:
        """Tells a search that has begun to end, if that was asked for before it began."""
        if self.finishing:
            self.finishing = False
            signal.raise_signal(signal.SIGINT)

    def end(self) -> NoReturn:
        """Kills every descendant and ends this process; in the main thread, which starts them."""
        code = self._stream.exit_code
        quiet = 0
        me = psutil.Process()
        while quiet < _QUIET_ROUNDS:
            living = [process for process in me.children(recursive=True) if _kill(process)]
            quiet = 0 if living else quiet + 1
            time.sleep(_PAUSE_S)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            if self._abandoned:  # nobody else will; what is not empty is kept
                with suppress(OSError):
                    self._temporary.parent.rmdir()
        os._exit(_EXIT_ABANDONED if code is None else code)

    def _follow(self, lines: Iterable[str]) -> None:
        asked = False
        with suppress(OSError, ValueError):
            for line in lines:
                if _is_finish(line) and not asked:  # a second SIGINT would end more than the search
                    asked = True
                    _tell_main_thread(signal.SIGINT)
        if not self._detached:
            self._abandoned = True
            _tell_main_thread(signal.SIGTERM)

    def _on_sigint(self, _signal: int, _frame: FrameType | None) -> None:
        """Outside of a search, which has a handler of its own."""
        self.finishing = True


def _tell_main_thread(number: signal.Signals) -> None:
    main = threading.main_thread().ident
    assert main is not None  # noqa: S101 - it has started
    signal.pthread_kill(main, number)


def _is_finish(line: str) -> bool:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("do") == "finish"


def _kill(process: psutil.Process) -> bool:
    """Kills a process; false when it was dead already."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _adopt_orphans() -> None:
    """Children of a child that dies become ours (Linux), so that they can be found."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
