"""The language server: what one client's session knows, and what tells the client of changes.

Handlers are registered by the modules that they belong to (`lifecycle`, `commands`, `features`),
each with a function `register(server)`. The event loop does no work: jobs run in child processes,
files are read in threads, and only the loop writes to the client, since pygls' writer has no lock.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from benchwright_agent.models.installed.data_folder import data_dir
from benchwright_server.arguments import CommandError
from benchwright_server.configuration import Configuration
from benchwright_server.designs import Designs, sources_key
from benchwright_server.documents import Documents
from benchwright_server.jobs.checks import Checks
from benchwright_server.jobs.child_process import COMMAND
from benchwright_server.jobs.job import Job
from benchwright_server.jobs.run import Run
from benchwright_server.jobs.run_queue import RunQueue
from benchwright_server.problems import Problem, Problems
from benchwright_server.protocol import BenchwrightProtocol
from benchwright_server.results.store import Store
from benchwright_server.results.view import FileView
from benchwright_server.results.views import Views
from benchwright_server.settings import Settings

if TYPE_CHECKING:
    from pygls.server import ServerErrors

    from benchwright_server.discovery.design_spec import DesignSpec

logger = logging.getLogger(__name__)

COVERAGE_CHANGED = "benchwright/coverageChanged"
RUN_CHANGED = "benchwright/runChanged"
SOURCES = frozenset({".v", ".sv", ".vh", ".svh"})


class BenchwrightServer(LanguageServer):
    """One client's session.

    Attributes:
        configuration: the settings; `settings_for` gives those of a file's folder.
        trusted: whether anything may be run; an untrusted workspace is only shown.
        documents: texts of buffers and files.
        problems: what elaboration found wrong, by file.
        designs: which design a document belongs to.
        store: results of this and earlier sessions.
        views: what is known of each file, on its present lines.
        runs: what was asked for, in order.
        jobs: of the runs that go on, by the run's id.
        checks: elaboration while the user types.
        child_command: the program that makes a run.
        publishers: called with the URIs whose diagnostics have changed; `features` adds its own.
        ended: the session is over: no new run, nothing more to say.
    """

    def __init__(self, data: Path, child_command: Sequence[str] = COMMAND) -> None:
        """`data` is the folder of results that outlast the session."""
        version = metadata.version("benchwright")
        super().__init__("benchwright", version, protocol_cls=BenchwrightProtocol)
        self.child_command = tuple(child_command)
        self.configuration = Configuration(self)
        self.trusted = True
        self.ended = False
        self.documents = Documents(lambda: self.workspace)
        self.problems = Problems()
        self.designs = Designs(self)
        self.store = Store(data)
        self.views = Views(self.store, self.documents.buffer)
        self.jobs: dict[str, Job] = {}
        self.runs = RunQueue(self._make, self.run_changed, lambda: self.settings.parallel_runs)
        self.checks = Checks(self)
        self._reporting = False
        self._wrong_waivers: set[Path] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._on_lens = ("", "", "")
        self.publishers: list[Callable[[Iterable[str]], None]] = []

    @property
    def was_shut_down(self) -> bool:
        """Whether the client asked for the end."""
        return bool(self.protocol._shutdown)

    @property
    def settings(self) -> Settings:
        """Where no workspace folder has its own."""
        return self.configuration.settings

    def folders(self) -> tuple[Path, ...]:
        """The workspace folders, real paths; none where a file alone is open."""
        uris = [folder.uri for folder in self.workspace.folders.values()]
        if not uris and self.workspace.root_uri:
            uris = [self.workspace.root_uri]
        return tuple(path for uri in uris if (path := self.documents.path(uri)))

    def folder_of(self, path: Path) -> Path | None:
        """The innermost workspace folder that holds a file."""
        holding = [folder for folder in self.folders() if path.is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts), default=None)

    def settings_for(self, path: Path) -> Settings:
        """The settings of the workspace folder that holds a file."""
        return self.configuration.of(self.folder_of(path))

    def view(self, uri: str) -> FileView | None:
        """What is known of a document, None where it is no source or cannot be read."""
        path = self.documents.path(uri)
        if path is None or path.suffix.lower() not in SOURCES:
            return None
        text = self.documents.text(uri)
        return None if text is None else self.views.view_of(path, text)

    async def _make(self, run: Run) -> None:
        self.jobs[run.id] = job = Job(self, run)
        try:
            await job.make()
        finally:
            del self.jobs[run.id]

    def run_changed(self, run: Run) -> None:
        """Tells the client how far a run is; the lens of its module shows it."""
        self.notify(RUN_CHANGED, {"run": run.to_json()})
        if (run.id, run.state, run.phase) != self._on_lens:
            self._on_lens = (run.id, run.state, run.phase)
            self._refresh_lenses()

    def take_problems(self, spec: DesignSpec, problems: Iterable[Problem]) -> None:
        """Shows what elaboration found in place of what it found before."""
        changed = self.problems.replace(sources_key(spec), problems)
        self.publish(self.documents.uri(path) for path in sorted(changed))

    async def stop_runs(self) -> None:
        """Ends every run and check; no process is left when this returns."""
        await self.checks.stop()
        await self.runs.stop()

    async def refresh(self, uris: Iterable[str] | None = None) -> None:
        """Shows anew what is known of documents; None means of all.

        What it takes is made ready first; until then clients get what was known. Diagnostics are
        pushed; the client is told to ask for hints and lenses again.
        """
        if self.ended:
            return
        changed = tuple(self.documents.open_uris() if uris is None else uris)
        await self.prepare(changed)
        self.publish([*changed, *self._waiver_files()])
        known = self.client_capabilities.workspace
        if known and known.inlay_hint and known.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        self._refresh_lenses()
        self.coverage_changed(changed)

    async def prepare(self, uris: Iterable[str]) -> bool:
        """Makes views of sources ready in a thread; whether there was anything to make."""
        paths = filter(None, map(self.documents.path, uris))
        return await self.views.prepare(path for path in paths if path.suffix.lower() in SOURCES)

    def _waiver_files(self) -> list[str]:
        """Waiver files that are wrong, and those that were when this was last asked for."""
        wrong = set(self.views.waivers.problems)
        told, self._wrong_waivers = wrong | self._wrong_waivers, wrong
        return [self.documents.uri(path) for path in sorted(told)]

    def _refresh_lenses(self) -> None:
        known = self.client_capabilities.workspace
        if not self.ended and known and known.code_lens and known.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    def publish(self, uris: Iterable[str]) -> None:
        """Pushes the diagnostics of documents."""
        changed = tuple(uris)
        for publisher in self.publishers if not self.ended else ():
            publisher(changed)

    def coverage_changed(self, uris: Iterable[str]) -> None:
        """Tells the client that what is known of documents has changed."""
        self.notify(COVERAGE_CHANGED, {"uris": list(uris)})

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something that nobody waits for; what goes wrong is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def later(
        self, name: str, delay_s: float, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Does something once nobody has asked for it by this name during the delay."""
        if (waiting := self._timers.get(name)) is not None:
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(delay_s, self._due, name, work)

    def _due(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        del self._timers[name]
        if not self.ended:
            self.background(work())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("in the background", exc_info=error)

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Sends a notification, unless the client is gone; only from the event loop."""
        if not self.ended:
            self.protocol.notify(method, params)

    def tell(self, text: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """Shows one sentence to the user; for what was asked for, never for a check."""
        if not self.ended:
            self.window_show_message(lsp.ShowMessageParams(kind, text))

    def log(self, text: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """Writes to the log that the client shows."""
        if not self.ended:
            self.window_log_message(lsp.LogMessageParams(kind, text))

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """Logs what pygls caught; a popup of ours would tell the user nothing that helps.

        A command that cannot be done is answered, which is enough.
        """
        if isinstance(error, CommandError):
            return
        if self._reporting or self.ended:
            return  # what cannot be written to the client cannot be reported to it either
        self._reporting = True
        try:
            logger.error("%s: %s", source.__name__, error, exc_info=error)
            self.log(f"{source.__name__}: {error}", lsp.MessageType.Error)
        finally:
            self._reporting = False

    def leave(self) -> NoReturn:
        """Ends the server's process now, with every run stopped."""
        self.shutdown()
        os._exit(int(not self.was_shut_down))

    def shutdown(self) -> None:
        """Ends serving without waiting for the thread that reads the client's next byte."""
        self.ended = True
        if self._stop_event is not None:
            self._stop_event.set()
        if self._thread_pool is not None:
            self._thread_pool.shutdown(wait=False, cancel_futures=True)
        if self._server is not None:
            self._server.close()


def create_server(child_command: Sequence[str] = COMMAND) -> BenchwrightServer:
    """A server with everything registered, ready to be started.

    Args:
        child_command: the program that makes a run.
    """
    # These import this module.
    from benchwright_server import commands, lifecycle  # noqa: PLC0415
    from benchwright_server.features.register import register  # noqa: PLC0415

    server = BenchwrightServer(data_dir() / "editor", child_command)
    for add in (lifecycle.register, commands.register, register):
        add(server)
    return server
