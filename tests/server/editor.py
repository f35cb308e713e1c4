"""A client as an editor is one: pytest-lsp's, with what a real editor answers and records.

Two things pytest-lsp lacks: a handler of `workspace/applyEdit`, and one of `$/progress` that takes
partial results. lsprotocol 2025.0.0 reads every code action that has a command as a `Command`; the
converter here tells them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import cattrs
import psutil
from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

T = TypeVar("T")
TIMEOUT_S = 60.0
LANGUAGES = {".v": "verilog", ".vh": "verilog", ".sv": "systemverilog", ".svh": "systemverilog"}


def converter() -> cattrs.Converter:
    """pygls' converter, with code actions told apart from commands."""
    found: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls' own

    def either(value: Any, _: type) -> lsp.Command | lsp.CodeAction:
        is_command = isinstance(value.get("command"), str)
        kind: type[lsp.Command | lsp.CodeAction] = lsp.Command if is_command else lsp.CodeAction
        return found.structure(value, kind)

    found.register_structure_hook(lsp.Command | lsp.CodeAction, either)
    return found


class Editor(LanguageClient):
    """An editor with buffers.

    Attributes:
        applied: edits that the server asked for; they are applied to files and buffers.
        refreshed: methods of refreshes that the server asked for.
        questions: that the server asked; `answer` chooses a title, or none.
        runs: every `benchwright/runChanged`, in order, as plain data.
        coverage_changes: URIs of every `benchwright/coverageChanged`.
        registrations: of capabilities, dynamic.
        partial: values of `$/progress` that are no work done progress.
        allow_edits: what `workspace/applyEdit` is answered.
    """

    def __init__(self) -> None:
        super().__init__(converter_factory=converter)
        self.applied: list[lsp.ApplyWorkspaceEditParams] = []
        self.refreshed: list[str] = []
        self.questions: list[lsp.ShowMessageRequestParams] = []
        self.answer: Callable[[lsp.ShowMessageRequestParams], str | None] = lambda _: None
        self.runs: list[dict[str, Any]] = []
        self.coverage_changes: list[list[str]] = []
        self.registrations: list[lsp.Registration] = []
        self.partial: list[Any] = []
        self.allow_edits = True
        self.structured: Callable[[Any], None] = lambda _: None
        self.root = Path()
        self._versions: dict[str, int] = {}
        self._texts: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._server is not None
        return self._server.pid

    async def begin(
        self,
        *folders: Path,
        options: object = None,
        capabilities: lsp.ClientCapabilities | None = None,
    ) -> lsp.InitializeResult:
        """Begins the session in workspace folders, as VS Code."""
        self.root = folders[0]
        return await self.initialize_session(
            lsp.InitializeParams(
                capabilities=capabilities or client_capabilities("visual-studio-code"),
                root_uri=folders[0].as_uri(),
                workspace_folders=[lsp.WorkspaceFolder(f.as_uri(), f.name) for f in folders],
                initialization_options=options,
            )
        )

    def open(self, path: Path, text: str | None = None) -> str:
        """Opens a file in a buffer, and gives its URI; `text` is an unsaved one."""
        uri = path.as_uri()
        content = path.read_bytes().decode("utf-8", "replace") if text is None else text
        self._versions[uri], self._texts[uri] = 1, content
        language = LANGUAGES.get(path.suffix, "plaintext")
        item = lsp.TextDocumentItem(uri, language, 1, content)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        """Replaces the whole text of a buffer."""
        self._versions[uri] += 1
        self._texts[uri] = text
        self.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(uri=uri, version=self._versions[uri]),
                [lsp.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def insert(self, uri: str, line: int, text: str) -> None:
        """Inserts a text before a line of a buffer (from 0)."""
        lines = self._texts[uri].splitlines(keepends=True)
        self._texts[uri] = "".join([*lines[:line], text, *lines[line:]])
        self._versions[uri] += 1
        place = lsp.Position(line, 0)
        self.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(uri=uri, version=self._versions[uri]),
                [lsp.TextDocumentContentChangePartial(lsp.Range(place, place), text)],
            )
        )

    def text(self, uri: str) -> str:
        """The text of a buffer."""
        return self._texts[uri]

    def save(self, uri: str) -> None:
        """Writes a buffer to its file."""
        Path(uri.removeprefix("file://")).write_text(self._texts[uri], encoding="utf-8")
        self.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        """Closes a buffer."""
        del self._texts[uri]
        self.text_document_did_close(
            lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri))
        )

    def changed_on_disk(self, path: Path) -> None:
        """Tells the server that a file has changed."""
        event = lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Changed)
        self.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))

    async def command(self, name: str, **arguments: Any) -> Any:
        """Executes `benchwright.NAME` with one argument object."""
        return await self.workspace_execute_command_async(
            lsp.ExecuteCommandParams(f"benchwright.{name}", [arguments])
        )

    async def started(self, name: str, **arguments: Any) -> str:
        """Executes a command that starts a run, and gives the run's id."""
        answer = plain(await self.command(name, **arguments))
        return str(answer["runId"])

    async def ended(self, run: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """Waits for a run to end, and gives what was last said of it."""
        ends = {"done", "cancelled", "failed"}
        return await self.until(
            lambda: next((r for r in self.runs if r["id"] == run and r["state"] in ends), None),
            timeout_s,
        )

    async def until(self, look: Callable[[], T | None], timeout_s: float = TIMEOUT_S) -> T:
        """Waits until `look` gives something that is true, and gives that."""
        end_s = time.monotonic() + timeout_s
        while not (found := look()):
            assert time.monotonic() < end_s, f"nothing in {timeout_s} s; runs: {self.runs[-3:]}"
            await asyncio.sleep(0.02)
        return found


def living(processes: Iterable[psutil.Process], timeout_s: float = 3.0) -> list[psutil.Process]:
    """Which processes still run after a while; one that nobody has buried yet does not."""
    end_s = time.monotonic() + timeout_s
    while left := [process for process in processes if _runs(process)]:
        if time.monotonic() > end_s:
            return left
        time.sleep(0.02)
    return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def plain(value: Any) -> Any:
    """What pygls made of JSON that it knows no type for, as plain data again."""
    if hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def make_editor() -> Editor:
    """An editor that answers what a server may ask."""
    editor = Editor()
    register_lsp_features(editor)
    editor.structured = editor.protocol.fm.features.pop(lsp.PROGRESS)
    for method, handler in HANDLERS.items():
        editor.feature(method)(handler)
    return editor


def _progress(editor: Editor, params: Any) -> None:
    if isinstance(params.value, dict) and "kind" in params.value:
        editor.structured(params)
    else:
        editor.partial.append(params.value)


def _apply(editor: Editor, params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
    editor.applied.append(params)
    if editor.allow_edits:
        apply(editor, params.edit)
    return lsp.ApplyWorkspaceEditResult(applied=editor.allow_edits)


def _ask(editor: Editor, params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
    editor.questions.append(params)
    title = editor.answer(params)
    return None if title is None else lsp.MessageActionItem(title)


def _register(editor: Editor, params: lsp.RegistrationParams) -> None:
    editor.registrations.extend(params.registrations)


def _unregister(editor: Editor, params: lsp.UnregistrationParams) -> None:
    gone = {item.id for item in params.unregisterations}
    editor.registrations[:] = [item for item in editor.registrations if item.id not in gone]


def _hints_refreshed(editor: Editor, _: None) -> None:
    editor.refreshed.append(lsp.WORKSPACE_INLAY_HINT_REFRESH)


def _lenses_refreshed(editor: Editor, _: None) -> None:
    editor.refreshed.append(lsp.WORKSPACE_CODE_LENS_REFRESH)


def _run_changed(editor: Editor, params: Any) -> None:
    editor.runs.append(plain(params)["run"])


def _coverage_changed(editor: Editor, params: Any) -> None:
    editor.coverage_changes.append(plain(params)["uris"])


HANDLERS: dict[str, Callable[..., Any]] = {
    lsp.PROGRESS: _progress,
    lsp.WORKSPACE_APPLY_EDIT: _apply,
    lsp.WINDOW_SHOW_MESSAGE_REQUEST: _ask,
    lsp.CLIENT_REGISTER_CAPABILITY: _register,
    lsp.CLIENT_UNREGISTER_CAPABILITY: _unregister,
    lsp.WORKSPACE_INLAY_HINT_REFRESH: _hints_refreshed,
    lsp.WORKSPACE_CODE_LENS_REFRESH: _lenses_refreshed,
    "benchwright/runChanged": _run_changed,
    "benchwright/coverageChanged": _coverage_changed,
}
"""What an editor does when asked, beside what pytest-lsp does."""


def apply(editor: Editor, edit: lsp.WorkspaceEdit) -> None:
    """Applies an edit to files and open buffers, as far as our server makes them."""
    for change in edit.document_changes or ():
        if isinstance(change, lsp.CreateFile):
            path = Path(change.uri.removeprefix("file://"))
            if not path.exists() or (change.options and change.options.overwrite):
                path.write_text("", encoding="utf-8")
        elif isinstance(change, lsp.TextDocumentEdit):
            _edit(editor, change.text_document.uri, change.edits)
    for uri, edits in (edit.changes or {}).items():
        _edit(editor, uri, edits)


def _edit(editor: Editor, uri: str, edits: Any) -> None:
    path = Path(uri.removeprefix("file://"))
    text = editor.text(uri) if uri in editor._texts else path.read_text("utf-8")
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character))[::-1]:
        start, end = _offset(text, edit.range.start), _offset(text, edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    if uri in editor._texts:
        editor.change(uri, text)
    else:
        path.write_text(text, encoding="utf-8")


def _offset(text: str, place: lsp.Position) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: place.line])) + place.character
