"""How far a run is, as the client's own progress bar: LSP 3.17, "Work Done Progress".

Reports come at most five times a second, and at least once a second while nothing happens, since a
bar that stands still looks dead. A client that cannot show progress is told nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from benchwright_server.jobs.run import WRITING, Run

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

logger = logging.getLogger(__name__)

_MIN_S = 0.2
_IDLE_S = 1.0


class Progress:
    """The progress bar of one run."""

    def __init__(self, server: BenchwrightServer, run: Run, on_cancel: Callable[[], None]) -> None:
        self._server = server
        self._run = run
        self._on_cancel = on_cancel
        self._begun = False
        self._percentage = 0
        self._next_s = 0.0
        self._ticking: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Asks the client for a bar, and shows it."""
        window = self._server.client_capabilities.window
        if not (window and window.work_done_progress):
            return
        shown = self._server.work_done_progress
        try:
            await shown.create_async(self._run.id)
        except JsonRpcException as error:
            logger.warning("the client shows no progress: %s", error)
            return
        shown.tokens[self._run.id].add_done_callback(
            lambda future: self._on_cancel() if future.cancelled() else None
        )
        self._begun = True
        bounded = self._run.kind in WRITING
        shown.begin(
            self._run.id,
            lsp.WorkDoneProgressBegin(
                title=self._run.title,
                cancellable=True,
                message=message(self._run),
                percentage=0 if bounded else None,
            ),
        )
        self._ticking = asyncio.create_task(self._tick())

    def report(self) -> None:
        """Shows how far the run is now, unless the last report is too young."""
        now_s = time.monotonic()
        if not self._begun or now_s < self._next_s or self._server.ended:
            return
        self._next_s = now_s + _MIN_S
        percentage = None
        if self._run.kind in WRITING:
            self._percentage = max(self._percentage, min(99, int(self._run.overall or 0)))
            percentage = self._percentage
        self._server.work_done_progress.report(
            self._run.id,
            lsp.WorkDoneProgressReport(message=message(self._run), percentage=percentage),
        )

    def end(self, text: str) -> None:
        """Takes the bar away with a last word; nothing happens where there is none."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self._begun and not self._server.ended:
            self._begun = False
            self._server.work_done_progress.end(self._run.id, lsp.WorkDoneProgressEnd(message=text))
        self._server.work_done_progress.tokens.pop(self._run.id, None)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_IDLE_S)
            if time.monotonic() > self._next_s + _IDLE_S - _MIN_S:
                self.report()


def message(run: Run) -> str:
    """How far a run is, in a few words: `search, 93.4 %, 17 bins left, 4 s`."""
    parts = [run.phase] if run.phase else []
    if run.overall is not None:
        # Rounded down: 100 is for all.
        parts.append(f"{int(run.overall * 10) / 10:g} %")
    if run.bins_left is not None:
        parts.append(f"{run.bins_left} bin{'' if run.bins_left == 1 else 's'} left")
    return ", ".join([*parts, f"{run.elapsed_s:.0f} s"])
