"""The process of one job, as the server holds it: a request in, events out, and a sure end.

A job is `python -m benchwright_server.child`. Its first line on stdin is the request, its stdout is
JSON lines. When it is to stop it gets SIGTERM and a second to clean up; then it and every process
that descends from it is killed. Descendants are found by parentage before the signal, and by a
variable of their environment after it: a compiler whose parent has crashed belongs to nobody
otherwise. A process that drops the variable from its environment and outlives its parent is missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "benchwright_server.child")
MARK = "BENCHWRIGHT_RUN"
"""Environment variable that every process of a job has; its value is the run's id."""

GRACE_S = 1.0
_POLL_S = 0.02
_LINE_BYTES = 1 << 29
_LARGE_BYTES = 1 << 16
_STDERR_LINES = 60


class ChildProcess:
    """A job that has been started; use `start`.

    Attributes:
        stderr: the last lines that it printed there.
    """

    def __init__(self, process: asyncio.subprocess.Process, run: str) -> None:
        self._process = process
        self._run = run
        self._stdin = cast("asyncio.StreamWriter", process.stdin)
        self._stdout = cast("asyncio.StreamReader", process.stdout)
        self.stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._reading = asyncio.create_task(self._read_stderr())
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def start(
        cls, request: Mapping[str, Any], *, run: str, command: Sequence[str] = COMMAND
    ) -> ChildProcess:
        """Starts a job.

        Args:
            request: the whole of it, plain JSON values.
            run: id of the run, which marks its processes.
            command: the program.

        Raises:
            OSError: no process can be started.
        """
        line = await asyncio.to_thread(json.dumps, request)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, MARK: run, "PYTHONUTF8": "1"},
            limit=_LINE_BYTES,
            start_new_session=True,
        )
        child = cls(process, run)
        try:
            await child._send(line)
        except asyncio.CancelledError:
            await child.stop()
            raise
        return child

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What the job says, until it says no more; what is no event is logged and left out."""
        while line := await self._stdout.readline():
            try:
                large = len(line) > _LARGE_BYTES
                event = await asyncio.to_thread(json.loads, line) if large else json.loads(line)
            except ValueError:
                event = None
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                yield event
            else:
                logger.warning("run %s: not an event: %.200r", self._run, line)

    async def finish(self) -> None:
        """Asks the job to end its search now and keep the best."""
        await self._send('{"do": "finish"}')

    async def ended(self) -> int:
        """Waits for the process to end, and gives its exit status or minus its signal."""
        await asyncio.shield(self._watching)
        return self._process.returncode or 0

    async def stop(self) -> None:
        """Ends the job and all its processes, if there are any left; never raises."""
        if self._process.returncode is None:
            family = _descendants(self._process.pid)
            try:
                with suppress(ProcessLookupError):
                    self._process.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(self._watching), GRACE_S)
            finally:  # also where this very wait is cancelled: then at once
                with suppress(ProcessLookupError):
                    self._process.kill()
                _kill([*family, *_marked(self._run)])
        await asyncio.shield(self._watching)
        self._reading.cancel()

    async def _watch(self) -> None:
        """Waits for the end of the process, and kills what it has left behind.

        `Process.wait` would wait for whoever holds the process's pipes (until Python 3.12).
        """
        while self._process.returncode is None:
            await asyncio.sleep(_POLL_S)
        await asyncio.to_thread(lambda: _kill(_marked(self._run)))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), GRACE_S)
        self._stdout.feed_eof()

    async def _send(self, line: str) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._stdin.write(line.encode() + b"\n")
            await self._stdin.drain()

    async def _read_stderr(self) -> None:
        stream = cast("asyncio.StreamReader", self._process.stderr)
        while chunk := await stream.read(_LARGE_BYTES):
            self.stderr.extend(chunk.decode(errors="replace").splitlines())


def _descendants(pid: int) -> list[Any]:
    import psutil  # noqa: PLC0415 - not before the first run: it delays the server's first answer

    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


def _kill(family: list[Any]) -> None:
    """Kills processes and what they have started since."""
    import psutil  # noqa: PLC0415 - as above

    for process in family:
        with suppress(psutil.Error):
            for later in process.children(recursive=True):
                later.kill()
        with suppress(psutil.Error):
            process.kill()


def _marked(run: str) -> list[Any]:
    """Every process that carries a run's mark."""
    import psutil  # noqa: PLC0415 - as above

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == run:
                found.append(process)
    return found
