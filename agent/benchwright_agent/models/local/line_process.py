"""A child process that is talked to in lines of JSON, and neither side ever blocks the caller.

The child gets a process group of its own. What it prints to stderr goes to a file without a name;
bounding that file is the child's duty. `close` kills the whole group.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from benchwright_sim.process import kill_group

_CHUNK_BYTES = 1 << 16
_GRACE_S = 1.0


class LineProcess:
    """One running child.

    Args:
        argv: program and arguments.
        env: its whole environment.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as self
        self._child = subprocess.Popen(
            argv,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,
            bufsize=0,
        )
        self._requests = cast(IO[bytes], self._child.stdin)
        self._replies = cast(IO[bytes], self._child.stdout)
        os.set_blocking(self._requests.fileno(), False)
        self._unsent = b""
        self._rest = b""
        self._received: deque[dict[str, Any]] = deque()

    @property
    def pid(self) -> int:
        """Of the child, and of its group."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends as much as the pipe takes; `receive` sends the rest."""
        self._unsent += json.dumps(message).encode() + b"\n"
        self._flush()

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, None when there is none in time.

        Raises:
            EOFError: the child has ended.
        """
        if self._received:
            return self._received.popleft()
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            if self._unsent:
                selector.register(self._requests, selectors.EVENT_WRITE)
            ready = {key.fileobj for key, _ in selector.select(timeout_s)}
        if self._requests in ready:
            self._flush()
        if self._replies not in ready:
            return None
        chunk = os.read(self._replies.fileno(), _CHUNK_BYTES)
        if not chunk:
            raise EOFError
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._received.extend(map(json.loads, lines))
        return self._received.popleft() if self._received else None

    def how_it_ended(self) -> str:
        """`SIGSEGV`, or `status 1`; waits shortly for a child that has closed its pipes."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_GRACE_S)
        code = self._child.returncode
        if code is None:
            return "it closed its output"
        return signal.Signals(-code).name if code < 0 else f"status {code}"

    def stderr(self, n_bytes: int) -> str:
        """The last part of what it printed there."""
        end = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, end - n_bytes))
        return self._stderr.read().decode(errors="replace")

    def kill(self) -> None:
        """Ends it and whatever it started; from any thread."""
        if self._child.returncode is None:  # else its number may be another process's by now
            kill_group(self._child.pid)
            self._child.wait()

    def close(self) -> None:
        """Ends it and closes what is open to it."""
        self.kill()
        for stream in (self._requests, self._replies, self._stderr):
            with suppress(OSError):
                stream.close()

    def _flush(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):  # a dead child shows when reading
            while self._unsent:
                self._unsent = self._unsent[os.write(self._requests.fileno(), self._unsent) :]
