"""A job that does as the name of its design's file says, for tests of what the server does then.

It speaks the protocol of `benchwright_server.child` and leaves a grandchild behind when killed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any


def write(line: str) -> None:
    """Writes one line to the server."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def send(event: str, **values: Any) -> None:
    """Writes one event."""
    write(json.dumps({"event": event, **values}))


def climb(finished: threading.Event, steps: int) -> None:
    """A search that goes on until it is told to finish."""
    for step in range(steps):
        send(
            "progress",
            policy="search",
            cycles=step,
            elapsed_s=step / 10,
            tallies={"line": [step, steps]},
            bins_left=steps - step,
            overall=99.99 * step / steps,
        )
        if finished.wait(0.05):
            return


def record(request: dict[str, Any]) -> dict[str, Any]:
    """A run in which the first line of the design was covered."""
    source = Path(request["spec"]["sources"][0])
    return {
        **{"format": "benchwright-run", "version": 1, "benchwright": "0", "command": "generate"},
        "design": {
            "top": request["module"] or "dut",
            "root": str(source.parent),
            "sources": [str(source)],
            "parameters": {},
            "defines": {},
        },
        "testbench": None,
        "testbenches": [request.get("output") or ""],
        "status": "ok",
        "seconds": 1.0,
        "coverage": {},
        "overall_average": 100.0,
        "closure": 100.0,
        "verdicts": {"covered": 1, "unknown": 0},
        "warnings": [],
        "bins": [
            {
                **{"id": f"line:{source.name}:1:1:block", "kind": "line", "file": source.name},
                **{"line": 1, "column": 1, "name": "block", "module": "dut", "instance": ""},
                **{"span": "1", "count": 3, "verdict": "covered", "by": "", "note": ""},
            }
        ],
    }


def main() -> None:
    """Runs the job."""
    request = json.loads(sys.stdin.readline())
    name = Path((request["spec"]["sources"] or ["none"])[0]).stem
    finished = threading.Event()

    def follow() -> None:
        for line in sys.stdin:
            if "finish" in line:
                finished.set()
        os._exit(143)

    threading.Thread(target=follow, daemon=True).start()
    if request["kind"] == "check":
        check(request, name)
        return
    send("phase", name="search")
    write("not an event")
    if name.startswith("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "300"], start_new_session=True)
    if name.startswith("crash"):
        subprocess.Popen(["sleep", "300"], start_new_session=True)
        sys.stderr.write("something broke\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("wrong"):
        place = {"file": request["spec"]["sources"][0], "line": 3, "column": 5}
        said = {"message": "no such module: x", "location": place, "hint": "name its file"}
        send("failed", exit_code=3, details=["one", "two"], **said)
        sys.exit(3)
    climb(finished, 2 if name.startswith("quick") else 1000)
    text = f"// {request['seed']}\nmodule tb;\nendmodule\n" if "seed" in request else None
    source = Path(request["spec"]["sources"][0])
    overlay = request["overlay"].get(str(source))
    send(
        "done",
        record=record(request),
        testbench_text=text,
        guards={},
        texts={source.name: source.read_text() if overlay is None else overlay},
        markdown=None,
        warnings=["a warning"],
    )


def check(request: dict[str, Any], name: str) -> None:
    """An elaboration that finds fault with the first line, of its own or of a file that it uses,
    and takes its time where it is slow.
    """
    source = Path(request["spec"]["sources"][0])
    text = text_of(source, request)
    with source.with_suffix(".checks").open("a") as log:
        log.write("begin\n")
    time.sleep(2.0 if name.startswith("slow") and "slow" in text else 0.0)
    files = [source, *(source.with_name(used) for used in re.findall(r"uses (\S+)", text))]
    items = [fault for file in files for fault in faults(file, text_of(file, request))]
    send("modules", tops=["dut"], modules=["dut", "part"])
    send("diagnostics", items=items)
    send("done", record=None, testbench_text=None, guards={}, texts={}, markdown=None, warnings=[])


def text_of(file: Path, request: dict[str, Any]) -> str:
    """A file's text as the job was told it."""
    return request["overlay"].get(str(file)) or file.read_text()


def faults(file: Path, text: str) -> list[dict[str, Any]]:
    """What is wrong with a text."""
    if "bad" not in text:
        return []
    place = {"file": str(file), "line": 1, "column": 1, "end_column": 4}
    return [{**place, "severity": "error", "message": text.partition("\n")[0], "code": "X"}]


if __name__ == "__main__":
    main()
