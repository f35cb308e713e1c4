"""An editor's questions over stdio, on a design that a testbench of its own has measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as lsp

from tests.server.editor import Editor
from tests.server.measured import FIFO, TB_FIFO, WHOLE, lines

pytestmark = pytest.mark.asyncio

DEAD = FIFO.read_text("utf-8").split("\n").index("        default: level <= level;")


class Session:
    """An editor with the queue and its testbench open, and what it asks."""

    def __init__(self, editor: Editor, folder: Path) -> None:
        self.editor = editor
        design, bench = folder / "fifo.sv", folder / "tb_fifo.sv"
        design.write_bytes(FIFO.read_bytes())
        bench.write_text(TB_FIFO, encoding="utf-8")
        self.uri, self.bench = editor.open(design), editor.open(bench)

    async def hints(self, asked: lsp.Range = WHOLE) -> dict[int, str]:
        """Label by line."""
        document = lsp.TextDocumentIdentifier(self.uri)
        found = await self.editor.text_document_inlay_hint_async(
            lsp.InlayHintParams(document, asked)
        )
        return {hint.position.line: str(hint.label) for hint in found or ()}

    async def lenses(self, uri: str) -> list[str]:
        """Titles."""
        document = lsp.TextDocumentIdentifier(uri)
        found = await self.editor.text_document_code_lens_async(lsp.CodeLensParams(document))
        return [lens.command.title for lens in found or () if lens.command]

    async def actions(self, uri: str, line: int) -> list[str]:
        """Titles."""
        asked = lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(uri), lines(line), lsp.CodeActionContext(diagnostics=[])
        )
        found = await self.editor.text_document_code_action_async(asked)
        return [action.title for action in found or ()]

    def faded(self) -> list[int]:
        """The lines where something that is faded begins."""
        found = self.editor.diagnostics.get(self.uri, ())
        return [item.range.start.line for item in found if item.tags]


async def test_an_editor_is_answered(editor: Editor, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    told = await editor.begin(folder)
    offered = told.capabilities.code_action_provider
    assert isinstance(offered, lsp.CodeActionOptions)
    assert "source.benchwright.generate" in (offered.code_action_kinds or ())
    session = Session(editor, folder)
    assert await session.hints() == {}
    assert await session.lenses(session.uri) == ["Generate coverage testbench"]
    assert await session.lenses(session.bench) == ["Measure coverage of this testbench"]

    run = await editor.ended(await editor.started("simulate", uri=session.bench))
    assert run["state"] == "done", run
    await editor.until(session.faded)
    assert session.faded() == [DEAD]
    assert (await session.hints())[DEAD] == "never"
    assert await session.hints(lines(DEAD)) == {DEAD: "never"}
    assert len(await session.lenses(session.uri)) == 4
    assert "Cover this" in await session.actions(session.uri, DEAD)
    assert await session.actions(session.bench, 1) == [
        "Measure coverage of this testbench",
        "Close the rest of fifo",
    ]
    place = lsp.HoverParams(lsp.TextDocumentIdentifier(session.uri), lsp.Position(DEAD, 10))
    hover = await editor.text_document_hover_async(place)
    assert hover is not None
    assert "never executed" in str(hover.contents)
    document = lsp.TextDocumentIdentifier(session.uri)
    (hint,) = (
        await editor.text_document_inlay_hint_async(lsp.InlayHintParams(document, lines(DEAD)))
        or ()
    )
    hint = await editor.inlay_hint_resolve_async(hint)
    assert "line `case`" in str(hint.tooltip)

    editor.insert(session.uri, 0, "// a line above\n")
    assert (await session.hints())[DEAD + 1] == "never"
    assert (await session.lenses(session.uri))[0].startswith("stale · ")
    await editor.until(lambda: session.faded() == [DEAD + 1])
    editor.close(session.uri)
    await editor.until(lambda: not session.faded())


@pytest.mark.parametrize("uri", ["file:///no/such.sv", "untitled:Untitled-1", "file:///etc/passwd"])
async def test_a_document_of_which_nothing_is_known_has_no_answer(
    editor: Editor, tmp_path: Path, uri: str
) -> None:
    await editor.begin(tmp_path)
    document = lsp.TextDocumentIdentifier(uri)
    assert not await editor.text_document_inlay_hint_async(lsp.InlayHintParams(document, WHOLE))
    assert not await editor.text_document_code_lens_async(lsp.CodeLensParams(document))
    place = lsp.HoverParams(document, lsp.Position(0, 0))
    assert await editor.text_document_hover_async(place) is None
    hint = lsp.InlayHint(lsp.Position(0, 0), "x", data={"uri": uri})
    assert (await editor.inlay_hint_resolve_async(hint)).tooltip is None
    bare = lsp.InlayHint(lsp.Position(0, 0), "x", data=[3])
    assert (await editor.inlay_hint_resolve_async(bare)).tooltip is None
