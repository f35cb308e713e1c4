"""What a job says: one JSON object a line on the standard output that it was started with.

Nothing else reaches that stream: the descriptor is set aside, and descriptor 1 leads to standard
error from then on, for whatever a library or a child process prints.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import IO, Any

from benchwright_sim.errors import Location, SimError


class EventStream:
    """The events of one job; may be written from any thread.

    Args:
        out: where they go.

    Attributes:
        exit_code: of the process, None while the last event has not been said.
    """

    def __init__(self, out: IO[str]) -> None:
        self.exit_code: int | None = None
        self._out = out
        self._lock = threading.Lock()

    def send(self, event: str, **values: Any) -> None:
        """Writes one event.

        Raises:
            OSError: nobody reads any more.
        """
        line = json.dumps({"event": event, **values}, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()

    def done(
        self,
        *,
        record: Mapping[str, Any] | None = None,
        testbench_text: str | None = None,
        guards: Mapping[str, str] | None = None,
        texts: Mapping[str, str] | None = None,
        markdown: str | None = None,
        warnings: Iterable[str] = (),
    ) -> None:
        """The last event of a job that came to its end."""
        self.exit_code = 0
        self.send(
            "done",
            record=record,
            testbench_text=testbench_text,
            guards=guards or {},
            texts=texts or {},
            markdown=markdown,
            warnings=list(warnings),
        )

    def failed(self, error: SimError) -> None:
        """The last event of a job that did not."""
        self.exit_code = error.exit_code
        self.send(
            "failed",
            exit_code=error.exit_code,
            message=error.message,
            location=location_to_json(error.location),
            hint=error.hint,
            details=list(error.details),
        )


def location_to_json(location: Location | None) -> dict[str, Any] | None:
    """A place in a file; line and column are from 1, or 0 where they are not known."""
    if location is None:
        return None
    return {"file": str(location.file), "line": location.line, "column": location.column}


def take_over_stdout() -> EventStream:
    """Makes standard output the stream of events; see the module."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", newline="\n")
    os.dup2(2, 1)
    return EventStream(out)
