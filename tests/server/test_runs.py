"""Runs with the real process and simulator, driven as an editor drives them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from tests.server.editor import Editor, plain

pytestmark = pytest.mark.asyncio


async def test_a_testbench_is_generated_and_its_coverage_kept(
    editor: Editor, design: Callable[[str], Path]
) -> None:
    source = design("alu.sv")
    await editor.begin(source.parent)
    uri = editor.open(source)
    asked_s = time.monotonic()
    run = await editor.started("generate", uri=uri, module="alu", budget=5)
    assert time.monotonic() - asked_s < 2
    ended = await editor.ended(run)
    assert ended["state"] == "done", ended
    bench = source.with_name("tb_alu.sv")
    assert ended["output"] == bench.as_uri()
    assert "module tb_alu" in bench.read_text("utf-8")
    assert [shown.uri for shown in editor.shown_documents] == [bench.as_uri()]
    assert not editor.shown_documents[0].take_focus
    kinds = [type(value).__name__ for value in editor.progress_reports[run]]
    assert kinds[0] == "WorkDoneProgressBegin"
    assert kinds[-1] == "WorkDoneProgressEnd"
    begin = editor.progress_reports[run][0]
    assert isinstance(begin, lsp.WorkDoneProgressBegin)
    assert begin.cancellable
    assert begin.title == "Testbench for alu"
    coverage = plain(await editor.protocol.send_request_async("benchwright/coverage", {}))
    assert [file["uri"] for file in coverage["files"]] == [uri]
    assert not coverage["files"][0]["stale"]
    measured = await editor.ended(await editor.started("simulate", uri=editor.open(bench)))
    assert measured["state"] == "done", measured
