"""The child process that holds a model: JSON lines in, JSON lines out.

Started by `llamacpp`; it talks over the descriptors it was started with, and whatever llama.cpp
prints goes to stderr. Its options come as one JSON object on the command line. Requests:

    {"id": 1, "op": "count", "messages": [{"role": ..., "content": ...}]}
    {"id": 2, "op": "answer", "messages": [...], "max_tokens": 9, "temperature": 0.7, "seed": 1,
     "grammar": "root ::= ...", "banned": ["a word", ...], "reuse": false}
    {"id": 2, "op": "stop"}

Replies carry the request's `id`, and `{"id": 0}` says that the model is loaded. A count gives
{"tokens": n}; an answer {"prompt": n, "reused": n}, then {"text": "..."} for each piece, then
{"finish": "stop" | "length" | "stopped", "new": n}. Any of them may be {"error": [class, message,
hint]} instead.

It ends with its caller, also in the middle of a computation: when its input is closed, or when it
has become another process's child (a forked copy of the caller may keep the input open). It bounds
itself: address space, where no graphics card is used (their drivers map terabytes), size of files,
no core dump; and where the machine runs out of memory, it is the first to go.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchwright_agent.models.local.gguf_file import GgufInfo, read_gguf
from benchwright_agent.models.local.llamacpp_engine import Engine
from benchwright_agent.models.local.memory import needed_bytes
from benchwright_agent.models.model import ModelError

_WATCH_S = 0.5
_FILE_BYTES = 16 << 20
_SLACK_BYTES = 2 << 30
_SLACK_BYTES_PER_THREAD = 256 << 20  # stacks, and arenas of the allocator, hardly used


class Inbox:
    """Requests as they come, read by a thread of its own, so that a stop is seen at once."""

    def __init__(self, descriptor: int, parent: int) -> None:
        self._descriptor = descriptor
        self._parent = parent
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped_id = -1
        self._current_id = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            request = self._requests.get()
            self._current_id = request["id"]
            yield request

    def stopped(self) -> bool:
        """Whether the request at hand is not wanted any more."""
        return self._stopped_id >= self._current_id

    def _listen(self) -> None:
        rest = b""
        while os.getppid() == self._parent:
            if not select.select([self._descriptor], [], [], _WATCH_S)[0]:
                continue
            chunk = os.read(self._descriptor, 1 << 16)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for request in map(json.loads, lines):
                if request["op"] == "stop":
                    self._stopped_id = request["id"]
                else:
                    self._requests.put(request)
        os._exit(0)


def main(options: dict[str, Any]) -> None:
    """Serves until the caller goes away."""
    replies = os.dup(1)
    os.dup2(2, 1)
    inbox = Inbox(0, options["parent"])
    info = read_gguf(Path(options["path"]))
    _bound(info, options["context_tokens"], options["threads"])

    def reply(number: int, content: dict[str, Any]) -> None:
        data = json.dumps({"id": number, **content}).encode() + b"\n"
        while data:
            data = data[os.write(replies, data) :]

    try:
        engine = Engine(
            info,
            context_tokens=options["context_tokens"],
            threads=options["threads"],
            stopped=inbox.stopped,
        )
    except ModelError as error:
        reply(0, _error(error))
        return
    reply(0, {})
    for request in inbox:
        try:
            if request["op"] == "count":
                reply(request["id"], {"tokens": engine.count(request["messages"])})
            else:
                for event in engine.answer(request):
                    reply(request["id"], event)
        except ModelError as error:
            reply(request["id"], _error(error))


def _error(error: ModelError) -> dict[str, Any]:
    return {"error": [type(error).__name__, error.message, error.hint]}


def _bound(info: GgufInfo, context_tokens: int, threads: int) -> None:
    import llama_cpp  # noqa: PLC0415 - heavy, and an extra
    import psutil  # noqa: PLC0415 - as everywhere

    with suppress(OSError):  # no Linux
        Path("/proc/self/oom_score_adj").write_text("500", "utf-8")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, _FILE_BYTES)
    if not llama_cpp.llama_supports_gpu_offload():
        used = psutil.Process().memory_info().vms
        slack = _SLACK_BYTES + threads * _SLACK_BYTES_PER_THREAD
        _limit(resource.RLIMIT_AS, used + 2 * needed_bytes(info, context_tokens) + slack)


def _limit(which: int, bound: int) -> None:
    hard = resource.getrlimit(which)[1]
    bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    with suppress(OSError, ValueError):  # macOS does not bound address space
        resource.setrlimit(which, (bound, bound))


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the caller is gone
        main(json.loads(sys.argv[1]))
    os._exit(0)  # no destructors: llama.cpp's threads may still be at work
