"""A session over stdio: it begins at once, says what it can, and ends without leaving anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from benchwright_server.app import create_server
from tests.server.editor import Editor

pytestmark = pytest.mark.asyncio


async def test_a_session_begins_and_ends(editor: Editor, tmp_path: Path) -> None:
    result = await editor.begin(tmp_path)
    assert result.server_info is not None
    assert result.server_info.name == "benchwright"
    await editor.shutdown_session()
    editor.error = RuntimeError("the test has ended the session")
    assert editor._server is not None
    assert await asyncio.wait_for(editor._server.wait(), 5) == 0


async def test_nothing_is_kept_of_what_was_handled() -> None:
    protocol = create_server().protocol
    done: list[object] = []

    async def handle(params: object) -> None:
        done.append(params)

    for number in range(10):
        protocol._execute_handler(f"n{number}", handle, lambda _: None, (number,))
    await asyncio.sleep(0.01)
    assert len(done) == 10
    assert not protocol._request_futures


async def test_what_is_wrong_with_a_project_file_is_shown_in_it(
    editor: Editor, tmp_path: Path
) -> None:
    project, source = tmp_path / "benchwright.toml", tmp_path / "m.sv"
    project.write_text('tops = "m"\n')
    source.write_text("module m(input logic a, output logic y); assign y = a; endmodule\n")
    await editor.begin(tmp_path)
    editor.open(source)
    uri = project.as_uri()
    (found,) = await editor.until(lambda: editor.diagnostics.get(uri))
    assert "unknown key 'tops'" in found.message
    project.write_text('sources = ["m.sv"]\n')
    editor.changed_on_disk(project)
    await editor.until(lambda: not editor.diagnostics.get(uri) or None)


async def test_a_session_ends_though_the_client_owes_an_answer(
    editor: Editor, tmp_path: Path
) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def later(*_: object) -> None:
        asked.set()
        await answered.wait()

    for method in (lsp.CLIENT_REGISTER_CAPABILITY, lsp.WORKSPACE_CONFIGURATION):
        editor.protocol.fm._features.pop(method, None)
        editor.feature(method)(later)

    await editor.begin(tmp_path)
    await asyncio.wait_for(asked.wait(), 5)
    await asyncio.wait_for(editor.shutdown_async(None), 5)
    answered.set()
    await asyncio.sleep(0)
    editor.exit(None)
    editor.error = RuntimeError("the test has ended the session")
    assert editor._server is not None
    assert await asyncio.wait_for(editor._server.wait(), 5) == 0
