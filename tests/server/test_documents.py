"""Texts of buffers: lines as the protocol ends them, places in the client's units."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.workspace import Workspace

from benchwright_server.documents import Documents, LspWorkspace, read_text, split_lines


def opened(path: Path, text: str) -> tuple[Documents, Workspace, str]:
    workspace = LspWorkspace(None)
    uri = path.as_uri()
    workspace.put_text_document(lsp.TextDocumentItem(uri, "verilog", 1, text))
    return Documents(lambda: workspace), workspace, uri


def test_lines_end_as_the_protocol_says() -> None:
    assert split_lines("a\r\nb\rc\n\fd\u2028e\n\nf") == (
        "a\r\n",
        "b\r",
        "c\n",
        "\fd\u2028e\n",
        "\n",
        "f",
    )
    assert split_lines("") == ()


def test_edits_after_a_form_feed_are_in_place(tmp_path: Path) -> None:
    documents, workspace, uri = opened(tmp_path / "a.v", "a\fb\nc\nd\n")
    place = lsp.Position(1, 0)
    change = lsp.TextDocumentContentChangePartial(lsp.Range(place, place), "X")
    workspace.update_text_document(lsp.VersionedTextDocumentIdentifier(2, uri), change)
    assert documents.text(uri) == "a\fb\nXc\nd\n"


def test_places_are_in_utf16_units(tmp_path: Path) -> None:
    documents, _, uri = opened(tmp_path / "a.v", "// \U0001f600 x\n")
    assert documents.position(documents.lines(uri), 0, 5) == lsp.Position(0, 6)


@pytest.mark.asyncio
async def test_only_unsaved_buffers_overlay(tmp_path: Path) -> None:
    path = (tmp_path / "a.v").resolve()
    path.write_bytes(b"\xef\xbb\xbfmodule m;\n")
    documents, _, uri = opened(path, "module m;\n")
    assert await documents.overlay() == {}
    assert documents.buffer(path) == "module m;\n"
    path.write_text("module n;\n", encoding="utf-8")
    assert await documents.overlay() == {path: "module m;\n"}
    assert documents.path("untitled:1") is None
    assert documents.path(uri) == path
    assert read_text(tmp_path) is None
