"""A session over stdio: it begins at once, says what it can, and ends without leaving anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

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
