"""A waiver written for the user, as an edit of the waiver file; see `benchwright_sim.waivers`."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from benchwright_server.arguments import CommandError
from benchwright_server.documents import split_lines

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

TODO = "TODO: why need these not be covered?"


async def waive(
    server: BenchwrightServer, file: Path, bins: Sequence[str], *, reason: str, author: str
) -> bool:
    """Adds a waiver to a file, which is made when missing; without a reason it is opened there.

    Returns:
        Whether the client applied the edit.

    Raises:
        CommandError: the client applies no edits.
    """
    workspace = server.client_capabilities.workspace
    if not (workspace and workspace.apply_edit):
        raise CommandError(f"this editor applies no edits; waive by hand, in {file}: {list(bins)}")
    uri = server.documents.uri(file)
    text = server.documents.text(uri)
    changes: list[lsp.CreateFile | lsp.TextDocumentEdit] = []
    if text is None:
        made = lsp.CreateFileOptions(ignore_if_exists=True)
        changes.append(lsp.CreateFile(uri=uri, options=made))
    lines = split_lines(text or "")
    end = _end(server, lines)
    entry = _entry(bins, reason or TODO, author or _user())
    lead = _lead(lines)
    changes.append(
        lsp.TextDocumentEdit(
            lsp.OptionalVersionedTextDocumentIdentifier(uri, server.documents.version(uri)),
            [lsp.TextEdit(lsp.Range(end, end), lead + entry)],
        )
    )
    answer = await server.workspace_apply_edit_async(
        lsp.ApplyWorkspaceEditParams(
            lsp.WorkspaceEdit(document_changes=changes), label="Waive uncovered bins"
        )
    )
    if answer.applied and not reason:
        before = end.line + lead.count("\n") + entry[: entry.index(TODO)].count("\n")
        column = len(entry[: entry.index(TODO)].splitlines()[-1])
        _open(server, uri, lsp.Position(before, column))
    return answer.applied


def _end(server: BenchwrightServer, lines: tuple[str, ...]) -> lsp.Position:
    """The end of a text, as the client counts."""
    if not lines or lines[-1].endswith(("\n", "\r")):
        return lsp.Position(len(lines), 0)
    return server.documents.position(lines, len(lines) - 1, len(lines[-1]))


def _lead(lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    return "\n" if lines[-1].endswith(("\n", "\r")) else "\n\n"


def _entry(bins: Sequence[str], reason: str, author: str) -> str:
    names = [json.dumps(name, ensure_ascii=False) for name in bins]
    written = names[0] if len(names) == 1 else "[\n" + "".join(f"  {n},\n" for n in names) + "]"
    return (
        f"[[waiver]]\nbins = {written}\n"
        f"reason = {json.dumps(reason, ensure_ascii=False)}\n"
        f"author = {json.dumps(author, ensure_ascii=False)}\n"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _open(server: BenchwrightServer, uri: str, place: lsp.Position) -> None:
    window = server.client_capabilities.window
    if window and window.show_document and window.show_document.support:
        end = lsp.Position(place.line, place.character + len(TODO))
        server.window_show_document(
            lsp.ShowDocumentParams(uri=uri, take_focus=True, selection=lsp.Range(place, end))
        )


def waiver_file(server: BenchwrightServer, path: Path, files: Sequence[Path]) -> Path:
    """The waiver file of a design, or where a new one goes."""
    if files:
        return files[0]
    folder = server.folder_of(path) or path.parent
    return folder / (server.settings_for(path).waivers or "waivers.toml")
