"""The language server: what one client's session knows, and what tells the client of changes.

Handlers are registered by the modules that they belong to (`lifecycle`, `commands`, `features`),
each with a function `register(server)`. The event loop does no work: jobs run in child processes,
files are read in threads, and only the loop writes to the client, since pygls' writer has no lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from benchwright_server.documents import Documents
from benchwright_server.problems import Problems
from benchwright_server.settings import Settings

if TYPE_CHECKING:
    from pygls.server import ServerErrors

logger = logging.getLogger(__name__)

COVERAGE_CHANGED = "benchwright/coverageChanged"


class BenchwrightServer(LanguageServer):
    """One client's session.

    Attributes:
        settings: of the whole session; `settings_for` gives those of a file's folder.
        trusted: whether anything may be run; an untrusted workspace is only shown.
        documents: texts of buffers and files.
        problems: what elaboration found wrong, by file.
        publishers: called with the URIs whose diagnostics have changed; `features` adds its own.
        ended: the session is over: no new run, nothing more to say.
    """

    def __init__(self) -> None:
        super().__init__("benchwright", metadata.version("benchwright"))
        self.settings = Settings()
        self.folder_settings: dict[Path, Settings] = {}
        self.trusted = True
        self.ended = False
        self.documents = Documents(lambda: self.workspace)
        self.problems = Problems()
        self.publishers: list[Callable[[Iterable[str]], None]] = []

    @property
    def was_shut_down(self) -> bool:
        """Whether the client asked for the end."""
        return bool(self.protocol._shutdown)

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
        folder = self.folder_of(path)
        return self.settings if folder is None else self.folder_settings.get(folder, self.settings)

    async def refresh(self, uris: Iterable[str] | None = None) -> None:
        """Shows anew what is known of documents; None means of all.

        Diagnostics are pushed; the client is told to ask for hints and lenses again.
        """
        if self.ended:
            return
        changed = tuple(self.documents.open_uris() if uris is None else uris)
        self.publish(changed)
        known = self.client_capabilities.workspace
        if known and known.inlay_hint and known.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if known and known.code_lens and known.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)
        self.notify(COVERAGE_CHANGED, {"uris": list(changed)})

    def publish(self, uris: Iterable[str]) -> None:
        """Pushes the diagnostics of documents."""
        for publisher in self.publishers:
            publisher(uris)

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
        """Logs what pygls caught; a popup of ours would tell the user nothing that helps."""
        logger.error("%s: %s", source.__name__, error, exc_info=error)
        self.log(f"{source.__name__}: {error}", lsp.MessageType.Error)

    def shutdown(self) -> None:
        """Ends serving without waiting for the thread that reads the client's next byte."""
        self.ended = True
        if self._stop_event is not None:
            self._stop_event.set()
        if self._thread_pool is not None:
            self._thread_pool.shutdown(wait=False, cancel_futures=True)
        if self._server is not None:
            self._server.close()


def create_server() -> BenchwrightServer:
    """A server with everything registered, ready to be started."""
    from benchwright_server import features, lifecycle  # noqa: PLC0415 - they import this module

    server = BenchwrightServer()
    lifecycle.register(server)
    if hasattr(features, "register"):
        features.register(server)
    return server
