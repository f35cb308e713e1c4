"""How long a server answers an editor's requests on a file of 5,000 lines with 20,000 bins.

A real server over stdio with the saved result of `bench_editor.py`'s design; a client that reads no
more of an answer than its end. Every request is made on many places, and once more right after an
edit, when all positions are anew. Prints medians and 95th percentiles in milliseconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.bench_editor import N_BINS, N_LINES, design_bins, design_result, design_text

from benchwright_server.results.store import Store

RUNS, EDITS = 60, 20
TYPING_S = 0.3

Params = dict[str, Any]


class Client:
    """The least that can be called a client."""

    def __init__(self, data: Path) -> None:
        """Starts a server that keeps its data in a folder."""
        environment = {**os.environ, "BENCHWRIGHT_DATA_DIR": str(data)}
        command = [sys.executable, "-m", "benchwright_server"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._ids = count(1)

    def send(self, method: str, params: object, **more: object) -> None:
        """A notification; with `id` a request."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin  # noqa: S101 - it was asked to be a pipe
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: object) -> bytes:
        """A request: its answer, undecoded; what the server asks meanwhile has an empty answer."""
        number = next(self._ids)
        self.send(method, params, id=number)
        while True:
            body = self._read()
            if body.startswith(b'{"id": %d,' % number):
                return body
            message = json.loads(body)
            if "id" in message:
                self._answer(message["id"])

    def _answer(self, number: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", "id": number, "result": None}).encode()
        assert self.process.stdin  # noqa: S101 - it was asked to be a pipe
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> bytes:
        assert self.process.stdout  # noqa: S101 - it was asked to be a pipe
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return self.process.stdout.read(length)


def requests(uri: str) -> dict[str, tuple[str, Callable[[int], Params]]]:
    """What is asked, by name: the method, and its parameters on the n-th place."""
    document = {"textDocument": {"uri": uri}}

    def place(n: int) -> dict[str, int]:
        return {"line": n * 79 % N_LINES, "character": 4}

    def lines(n: int, size: int) -> Params:
        first = n * 79 % (N_LINES - 60)
        return {
            "start": {"line": first, "character": 0},
            "end": {"line": first + size, "character": 0},
        }

    everything = {"start": {"line": 0, "character": 0}, "end": {"line": N_LINES, "character": 0}}
    context: Params = {"diagnostics": []}
    hint = {"label": "never", "data": {"uri": uri}}
    return {
        "hover": ("textDocument/hover", lambda n: {**document, "position": place(n)}),
        "inlay hints of a screen": (
            "textDocument/inlayHint",
            lambda n: {**document, "range": lines(n, 60)},
        ),
        "inlay hints of the file": (
            "textDocument/inlayHint",
            lambda _: {**document, "range": everything},
        ),
        "tooltip of a hint": ("inlayHint/resolve", lambda n: {**hint, "position": place(n)}),
        "code lenses": ("textDocument/codeLens", lambda _: document),
        "code actions": (
            "textDocument/codeAction",
            lambda n: {**document, "range": lines(n, 0), "context": context},
        ),
        "coverage of all files": ("benchwright/coverage", lambda _: {}),
        "coverage of the file": (
            "benchwright/fileCoverage",
            lambda _: {"uri": uri, "toggles": False},
        ),
    }


@contextmanager
def session(folder: Path, text: str) -> Iterator[tuple[Client, str]]:
    """A server that has the file open; waits until it has said all about it."""
    workspace, data = folder / "workspace", folder / "data"
    workspace.mkdir()
    file = workspace / "d.sv"
    file.write_text(text, encoding="utf-8")
    store = Store(data / "editor")
    store.put(design_result(text, design_bins(text), workspace))
    store.close()
    client = Client(data)
    options = {"diagnostics": "off"}
    root = workspace.as_uri()
    client.ask(
        "initialize",
        {
            "processId": os.getpid(),
            "capabilities": {},
            "rootUri": root,
            "workspaceFolders": [{"uri": root, "name": "w"}],
            "initializationOptions": options,
        },
    )
    client.send("initialized", {})
    item = {"uri": file.as_uri(), "languageId": "systemverilog", "version": 1, "text": text}
    client.send("textDocument/didOpen", {"textDocument": item})
    client.ask("textDocument/codeLens", {"textDocument": {"uri": file.as_uri()}})
    try:
        yield client, file.as_uri()
    finally:
        client.ask("shutdown", None)
        client.send("exit", None)
        client.process.communicate(timeout=10)


def measured(client: Client, uri: str, *, edit: bool) -> Iterator[tuple[str, float, float, int]]:
    """Name, median, 95th percentile in milliseconds, and the largest answer in bytes."""
    versions = count(2)
    for name, (method, params) in requests(uri).items():
        times: list[float] = []
        sizes: list[int] = []
        for n in range(EDITS if edit else RUNS):
            if edit:
                time.sleep(TYPING_S)
                change = {
                    "range": {
                        "start": {"line": n, "character": 0},
                        "end": {"line": n, "character": 0},
                    },
                    "text": "// typed\n",
                }
                document = {"uri": uri, "version": next(versions)}
                client.send(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
                )
            start = time.perf_counter()
            sizes.append(len(client.ask(method, params(n))))
            times.append((time.perf_counter() - start) * 1000)
        yield name, statistics.median(times), statistics.quantiles(times, n=20)[-1], max(sizes)


def main() -> int:
    """Prints the tables."""
    text = design_text()
    with tempfile.TemporaryDirectory() as folder, session(Path(folder), text) as (client, uri):
        for title, edit in (("again", False), ("right after an edit", True)):
            print(f"{N_LINES} lines, {N_BINS} bins, {title}".ljust(50), "median     p95   bytes")
            for name, median, p95, size in measured(client, uri, edit=edit):
                print(f"  {name:48} {median:6.1f}  {p95:6.1f} {size:7}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
