"""One run: what was asked for, how far it is, and what the client is told of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchwright_server.discovery.design_spec import DesignSpec

RunKind = Literal["generate", "cover", "rest", "simulate", "explain", "import"]
RunState = Literal["queued", "running", "done", "cancelled", "failed"]

WRITING: frozenset[RunKind] = frozenset({"generate", "cover", "rest"})
"""Kinds that write a testbench."""

MEASURING: frozenset[RunKind] = WRITING | {"simulate"}
"""Kinds that simulate for long: these wait for each other, the others only for their like."""

TITLES: Mapping[RunKind, str] = {
    "generate": "Testbench for {top}",
    "cover": "Covering {top}",
    "rest": "Closing the rest of {top}",
    "simulate": "Coverage of {name}",
    "explain": "Explaining {name}",
    "import": "Reading {name}",
}


@dataclass(slots=True)
class Run:
    """One run, from being asked for to its end.

    Attributes:
        kind: what it does.
        uri: of the document that it was asked for.
        spec: the design.
        module: that was asked for, None for the design's top.
        request: what its process is told beside design, texts and folder.
        name: of the document, for titles.
        output: where the testbench is to be, then where it is; URI, empty when none is written.
        state: ended once it is neither queued nor running.
        holds_slot: its process is alive; a run that only waits for an answer lets others begin.
        phase: of the work, such as `build` or `search`.
        tallies: metric -> [covered, total] so far.
        message: why it failed, or what it found, in one sentence.
        warnings: of the run, for the log.
        markdown: an explanation.
        asked: by the user, who is told of a failure; others are only logged.
    """

    kind: RunKind
    uri: str
    spec: DesignSpec
    module: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    output: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: RunState = "queued"
    holds_slot: bool = False
    phase: str = ""
    message: str = ""
    started_s: float = 0.0
    ended_s: float = 0.0
    tallies: Mapping[str, Any] = field(default_factory=dict)
    bins_left: int | None = None
    overall: float | None = None
    location: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    markdown: str = ""
    asked: bool = True

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in {"queued", "running"}

    @property
    def top(self) -> str:
        """The module that it is about, as far as that is known."""
        return self.module or self.spec.top or self.name

    @property
    def title(self) -> str:
        """For a progress bar."""
        return TITLES[self.kind].format(top=self.top, name=self.name)

    @property
    def elapsed_s(self) -> float:
        """Since its process began, 0 before."""
        end_s = self.ended_s or time.monotonic()
        return end_s - self.started_s if self.started_s else 0.0

    def to_json(self) -> dict[str, Any]:
        """The run as clients see it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "uri": self.uri,
            "top": self.top,
            "module": self.module,
            "title": self.title,
            "state": self.state,
            "phase": self.phase,
            "message": self.message,
            "seconds": round(self.elapsed_s, 3),
            "tallies": {metric: list(pair) for metric, pair in self.tallies.items()},
            "binsLeft": self.bins_left,
            "overall": self.overall,
            "output": self.output or None,
            "location": self.location,
            "warnings": list(self.warnings),
            "markdown": self.markdown or None,
        }
