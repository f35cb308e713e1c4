"""The caller's side of a compiled design: programs in, newly covered points out.

The worker is bounded in memory, file size and time; it has no more rights to lose than the
caller's own (a design can read what the user can read). A worker that dies or hangs raises
`WorkerLost`; the caller's process is never at risk.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from benchwright_sim.closable import Closable
from benchwright_sim.errors import DesignRunError
from benchwright_sim.harness.worker import EXIT_HUNG
from benchwright_sim.interface import Signal
from benchwright_sim.process import bounded_argv, kill_group

Status = Literal["ok", "limit", "finished", "stopped", "fatal", "crashed"]

START = 0
"""The state of a settled design before the first cycle."""

_FILE_BYTES = 64 << 20
_GRACE_S = 1.0
_WORKER = Path(__file__).with_name("worker.py")


class WorkerLost(DesignRunError):
    """The worker process died (crash, memory bound) or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one program did.

    Attributes:
        status: `ok`; `limit` when it was cut at the limit of cycles; `finished`, `stopped`,
            `fatal` when the design ended the simulation; `crashed` on a program that is malformed.
        cycles: run.
        new: indexes of points that it reached and that were not marked as covered.
    """

    status: Status
    cycles: int
    new: tuple[int, ...]


class Worker(Closable):
    """One compiled design in a child process; a context manager that leaves nothing behind.

    Args:
        library: the shared object that `build` made.
        folder: private working folder; `$readmemh` finds its files there.
        memory_bytes: address space of the child.
        reply_s: seconds that one request may take.

    Raises:
        WorkerLost: the design does not even load or settle.
    """

    def __init__(
        self, library: Path, folder: Path, *, memory_bytes: int = 4 << 30, reply_s: float = 300
    ) -> None:
        self._reply_s = reply_s
        self._buffer = b""
        command = [sys.executable, "-I", "-S", str(_WORKER), str(library)]
        self._child = subprocess.Popen(
            bounded_argv(command, memory_bytes=memory_bytes, file_bytes=_FILE_BYTES),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._requests = cast(IO[bytes], self._child.stdin)
        self._replies = cast(IO[bytes], self._child.stdout)
        try:
            hello = self._read()
        except BaseException:
            self.close()
            raise
        self.n_points: int = hello["points"]
        self.snapshots: bool = hello["snapshots"]
        self.state_bytes: int = hello["state_bytes"]
        if hello["finished"]:
            self.close()
            raise WorkerLost(
                "the design ends the simulation before the first cycle",
                hint="leave out the $finish or $stop of its initial blocks with a macro (-D)",
            )
        if hello["dead"]:
            self.close()
            raise WorkerLost(
                "the design does not settle before the first cycle",
                hint="it fails or oscillates at time 0 with its inputs idle: look for a "
                "combinational loop, and for $error or $fatal in an initial block",
            )

    def close(self) -> None:
        """Ends the child and whatever it started."""
        if self._child.returncode is None:  # else its number may be another process's by now
            kill_group(self._child.pid)
            self._child.wait()
        for stream in (self._requests, self._replies):
            with contextlib.suppress(OSError):
                stream.close()

    def run(self, state: int, programs: Sequence[array[int]], *, limit: int) -> tuple[Run, ...]:
        """Runs each program from `state`, each for at most `limit` cycles."""
        return self._run(state, programs, limit, keep=False)[0]

    def advance(self, state: int, program: array[int], *, limit: int) -> tuple[Run, int]:
        """Runs one program from `state` and keeps where it ends as a new state."""
        runs, kept = self._run(state, [program], limit, keep=True)
        return runs[0], kept

    def reach(
        self, state: int, program: array[int], points: Sequence[int], *, limit: int
    ) -> tuple[int, ...] | None:
        """For each point the cycle of a program, from 1, that first counts it.

        None when not all of them count within `limit` cycles.
        """
        request = {"op": "reach", "state": state, "program": program.tolist(), "limit": limit}
        reply = self._ask({**request, "points": list(points)})
        return None if reply["cycles"] is None else tuple(reply["cycles"])

    def read(self, state: int, signals: Sequence[Signal]) -> dict[str, int]:
        """The value of every signal in `state`; `signals` are all of the interface, in order."""
        n_words = [(signal.width + 31) // 32 for signal in signals]
        reply = self._ask({"op": "read", "state": state, "n_words": n_words})
        return {
            signal.name: sum(word << 32 * i for i, word in enumerate(words))
            for signal, words in zip(signals, reply["values"], strict=True)
        }

    def cover(self, points: Iterable[int]) -> None:
        """Marks points as covered: later runs do not report them as new."""
        self._ask({"op": "cover", "points": list(points)})

    def forget(self, states: Iterable[int] = (), *, points: bool = False) -> None:
        """Drops states; with `points`, all marks of `cover`."""
        self._ask({"op": "forget", "points": points, "states": list(states)})

    def write(self, path: Path) -> None:
        """Writes the model's coverage file, each point with the `index` of its counter."""
        self._ask({"op": "write", "path": str(path)})

    def _run(
        self, state: int, programs: Sequence[array[int]], limit: int, *, keep: bool
    ) -> tuple[tuple[Run, ...], int]:
        words = [program.tolist() for program in programs]
        reply = self._ask(
            {"op": "run", "state": state, "programs": words, "limit": limit, "keep": keep}
        )
        runs = tuple(Run(status, cycles, tuple(new)) for status, cycles, new in reply["results"])
        return runs, reply.get("state", state)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except (OSError, ValueError):  # a broken pipe, or one that was closed with its child
            raise self._lost("ended") from None
        return self._read()

    def _read(self) -> dict[str, Any]:
        descriptor = self._replies.fileno()
        deadline = time.monotonic() + self._reply_s
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._buffer[-65536:]:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise self._lost(f"did not answer within {self._reply_s:.0f} s")
                chunk = os.read(descriptor, 65536)
                if not chunk:
                    raise self._lost("ended")
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _lost(self, how: str) -> WorkerLost:
        code = _exit_code(self._child) if how == "ended" else None
        self.close()
        if code == EXIT_HUNG:
            return WorkerLost(
                "the design hangs within one time step",
                hint="look for a loop whose end depends on values that may never come",
            )
        reason = f" (signal {-code})" if code is not None and code < 0 else ""
        return WorkerLost(
            f"the compiled design {how}{reason}",
            hint="it crashed, needs more memory than allowed, or loops without advancing time",
        )


def _exit_code(child: subprocess.Popen[bytes]) -> int | None:
    """What a child that has closed its pipes ended with; left unreaped, its group can be killed."""
    deadline = time.monotonic() + _GRACE_S
    while child.returncode is None and time.monotonic() < deadline:
        ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return -ended.si_status if ended.si_code != os.CLD_EXITED else ended.si_status
        time.sleep(0.01)
    return child.returncode
