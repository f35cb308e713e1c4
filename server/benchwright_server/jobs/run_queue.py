"""Runs in order: those of one design one after another, and few of them at once.

Runs that simulate share the slots that the user allows; those that only look (an explanation, a
coverage file that is read) have one slot of their own, so that a question need not wait for a
search. Checks are no runs: see `checks`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from benchwright_server.jobs.run import MEASURING, Run

logger = logging.getLogger(__name__)

_KEPT = 50


class RunQueue:
    """All runs of a session.

    Args:
        execute: makes one run; it is cancelled when the run is.
        changed: told of every change of a run's state.
        parallel: how many runs that simulate there may be at once.
    """

    def __init__(
        self,
        execute: Callable[[Run], Awaitable[None]],
        changed: Callable[[Run], None],
        parallel: Callable[[], int],
    ) -> None:
        self._execute = execute
        self._changed = changed
        self._parallel = parallel
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def all(self) -> tuple[Run, ...]:
        """Runs that wait or go on, and the last that have ended, oldest first."""
        return tuple(self._runs.values())

    def active(self) -> tuple[Run, ...]:
        """Runs that wait or go on."""
        return tuple(run for run in self._runs.values() if not run.ended)

    def get(self, run: str) -> Run | None:
        """A run by its id."""
        return self._runs.get(run)

    def submit(self, run: Run) -> None:
        """Takes a run; it begins when it may."""
        ended = [old.id for old in self._runs.values() if old.ended]
        for old in ended[: max(0, len(ended) - _KEPT)]:
            del self._runs[old]
        self._runs[run.id] = run
        self._changed(run)
        self.pump()

    def cancel(self, run: Run) -> None:
        """Ends a run without a result; nothing happens where it has ended."""
        if run.state == "queued":
            self._end(run, "cancelled")
        elif task := self._tasks.get(run.id):
            task.cancel()

    async def stop(self) -> None:
        """Cancels every run, and returns when no process is left."""
        for run in self.all():
            self.cancel(run)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def pump(self) -> None:
        """Begins every run that may begin now."""
        for run in self.all():
            if run.state == "queued" and self._may_begin(run):
                run.state, run.holds_slot = "running", True
                run.started_s = time.monotonic()
                self._changed(run)
                self._tasks[run.id] = asyncio.create_task(self._make(run), name=f"run {run.id}")

    def release(self, run: Run) -> None:
        """Lets others begin: a run's process has ended, though the run goes on."""
        run.holds_slot = False
        self.pump()

    def _may_begin(self, run: Run) -> bool:
        active = [other for other in self._runs.values() if other.holds_slot]
        if run.kind not in MEASURING:
            return all(other.kind in MEASURING for other in active)
        measuring = [other for other in active if other.kind in MEASURING]
        alone = all(other.spec.key != run.spec.key for other in measuring)
        return alone and len(measuring) < self._parallel()

    async def _make(self, run: Run) -> None:
        try:
            await self._execute(run)
        except asyncio.CancelledError:
            self._end(run, "cancelled")
        except Exception:  # the boundary of a task: nobody would ever see it
            logger.exception("run %s of %s", run.id, run.uri)
            run.message = (
                run.message or "an unexpected error of the server; its log has the details"
            )
            self._end(run, "failed")
        else:
            self._end(run, "done" if run.state == "running" else run.state)
        finally:
            self._tasks.pop(run.id, None)
            self.release(run)

    def _end(self, run: Run, state: str) -> None:
        run.request = {}  # which may hold a whole result
        run.state = state  # type: ignore[assignment]  # a RunState in every call above
        run.ended_s = time.monotonic()
        self._changed(run)
