"""Inlay hints say what a line lacks, or how often it was executed, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from benchwright_server.features.hints import hints, resolved
from benchwright_server.features.page import Page
from benchwright_server.results.provisional import Provisional
from benchwright_server.settings import Settings
from benchwright_sim.bins import bin_to_json
from benchwright_sim.errors import Location
from benchwright_sim.waivers import Waiver
from tests.server.measured import (
    FIFO,
    LOCK,
    WHOLE,
    line_of,
    lines,
    page_of,
    result_of,
    unmeasured,
    with_settings,
)


def labels(page: Page) -> dict[int, str]:
    """The label of every line that has one."""
    return {hint.position.line: str(hint.label) for hint in hints(page, WHOLE)}


def label(page: Page, text: str) -> str:
    """The label of the first line that holds a text, empty when it has none."""
    return labels(page).get(line_of(page, text), "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always_ff @(posedge clk)", "5x"),
        ("write_ptr <= '0;", "2x"),
        ("read_ptr  <= '0;", ""),  # the count of the line above
        ("default: level", "never"),
        ("if (push && full && !pop)", "if never"),
        ("else if (!flush)", "else never"),
        ("if (do_push) write_ptr", "? then never"),
        ("if (rst || flush)", "2 of 3 terms"),
        ("logic [WIDTH-1:0]      memory", ""),  # toggles are told on request only
        ("endmodule", ""),
    ],
)
def test_each_line_says_one_thing(text: str, expected: str) -> None:
    assert label(page_of(FIFO), text) == expected


def test_faded_code_says_never_once() -> None:
    page = page_of(LOCK)
    found = labels(page)
    first = line_of(page, "DIGIT_3: begin")
    assert found[first] == "never"
    assert [found.get(line) for line in range(first + 1, first + 4)] == [None] * 3
    plain = labels(with_settings(page, Settings(fade=False)))
    assert [plain[line] for line in range(first, first + 3)] == ["never"] * 3


def test_a_body_says_nothing_below_a_decision_that_says_it() -> None:
    text = FIFO.read_text("utf-8")
    page = page_of(FIFO, text=text)
    assert label(page, "if (pop && empty)") == "if never"
    lock = page_of(LOCK)
    assert label(lock, "state_e                 state_q") == "1 of 6 states · 0 of 13 arcs"


def test_settings_switch_each() -> None:
    page = page_of(FIFO)
    assert not hints(with_settings(page, Settings(hints_enabled=False)), WHOLE)
    bare = with_settings(page, Settings(hints_covered=False))
    assert not any(text.endswith("x") for text in labels(bare).values())
    assert label(bare, "default: level") == "never"
    toggles = with_settings(page, Settings(hints_toggles=True))
    assert label(toggles, "push_data,") == "toggle 4/16"
    assert label(toggles, "logic                   clk,") == ""


def test_only_the_asked_lines_answer() -> None:
    page = page_of(FIFO)
    first, last = 40, 60
    assert {hint.position.line for hint in hints(page, lines(first, last))} == {
        line for line in labels(page) if first <= line <= last
    }
    assert not hints(page, lines(5_000, 6_000))


def test_a_hint_stands_behind_the_text_in_the_units_of_the_client() -> None:
    text = FIFO.read_text("utf-8")
    old = "        default: level <= level;"
    for encoding, units in (
        (lsp.PositionEncodingKind.Utf16, 2),
        (lsp.PositionEncodingKind.Utf8, 4),
        (lsp.PositionEncodingKind.Utf32, 1),
    ):
        page = page_of(FIFO, text=text.replace(old, f"// 😀\n{old}"), encoding=encoding)
        assert page.text.position(line_of(page, "// 😀"), 4).character == 3 + units
        found = {hint.position.line: hint.position.character for hint in hints(page, WHOLE)}
        assert found[line_of(page, "default: level")] == len(old)


def test_edits_move_hints_and_a_changed_line_has_none() -> None:
    text = FIFO.read_text("utf-8")
    page = page_of(FIFO, text="// a line above\n" + text.replace("level + 1'b1", "level + 2'b1"))
    assert page.view.stale
    assert label(page, "default: level") == "never"
    assert label(page, "level + 2'b1") == ""


def test_waived_bins_are_called_waived() -> None:
    waiver = Waiver(
        bins=("line:fifo.sv:58:*", "branch:fifo.sv:68:*"),
        reason="never full",
        author="design team",
        location=Location(Path("waivers.toml"), 1),
    )
    page = page_of(FIFO, waivers=[waiver])
    assert label(page, "default: level") == "waived"
    assert label(page, "if (push && full && !pop)") == "if waived"


def test_a_running_job_is_marked() -> None:
    job = Provisional()
    bins = list(result_of(FIFO).coverage)
    wanted = next(n for n, bin_ in enumerate(bins) if bin_.id.startswith("line:fifo.sv:58:"))
    job.update(
        {
            "root": str(FIFO.parent),
            "bins": [bin_to_json(bin_) for bin_ in bins],
            "covered": [wanted],
        }
    )
    page = page_of(FIFO, provisional=job)
    assert label(page, "default: level") == "~1x"
    assert all(text.startswith("~") for text in labels(page).values())


def test_the_tooltip_lists_the_bins() -> None:
    page = page_of(FIFO)
    line = line_of(page, "if (push && full && !pop)")
    hint = next(hint for hint in hints(page, lines(line)))
    assert hint.tooltip is None
    tooltip = resolved(page, hint).tooltip
    assert isinstance(tooltip, lsp.MarkupContent)
    assert "branch `if`" in tooltip.value
    stale = replace(page, view=replace(page.view, stale=True))
    assert "stale" in str(resolved(stale, hint).tooltip)


def test_nothing_known_gives_no_hint() -> None:
    for text in ("", "\n", "module a; endmodule", "not Verilog at all \x00"):
        assert hints(unmeasured(text), WHOLE) == []
