"""Coverage for an editor's own views: totals and details agree; what need not be covered is out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchwright_server.features.coverage_requests import details, summary
from benchwright_sim.errors import Location
from benchwright_sim.waivers import Waiver
from tests.server.editor import Editor, plain
from tests.server.measured import FIFO, LOCK, TB_FIFO, line_of, page_of, result_of, unmeasured


def statement(found: dict[str, Any], line: int) -> dict[str, Any] | None:
    """The statement that holds a line."""
    return next((s for s in found["statements"] if s["line"] <= line <= s["endLine"]), None)


def test_totals_are_those_of_the_bins() -> None:
    page = page_of(FIFO)
    coverage = result_of(FIFO).coverage
    found = summary(page.uri, page.view)
    lines, branches, terms = (coverage.tally(kind) for kind in ("line", "branch", "expr"))
    assert found["statement"] == [lines.covered, lines.total]
    assert found["branch"] == [branches.covered + terms.covered, branches.total + terms.total]
    assert found["declaration"] == [0, 0]
    assert (found["stale"], found["provisional"], found["top"]) == (False, False, "fifo")
    toggles = coverage.tally("toggle")
    more = summary(page.uri, page.view, toggles=True)["branch"]
    assert more == [found["branch"][0] + toggles.covered, found["branch"][1] + toggles.total]


def test_lines_of_one_block_are_one_statement() -> None:
    page = page_of(FIFO)
    found = details(page)
    first = line_of(page, "write_ptr <= '0;")
    assert statement(found, first) == {
        "line": first,
        "endLine": first + 2,
        "count": 2,
        "branches": [],
    }
    dead = statement(found, line_of(page, "default: level"))
    assert dead is not None
    assert dead["count"] == 0
    spans = [(s["line"], s["endLine"]) for s in found["statements"]]
    assert spans == sorted(spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


def test_branches_and_terms_are_labelled_on_their_statement() -> None:
    page = page_of(FIFO)
    found = statement(details(page), line_of(page, "if (push && full"))
    assert found is not None
    assert found["count"] == 3
    labels = {branch["label"]: branch["count"] for branch in found["branches"]}
    assert labels["branch if"] == 0
    assert labels["branch else"] == 3
    assert labels["term (push==1 && full==1 && pop==0) => 1"] == 0
    assert {branch["character"] for branch in found["branches"]} == {6, 23}
    alone = statement(details(page), line_of(page, "assign do_push"))
    assert alone is not None
    assert alone["count"] > 0


def test_states_and_arcs_are_declarations() -> None:
    page = page_of(LOCK)
    found = details(page)
    covered, total = summary(page.uri, page.view)["declaration"]
    assert (covered, total) == (1, 19)
    assert len(found["declarations"]) == total
    assert {"state state_q: LOCKED", "arc state_q: DIGIT_4 -> OPEN"} <= {
        item["name"] for item in found["declarations"]
    }
    assert {item["line"] for item in found["declarations"]} == {line_of(page, "state_q;")}


def test_toggles_come_on_request() -> None:
    page = page_of(FIFO)
    line = line_of(page, "push_data,")
    assert statement(details(page), line) is None
    found = statement(details(page, toggles=True), line)
    assert found is not None
    assert len(found["branches"]) == 16


def test_what_is_waived_is_left_out() -> None:
    waiver = Waiver(
        bins=("line:fifo.sv:58:*", "branch:fifo.sv:68:*"),
        reason="never full",
        author="design team",
        location=Location(Path("waivers.toml"), 1),
    )
    before, page = page_of(FIFO), page_of(FIFO, waivers=[waiver])
    assert statement(details(page), line_of(page, "default: level")) is None
    found = statement(details(page), line_of(page, "if (push && full"))
    assert found is not None
    assert "branch if" not in {branch["label"] for branch in found["branches"]}
    old, new = summary(before.uri, before.view), summary(page.uri, page.view)
    assert new["statement"] == [old["statement"][0], old["statement"][1] - 1]


def test_nothing_known_is_an_empty_answer() -> None:
    page = unmeasured("module a(input b); endmodule\n")
    assert details(page) == {"uri": page.uri, "stale": False, "statements": [], "declarations": []}


async def ask(editor: Editor, name: str, params: object) -> Any:
    """The answer to a request of ours."""
    protocol: Any = editor.protocol
    return plain(await protocol.send_request_async(f"benchwright/{name}", params))


@pytest.mark.asyncio
async def test_a_session_shows_what_a_testbench_covers(editor: Editor, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    design, bench = workspace / "fifo.sv", workspace / "tb_fifo.sv"
    design.write_bytes(FIFO.read_bytes())
    bench.write_text(TB_FIFO, encoding="utf-8")
    await editor.begin(workspace)
    uri, bench_uri = editor.open(design), editor.open(bench)
    ended = await editor.ended(await editor.started("simulate", uri=bench_uri))
    assert ended["state"] == "done", ended
    answer = await ask(editor, "coverage", {})
    (file,) = answer["files"]
    assert (file["uri"], file["statement"], file["top"]) == (uri, [6, 7], "fifo")
    asked = {"uri": uri, "toggles": False}
    found = await ask(editor, "fileCoverage", asked)
    line = line_of(page_of(FIFO), "default: level")
    dead = statement(found, line)
    assert dead is not None
    assert dead["count"] == 0
    editor.insert(uri, 0, "// a line above\n")
    moved = await ask(editor, "fileCoverage", asked)
    assert moved["stale"]
    dead = statement(moved, line + 1)
    assert dead is not None
    assert dead["count"] == 0
    for wrong in ({}, {"uri": 3}, {"uri": "file:///no/such.sv"}, {"uri": "untitled:x"}):
        assert not await ask(editor, "fileCoverage", wrong)
