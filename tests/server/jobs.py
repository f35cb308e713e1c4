"""Jobs of the language server started as it starts them, for tests: requests in, events out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchwright_server.discovery.design_spec import DesignSpec

RTL = Path(__file__).parents[1] / "rtl"
EXAMPLES = Path(__file__).parents[2] / "examples"

Event = dict[str, Any]


def alone(file: Path, **more: Any) -> DesignSpec:
    """The design of a file that no project speaks of."""
    return DesignSpec(folder=file.parent, sources=(file,), **more)


@dataclass
class Job:
    """A job that runs; `family` is every process that was seen of it."""

    child: subprocess.Popen[str]
    events: list[Event] = field(default_factory=list)
    family: set[psutil.Process] = field(default_factory=set)

    def send(self, line: str) -> None:
        """Writes one line to it."""
        assert self.child.stdin is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def next(self) -> Event | None:
        """Its next event; None at the end."""
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            return None
        event: Event = json.loads(line)
        self.events.append(event)
        return event

    def until(self, name: str, /, **values: Any) -> Event:
        """Reads up to an event of that name and these values."""
        while (event := self.next()) is not None:
            if event["event"] == name and values.items() <= event.items():
                return event
        raise AssertionError(f"no {name} {values} in {[e['event'] for e in self.events]}")

    def look(self) -> set[psutil.Process]:
        """Its present descendants, which join the family."""
        process = psutil.Process(self.child.pid)
        present = set(process.children(recursive=True))
        self.family |= {process} | present
        return present

    def end(self) -> list[Event]:
        """Reads to the end; all its events."""
        while self.next() is not None:
            pass
        self.child.wait(10)
        return self.events


def start(
    folder: Path,
    kind: str,
    spec: DesignSpec,
    *,
    overlay: Mapping[Path, str] | None = None,
    environment: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Job:
    """Starts a job whose private folder is made below `folder`."""
    private = folder / f"job{len(list(folder.glob('job*')))}"
    private.mkdir(parents=True)
    request = {
        "kind": kind,
        "spec": spec.to_json(),
        "overlay": {str(file): text for file, text in (overlay or {}).items()},
        "folder": str(private),
        **arguments,
    }
    job = start_raw(environment)
    job.send(json.dumps(request))
    return job


def start_raw(environment: Mapping[str, str] | None = None) -> Job:
    """Starts a job that has not been told anything."""
    return Job(
        subprocess.Popen(
            [sys.executable, "-m", "benchwright_server.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
    )


def run(folder: Path, kind: str, spec: DesignSpec, **arguments: Any) -> list[Event]:
    """The events of a whole job."""
    job = start(folder, kind, spec, **arguments)
    try:
        return job.end()
    finally:
        job.child.kill()
        job.child.wait()


def generate(folder: Path, spec: DesignSpec, **arguments: Any) -> list[Event]:
    """The events of a short run of the search."""
    given = {"output": str(folder / "tb.sv"), "budget_s": 10, "use_model": False, **arguments}
    return run(folder, "generate", spec, **given)


def kinds(events: list[Event]) -> list[str]:
    """Names of the events, repetitions left out."""
    return list(dict.fromkeys(event["event"] for event in events))
