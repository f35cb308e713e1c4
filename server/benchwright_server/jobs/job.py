"""One run being made: its process fed and followed, its end told.

What a check finds is for diagnostics; a run that a user asked for and that failed is told in one
sentence, with the details in the log. A run is stopped, and every process of it, however it ends.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from benchwright_server.jobs.child_process import ChildProcess
from benchwright_server.jobs.outcome import keep
from benchwright_server.jobs.progress import Progress, message
from benchwright_server.jobs.run import WRITING, Run
from benchwright_server.problems import Problem
from benchwright_server.results.provisional import Provisional
from benchwright_sim.errors import SimError

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

logger = logging.getLogger(__name__)

_TELL_S = 0.25
_DRAW_S = 1.0


class Job:
    """A run from its start to its end."""

    def __init__(self, server: BenchwrightServer, run: Run) -> None:
        self._server = server
        self._run = run
        self._progress = Progress(server, run, self.cancel)
        self._child: ChildProcess | None = None
        self._finishing = False
        self._told_s = 0.0
        self._drawn_s = 0.0
        self._undrawn = False
        self._last: dict[str, Any] = {}

    async def make(self) -> None:
        """Makes the run; a cancelled one has no process left when this returns."""
        await self._progress.begin()
        try:
            await self._converse()
            self._server.runs.release(self._run)
            await self._conclude()
        except SimError as error:
            self._fail(
                {
                    "message": error.message,
                    "hint": error.hint,
                    "details": error.details,
                    "location": error.location
                    and {
                        "file": str(error.location.file),
                        "line": error.location.line,
                        "column": error.location.column,
                    },
                }
            )
        except asyncio.CancelledError:
            self._run.message = "cancelled"
            raise
        finally:
            self._progress.end(self._run.message or message(self._run))

    def cancel(self) -> None:
        """Ends the run as the user's settings say: at once, or with the best so far."""
        path = self._server.documents.path(self._run.uri)
        keeps = path is not None and self._server.settings_for(path).keep_on_cancel
        if keeps and self._run.kind in WRITING and not self._finishing:
            asyncio.ensure_future(self.finish())  # noqa: RUF006 - one line to a pipe
        else:
            self._server.runs.cancel(self._run)

    async def finish(self) -> None:
        """Ends the search now; the run goes on with the best that it has."""
        self._finishing = True
        if self._child is not None:
            await self._child.finish()

    async def _converse(self) -> None:
        """Runs the process, up to its last event."""
        overlay = await self._server.documents.overlay()
        folder = Path(tempfile.mkdtemp(prefix="benchwright-"))
        provisional = Provisional(overlay)
        key = self._run.spec.key
        self._server.views.begin(key, provisional)
        try:
            request = await self._request(folder, overlay)
            self._child = await ChildProcess.start(
                request, run=self._run.id, command=self._server.child_command
            )
            if self._finishing:
                await self._child.finish()
            async for event in self._child.events():
                await self._take(event, provisional)
            status = await self._child.ended()
            if not self._last:
                self._last = _crash(status, tuple(self._child.stderr))
        except OSError as error:
            raise SimError(f"the run's process cannot be started: {error.strerror}") from error
        finally:
            try:
                if self._child is not None:
                    await self._child.stop()
            finally:
                self._server.views.end(key)
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                if provisional.stamp:
                    await self._server.refresh()

    async def _request(self, folder: Path, overlay: Mapping[Path, str]) -> dict[str, Any]:
        run = self._run
        asked = dict(run.request)
        if (result := asked.pop("result", None)) is not None:
            asked["record"] = str(folder / "record.json")
            await asyncio.to_thread(_save_record, result, Path(asked["record"]))
        kind = "generate" if run.kind in WRITING else run.kind
        return {
            "kind": kind,
            "spec": run.spec.to_json(),
            "overlay": {str(path): text for path, text in overlay.items()},
            "folder": str(folder),
            "module": run.module,
            **asked,
        }

    async def _take(self, event: dict[str, Any], provisional: Provisional) -> None:
        """Takes in one event; one that cannot be understood is logged and left out."""
        run, name = self._run, event["event"]
        try:
            if name == "phase":
                run.phase = str(event["name"])
                self._tell()
            elif name == "progress":
                run.tallies, run.bins_left = event["tallies"], int(event["bins_left"])
                run.overall = event["overall"]
            elif name == "snapshot":
                await asyncio.to_thread(provisional.take, event)
                self._undrawn = True
            elif name == "note":
                self._server.log(f"{run.title}: {event['text']}")
            elif name == "diagnostics":
                self._server.take_problems(run.spec, map(Problem.from_json, event["items"]))
            elif name in {"done", "failed"}:
                self._last = event
        except (KeyError, TypeError, ValueError, IndexError):
            logger.exception("run %s: %s", run.id, str(event)[:200])
        await self._draw(provisional)
        self._progress.report()
        if time.monotonic() > self._told_s + _TELL_S:
            self._tell()

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        self._server.run_changed(self._run)

    async def _draw(self, provisional: Provisional) -> None:
        """Shows what the run has covered so far, now and then."""
        if self._undrawn and time.monotonic() > self._drawn_s + _DRAW_S:
            self._undrawn, self._drawn_s = False, time.monotonic()
            provisional.show()
            await self._server.refresh()

    async def _conclude(self) -> None:
        if self._last["event"] == "failed":
            self._fail(self._last)
            return
        self._run.phase = ""
        try:
            await keep(self._server, self._run, self._last)
        except (KeyError, TypeError, ValueError) as error:
            raise SimError(f"the run's result cannot be read: {error!r}") from error
        await self._server.refresh()

    def _fail(self, event: Mapping[str, Any]) -> None:
        run = self._run
        run.state, run.location = "failed", event.get("location")
        run.message = sentence(event)
        details = "\n".join(f"  {line}" for line in event.get("details", ()))
        where = _where(event, full=True)
        self._server.log(
            f"{run.title} failed: {where}{event['message']}\n{details}".rstrip(),
            lsp.MessageType.Error,
        )
        if run.asked:
            self._server.tell(f"{run.title}: {run.message}", lsp.MessageType.Error)


def sentence(event: Mapping[str, Any]) -> str:
    """What went wrong, where, and what to do, in one sentence."""
    text = f"{_where(event)}{str(event['message']).rstrip('.')}"
    return f"{text}; {event['hint']}" if event.get("hint") else text


def _where(event: Mapping[str, Any], *, full: bool = False) -> str:
    location = event.get("location")
    if not location:
        return ""
    file = location["file"] if full else Path(location["file"]).name
    return f"{file}:{location['line']}: " if location.get("line") else f"{file}: "


def _crash(status: int, stderr: tuple[str, ...]) -> dict[str, Any]:
    """What a process that ended without a last word would have said."""
    how = f"signal {-status}" if status < 0 else f"exit code {status}"
    return {
        "event": "failed",
        "message": f"the run's process ended unexpectedly with {how}",
        "hint": "the machine may be short of memory; the log has the last lines of the process",
        "details": stderr,
        "location": None,
    }


def _save_record(result: Any, path: Path) -> None:
    from benchwright_agent.record import to_text  # noqa: PLC0415 - loaded by the first result

    path.write_text(to_text(result.record), encoding="utf-8")
