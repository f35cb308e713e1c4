"""Commands on a text whose lines have moved since it was measured: bins are named as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException
from pytest_lsp import client_capabilities

from benchwright_sim.waivers import read_waivers
from tests.server.editor import Editor

pytestmark = pytest.mark.asyncio

DESIGN = """module d (input clk, input [3:0] a, output reg [3:0] q);
  always @(posedge clk)
    if (a == 9 && q == 15 && 0) q <= 0;
    else q <= a;
endmodule
"""
HOLE = 2
MOVED = 3


async def measured(editor: Editor, folder: Path) -> str:
    """A design with a hole that was measured, and then moved down in an unsaved buffer."""
    source = folder / "d.sv"
    source.write_text(DESIGN, encoding="utf-8")
    await editor.begin(folder)
    uri = editor.open(source)
    run = await editor.started("generate", uri=uri, budget=1)
    assert (await editor.ended(run))["state"] == "done"
    editor.insert(uri, 0, "\n" * MOVED)
    return uri


async def test_what_moved_is_explained_covered_and_waived_where_it_is(
    editor: Editor, tmp_path: Path
) -> None:
    uri = await measured(editor, tmp_path)
    line = HOLE + MOVED
    explained = await editor.ended(await editor.started("explain", uri=uri, line=line))
    assert f"d.sv:{line + 1} branch `if`" in explained["markdown"]
    assert "a == 9" in explained["markdown"]
    assert "never" in explained["markdown"]
    await editor.command("waive", uri=uri, line=line, reason="tied off")
    (waiver,) = read_waivers(tmp_path / "waivers.toml")
    assert all(f":d.sv:{line + 1}:" in name for name in waiver.bins)
    measured_as = waiver.bins[0].replace(f":{line + 1}:", f":{HOLE + 1}:", 1)
    explained = await editor.ended(await editor.started("explain", uri=uri, bin=measured_as))
    assert f"d.sv:{line + 1} branch `if`" in explained["markdown"]
    covered = await editor.ended(await editor.started("cover", uri=uri, line=line, budget=1))
    assert covered["state"] == "done", covered["message"]


async def test_what_changed_is_not_taken_for_what_was_measured(
    editor: Editor, tmp_path: Path
) -> None:
    uri = await measured(editor, tmp_path)
    editor.change(uri, DESIGN.replace("a == 9", "a == 8"))
    for name in ("cover", "waive"):
        with pytest.raises(JsonRpcException, match="nothing that is known to be open"):
            await editor.command(name, uri=uri, line=HOLE)
    with pytest.raises(JsonRpcException, match="has changed since it was measured"):
        await editor.command("explain", uri=uri, bin="branch:d.sv:3:5:if")
    with pytest.raises(JsonRpcException, match="measure it again"):
        await editor.command("closeRest", uri=uri)


async def test_a_client_without_edits_is_told_what_to_waive(editor: Editor, tmp_path: Path) -> None:
    capabilities = client_capabilities("visual-studio-code")
    assert capabilities.workspace is not None
    capabilities.workspace.apply_edit = False
    source = tmp_path / "d.sv"
    source.write_text(DESIGN, encoding="utf-8")
    await editor.begin(tmp_path, capabilities=capabilities)
    with pytest.raises(JsonRpcException, match="applies no edits"):
        await editor.command("waive", uri=editor.open(source), bins=["line:d.sv:3:5:if"])
