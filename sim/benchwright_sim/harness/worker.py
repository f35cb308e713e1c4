"""The child process that holds the compiled design: JSON lines in, JSON lines out.

It is started by `client.py` as a script of its own (standard library only, so that it starts in a
few milliseconds), runs in a private folder under resource limits, and talks over the file
descriptors it was started with; what the design prints goes nowhere. One request, one reply.

A design can hang within one evaluation (a loop without end), where nothing in this process could
stop it. A second thread watches the cycles go by, and ends the process when they do not.

A state is a numbered snapshot. Where snapshots are not safe (a design that holds queues, strings,
classes), a state is the list of programs that leads to it from a fresh model.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

EXIT_HUNG = 86
_HUNG_S = 5.0
_WATCH_S = 0.25
STATUS = ("ok", "limit", "finished", "stopped", "fatal", "crashed", "reached")


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    pointer, integer, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_long
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "h_new": (pointer, []),
        "h_dead": (integer, [pointer]),
        "h_finished": (integer, [pointer]),
        "h_free": (None, [pointer]),
        "h_save": (pointer, [pointer]),
        "h_load": (None, [pointer, pointer]),
        "h_drop": (None, [pointer]),
        "h_read": (None, [pointer, ctypes.c_uint32, pointer]),
        "h_zero": (None, [pointer]),
        "h_write": (None, [pointer, ctypes.c_char_p]),
        "h_counters": (pointer, [pointer]),
        "h_covered": (pointer, [pointer]),
        "h_points": (integer, []),
        "h_heartbeat": (pointer, []),
        "h_snapshots_safe": (integer, []),
        "h_state_bytes": (long, [pointer]),
        "h_new_points": (long, [pointer, pointer]),
        "h_await": (None, [pointer, pointer, long, pointer]),
        "h_run": (integer, [pointer, pointer, long, ctypes.c_uint64, pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _watch(address: int) -> None:
    """Ends the process when it computes for long without a cycle going by.

    Processor time is what counts, so that a busy machine or a stopped process does no harm.
    """
    heartbeat = ctypes.c_uint64.from_address(address)
    last, since = -1, 0.0
    while True:
        now = time.process_time()
        if heartbeat.value != last:
            last, since = heartbeat.value, now
        elif now - since > _HUNG_S:
            os._exit(EXIT_HUNG)
        time.sleep(_WATCH_S)


class Worker:
    """One model and its numbered states; state 0 is the settled start."""

    def __init__(self, path: str) -> None:
        self._lib = _load(path)
        threading.Thread(target=_watch, args=(self._lib.h_heartbeat(),), daemon=True).start()
        self._points = self._lib.h_points()
        self._model = self._lib.h_new()
        self._safe = bool(self._lib.h_snapshots_safe())
        self._found = (ctypes.c_uint32 * self._points)()
        self._start_counts = self._counters()[:]
        self._states: dict[int, Any] = {0: self._lib.h_save(self._model) if self._safe else ()}
        self._path: tuple[Any, ...] = ()
        self._next = 1

    def hello(self) -> dict[str, Any]:
        """What the caller must know of the model."""
        return {
            "points": self._points,
            "snapshots": self._safe,
            "state_bytes": self._lib.h_state_bytes(self._model),
            "dead": bool(self._lib.h_dead(self._model)),
            "finished": bool(self._lib.h_finished(self._model)),
        }

    def write(self, path: str) -> dict[str, Any]:
        """Writes the model's coverage file."""
        self._lib.h_write(self._model, path.encode())
        return {}

    def run(
        self, state: int, programs: list[list[int]], limit: int, keep: bool = False
    ) -> dict[str, Any]:
        """Runs each program from a state: status, cycles, new points; keeps the last's end state.

        The settling of the start counts in every run from state 0.
        """
        results = []
        for words in programs:
            self._restore(state)
            code = (ctypes.c_uint32 * len(words))(*words)
            cycles = ctypes.c_uint64()
            status = self._lib.h_run(self._model, code, len(words), limit, ctypes.byref(cycles))
            n = self._lib.h_new_points(self._model, self._found)
            results.append([STATUS[status], cycles.value, list(self._found[:n])])
            if not self._safe:
                self._path = (*self._path, (code, cycles.value))
        reply: dict[str, Any] = {"results": results}
        if keep:
            reply["state"] = self._keep()
        return reply

    def reach(
        self, state: int, program: list[int], limit: int, points: list[int]
    ) -> dict[str, Any]:
        """Runs a program until these points have counted: in which cycle each, if all did."""
        self._restore(state)
        awaited = (ctypes.c_uint32 * len(points))(*points)
        found = (ctypes.c_uint64 * len(points))()
        self._lib.h_await(self._model, awaited, len(points), found)
        code = (ctypes.c_uint32 * len(program))(*program)
        cycles = ctypes.c_uint64()
        status = self._lib.h_run(self._model, code, len(code), limit, ctypes.byref(cycles))
        return {"cycles": list(found) if STATUS[status] == "reached" else None}

    def read(self, state: int, n_words: list[int]) -> dict[str, Any]:
        """The words of every signal in a state; each signal's number of them is given."""
        self._restore(state)
        values = []
        for number, n in enumerate(n_words):
            words = (ctypes.c_uint32 * n)()
            self._lib.h_read(self._model, number, words)
            values.append(list(words))
        return {"values": values}

    def cover(self, points: list[int]) -> dict[str, Any]:
        """Marks points as covered: later runs do not report them."""
        covered = (ctypes.c_uint8 * self._points).from_address(self._lib.h_covered(self._model))
        for point in points:
            covered[point] = 1
        return {}

    def forget(self, points: bool, states: list[int]) -> dict[str, Any]:
        """Drops states, and with `points` all marks of `cover`."""
        for state in states:
            kept = self._states.pop(state)
            if self._safe:
                self._lib.h_drop(kept)
        if points:
            ctypes.memset(self._lib.h_covered(self._model), 0, self._points)
        return {}

    def _counters(self) -> Any:
        address = self._lib.h_counters(self._model)
        return (ctypes.c_uint32 * self._points).from_address(address)

    def _keep(self) -> int:
        number = self._next
        self._next += 1
        self._states[number] = self._lib.h_save(self._model) if self._safe else self._path
        return number

    def _restore(self, state: int) -> None:
        kept = self._states[state]
        if self._safe:
            self._lib.h_load(self._model, kept)
        else:
            covered = ctypes.string_at(self._lib.h_covered(self._model), self._points)
            self._lib.h_free(self._model)
            self._model = self._lib.h_new()
            ctypes.memmove(self._lib.h_covered(self._model), covered, self._points)
            cycles = ctypes.c_uint64()
            for code, limit in kept:
                self._lib.h_run(self._model, code, len(code), limit, ctypes.byref(cycles))
            self._path = kept
        self._lib.h_zero(self._model)
        if state == 0:
            self._counters()[:] = self._start_counts


def _serve(worker: Worker, requests: BinaryIO, replies: BinaryIO) -> None:
    operations: dict[str, Callable[..., dict[str, Any]]] = {
        "write": worker.write,
        "run": worker.run,
        "reach": worker.reach,
        "read": worker.read,
        "cover": worker.cover,
        "forget": worker.forget,
    }
    replies.write(json.dumps(worker.hello()).encode() + b"\n")
    replies.flush()
    for line in requests:
        request = json.loads(line)
        reply = operations[request.pop("op")](**request)
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def main() -> None:
    """Serves the model in the shared library named by the only argument."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _serve(Worker(sys.argv[1]), requests, replies)


if __name__ == "__main__":
    main()
