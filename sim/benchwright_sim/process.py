"""Child processes that cannot take the machine down with them.

Every compiler, simulator and worker is started here. A child gets a session (hence a process
group) of its own and limits on address space, file size, processor time and core dumps that hold
from its first instruction: `prlimit(1)` of util-linux sets them and then becomes the child. What it
prints is read as it comes and kept up to a bound; the rest is read and dropped, so that neither the
child nor this process stalls or grows. When it ends, is too slow, or an exception passes through
(Ctrl-C among them), the whole group is killed.

What this does not cover: a descendant that starts a session of its own leaves the group; the
address-space limit counts per process, not for the group; files may be written and the network
used wherever the user may; a SIGKILL of this very process leaves children running (their processor
time stays limited). Where `prlimit` is missing only time and output are bounded.
"""

from __future__ import annotations

import errno
import math
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CHUNK_BYTES = 1 << 16
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Completed:
    """What became of a child process.

    Attributes:
        returncode: exit status, or minus the signal that ended it.
        output: stdout and stderr in the order written; when too long its first and last part with
            a line between them that says how much is left out.
        timed_out: it ran into `timeout_s` and was stopped.
        wall_s: from start to end.
        cpu_s: user and system time of the child and of those of its descendants it waited for.
    """

    returncode: int
    output: str
    timed_out: bool
    wall_s: float
    cpu_s: float

    @property
    def ok(self) -> bool:
        """It ended by itself, with status 0."""
        return self.returncode == 0 and not self.timed_out

    @property
    def killed_by(self) -> str:
        """Name of the signal that ended it (`SIGSEGV`), or empty."""
        if self.returncode >= 0:
            return ""
        try:
            return signal.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"


class _Tape:
    """Keeps the first and the last part of a stream, `limit` bytes together."""

    def __init__(self, limit: int) -> None:
        self._head_bytes = limit - limit // 2
        self._tail_bytes = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._n_bytes = 0

    def write(self, chunk: bytes) -> None:
        self._n_bytes += len(chunk)
        room = self._head_bytes - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > self._tail_bytes + _CHUNK_BYTES:
            del self._tail[: -self._tail_bytes or None]

    def text(self) -> str:
        if self._n_bytes <= self._head_bytes + self._tail_bytes:
            return (self._head + self._tail).decode(errors="replace")
        tail = self._tail[-self._tail_bytes :] if self._tail_bytes else bytearray()
        n_dropped = self._n_bytes - len(self._head) - len(tail)
        parts = (self._head.decode(errors="replace"), tail.decode(errors="replace"))
        return f"\n... {n_dropped} bytes left out ...\n".join(parts)


@cache
def _prlimit() -> str | None:
    """Looked for in the system's folders too: PATH may be a bare one at the first call."""
    return shutil.which("prlimit") or shutil.which("prlimit", path="/usr/bin:/bin")


def bounded_argv(
    argv: Sequence[str],
    *,
    memory_bytes: int | None = None,
    file_bytes: int | None = None,
    cpu_s: float | None = None,
) -> list[str]:
    """The command that runs `argv` under limits; for children that outlive one call.

    Args:
        argv: the program and its arguments.
        memory_bytes: of address space, for each process.
        file_bytes: that any one file may grow to.
        cpu_s: of processor time, for each process.
    """
    launcher = _prlimit()
    if launcher is None:
        return list(argv)
    limits = ["--core=0"]
    if memory_bytes is not None:
        limits.append(f"--as={memory_bytes}")
    if file_bytes is not None:
        limits.append(f"--fsize={file_bytes}")
    if cpu_s is not None:
        limits.append(f"--cpu={math.ceil(cpu_s)}")
    return [launcher, *limits, "--", *argv]


def kill_group(pid: int, signal_number: int = signal.SIGKILL) -> None:
    """Signals every process of the group that `pid` leads; no error when none is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal_number)


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    memory_bytes: int | None = None,
    file_bytes: int | None = None,
    output_bytes: int = 1 << 20,
    grace_s: float = 0.0,
) -> Completed:
    """Runs a program to its end, or to a limit; see the module for what is bounded.

    Args:
        argv: the program (a path, or a name looked up in PATH) and its arguments.
        cwd: folder to run in.
        timeout_s: of wall time.
        env: the whole environment; None for this process's own.
        memory_bytes: of address space, for each process.
        file_bytes: that any one file may grow to.
        output_bytes: of stdout and stderr together that are kept.
        grace_s: between SIGTERM and SIGKILL once the time is up; 0 kills at once.

    Raises:
        FileNotFoundError: there is no such program, or no such folder.
        OSError: the process cannot be started.
    """
    program = shutil.which(argv[0], path=None if env is None else env.get("PATH"))
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "no such program", argv[0])
    command = bounded_argv(
        [program, *argv[1:]],
        memory_bytes=memory_bytes,
        file_bytes=file_bytes,
        cpu_s=timeout_s + grace_s + 1,
    )
    tape = _Tape(output_bytes)
    start_s = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        bufsize=0,
    )
    timed_out = True
    try:
        timed_out = not _follow(child, tape, start_s + timeout_s)
        if timed_out and grace_s > 0:
            kill_group(child.pid, signal.SIGTERM)
            _follow(child, tape, time.monotonic() + grace_s)
    finally:
        kill_group(child.pid)
        cpu_s = _reap(child)
        _drain(child, tape)
    return Completed(
        returncode=child.returncode,
        output=tape.text(),
        timed_out=timed_out,
        wall_s=time.monotonic() - start_s,
        cpu_s=cpu_s,
    )


def _follow(child: subprocess.Popen[bytes], tape: _Tape, deadline_s: float) -> bool:
    """Reads until the child has ended (true) or the deadline has passed (false)."""
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while (left_s := deadline_s - time.monotonic()) > 0:
            if selector.select(min(left_s, _POLL_S)):
                chunk = os.read(child.stdout.fileno(), _CHUNK_BYTES)
                if not chunk:
                    break
                tape.write(chunk)
            elif _has_ended(child.pid):
                return True
    pause_s = 0.0005
    while not _has_ended(child.pid):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            return False
        time.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _POLL_S)
    return True


def _has_ended(pid: int) -> bool:
    """Whether the child is a zombie; it stays one, so that its group's number is not reused."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _reap(child: subprocess.Popen[bytes]) -> float:
    """Collects the ended child; processor seconds."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _drain(child: subprocess.Popen[bytes], tape: _Tape) -> None:
    """Takes what the pipe still holds; an escaped descendant may keep it open, so no waiting."""
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    with child.stdout as pipe:
        os.set_blocking(pipe.fileno(), False)
        for _ in range(64):
            try:
                chunk = os.read(pipe.fileno(), _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                return
            tape.write(chunk)
