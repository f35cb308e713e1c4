"""Checks: designs elaborated while the user types, for diagnostics, one at a time.

A check is asked for with a delay that begins anew at every change; a running one whose design is
to be checked again is killed, since its answer would be old. Where it finds fault with a file of
another design that has changed meanwhile, it is made again. All open documents of a design are
served by one check.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchwright_server.designs import Modules, sources_key
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.jobs.child_process import ChildProcess
from benchwright_server.problems import Problem

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

logger = logging.getLogger(__name__)

DELAY_S = 0.6
_LIMIT_S = 60.0


class Checks:
    """The checks of a session."""

    def __init__(self, server: BenchwrightServer) -> None:
        self._server = server
        self._due_s: dict[Path, float] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._running_for: set[Path] = set()
        self._changed: set[Path] = set()  # since the running one has begun
        self._specs: dict[Path, DesignSpec] = {}

    def schedule(self, path: Path, delay_s: float = DELAY_S) -> None:
        """Checks the design of a file once nothing has been asked for during the delay."""
        if not self._server.trusted or self._server.ended:
            return
        for due in {path, *self._blaming(path)}:
            self._due_s[due] = asyncio.get_running_loop().time() + delay_s
        self._changed.add(path)
        if self._running is not None and path in self._running_for:
            self._running.cancel()
            self._running_for = set()  # once: a second time would cut its clearing up short
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="checks")

    def _blaming(self, path: Path) -> set[Path]:
        """Documents of other designs, in which the same file was found wrong."""
        keys = self._server.problems.keys(path)
        return {other for other, spec in self._specs.items() if sources_key(spec) in keys}

    def forget(self, path: Path) -> None:
        """A document was closed."""
        self._due_s.pop(path, None)
        self._specs.pop(path, None)

    async def now(self, path: Path) -> None:
        """Checks the design of a file, and returns when that is done."""
        with suppress(KeyError):
            del self._due_s[path]
        await self._check(path)

    async def stop(self) -> None:
        """Ends everything; no process is left."""
        tasks = [task for task in (self._task, self._running) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not self._due_s:
                await self._wake.wait()
                continue
            path, due_s = min(self._due_s.items(), key=lambda item: item[1])
            if due_s > loop.time():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), due_s - loop.time())
                continue
            del self._due_s[path]
            self._changed.clear()
            self._running = asyncio.create_task(self._check(path), name=f"check {path.name}")
            await asyncio.wait([self._running])
            if not self._running.cancelled() and (error := self._running.exception()):
                logger.error("check of %s", path, exc_info=error)
            self._running, self._running_for = None, set()
            # What it has found in these may be of the text before.
            for old in set().union(*map(self._blaming, self._changed)):
                self._due_s.setdefault(old, loop.time())

    async def _check(self, path: Path) -> None:
        spec = await self._server.designs.spec(path)
        self._specs[path] = spec
        same = {other for other, known in self._specs.items() if known.key == spec.key}
        for other in same & set(self._due_s):
            del self._due_s[other]
        self._running_for = same
        folder = Path(tempfile.mkdtemp(prefix="benchwright-"))
        child = None
        try:
            async with asyncio.timeout(_LIMIT_S):
                overlay = await self._server.documents.overlay()
                request = {
                    "kind": "check",
                    "spec": spec.to_json(),
                    "overlay": {str(file): text for file, text in overlay.items()},
                    "folder": str(folder),
                    "module": None,
                }
                child = await ChildProcess.start(
                    request, run=f"check-{folder.name}", command=self._server.child_command
                )
                async for event in child.events():
                    self._take(spec, event)
                if status := await child.ended():
                    logger.info("check of %s: exit code %d", path, status)
        except TimeoutError:
            logger.warning("check of %s: stopped after %g s", path, _LIMIT_S)
        finally:
            try:
                if child is not None:
                    await child.stop()
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _take(self, spec: DesignSpec, event: dict[str, Any]) -> None:
        try:
            if event["event"] == "diagnostics":
                self._server.take_problems(spec, map(Problem.from_json, event["items"]))
            elif event["event"] == "modules":
                self._server.designs.learn(spec, _modules(event["tops"], event["modules"]))
            elif event["event"] == "failed":
                self._server.take_problems(spec, _failure(event))
        except (KeyError, TypeError, ValueError):
            logger.exception("check: %s", str(event)[:200])


def _modules(tops: Iterable[object], modules: Iterable[object]) -> Modules:
    return Modules(tuple(map(str, tops)), tuple(map(str, modules)))


def _failure(event: dict[str, Any]) -> list[Problem]:
    """What made a check impossible, as a problem of the file that it names."""
    location = event.get("location")
    if not location:
        logger.info("check: %s", event["message"])
        return []
    hint = f" ({event['hint']})" if event.get("hint") else ""
    return [
        Problem(
            file=Path(location["file"]),
            line=int(location.get("line") or 0),
            column=int(location.get("column") or 0),
            end_column=None,
            severity="error",
            message=f"{event['message']}{hint}",
        )
    ]
