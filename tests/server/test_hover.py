"""Hovering over a line tells its bins, what must hold, and the evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from benchwright_server.features.hover import bins_of_line, hover
from benchwright_server.features.page import Page
from benchwright_server.results.view import BinView, FileView, LineView
from benchwright_server.settings import Settings
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.errors import Location
from benchwright_sim.verdict import Verdict
from benchwright_sim.waivers import Waiver
from tests.server.measured import FIFO, LOCK, line_of, page_of, unmeasured, with_settings


def table(page: Page, text: str) -> list[list[str]]:
    """The rows below the heads, for the first line that holds a text."""
    rows = [row for row in bins_of_line(page, line_of(page, text)).splitlines() if row[:1] == "|"]
    return [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows[2:]]


def cells(page: Page, text: str, name: str) -> list[str]:
    """The row of one bin."""
    return next(
        [cell.strip() for cell in row] for row in table(page, text) if row[1].strip() == name
    )


def with_line(*bins: BinView) -> Page:
    """A file that has one line, with these bins."""
    page = unmeasured("a <= b;\n")
    view = FileView(page.view.path, False, False, {0: LineView(0, None, bins)}, (), None)
    return replace(page, view=view)


def view(name: str, count: int, verdict: Verdict, kind: Kind = Kind.EXPR) -> BinView:
    """A bin of that line."""
    return BinView(Bin("a.sv", 1, 1, kind, name), count, verdict, "", 0, 0)


def test_open_bins_come_first_with_what_must_hold() -> None:
    page = page_of(FIFO)
    rows = table(page, "if (push && full && !pop)")
    assert [row[0].strip() for row in rows][:2] == ["✗", "✗"]
    assert cells(page, "if (push && full", "branch `if`")[2:4] == ["0", "`push && full && !pop`"]
    covered = cells(page, "if (push && full", "branch `else`")
    assert (covered[0], covered[2]) == ("✓", "3")
    assert bins_of_line(page, line_of(page, "if (push && full")).startswith(
        "executed 3x · 2 of 6 bins open"
    )


def test_a_line_of_a_block_names_the_bin_that_counts_it() -> None:
    text = bins_of_line(page_of(FIFO), line_of(page_of(FIFO), "read_ptr  <= '0"))
    assert "branch `if` of line 48" in text


def test_toggles_are_summed_up_by_signal() -> None:
    page = page_of(FIFO)
    ((sign, name, count, told),) = table(page, "push_data,")
    assert (sign.strip(), name.strip(), count.strip()) == ("✗", "toggle `push_data`", "4 of 16")
    assert "`push_data[7:0]:1->0`" in told
    ((_, _, _, told),) = table(page, "memory[DEPTH]")
    assert "more" in told
    assert len(told) < 400
    assert table(page, "logic                   clk,")[0][0].strip() == "✓"


def test_states_come_before_arcs_and_a_long_table_ends() -> None:
    names = [row[1].strip() for row in table(page_of(LOCK), "state_e                 state_q")]
    assert names[0].startswith("state ")
    many = [view(f"(a=={n}) => 1", 0, Verdict("unknown")) for n in range(51)]
    text = bins_of_line(with_line(*many), 0)
    assert len([row for row in text.splitlines() if row.startswith("| ✗")]) == 20
    assert text.endswith("and 31 more")


def test_evidence_names_who_or_what_says_so() -> None:
    page = with_line(
        view("a", 3, Verdict("covered", "fill_up")),
        view("b", 0, Verdict("unreachable", "induction_2", "depth 4")),
        view("c", 0, Verdict("waived", "A. Person", "tied off")),
        view("d", 0, Verdict("unknown", "", "search: 100 cycles")),
        view("e", 0, Verdict("unknown", "", "formal: 20 steps")),
    )
    assert [[cell.strip() for cell in row] for row in table(page, "a")] == [
        ["✗", "term `d`", "0", "tried search: 100 cycles"],
        ["✗", "term `e`", "0", "tried formal: 20 steps"],
        ["✓", "term `a`", "3", "segment `fill\\_up`".replace("\\", "")],
        ["⊘", "term `b`", "0", "proof `induction_2`, depth 4"],
        ["○", "term `c`", "0", "waived by A. Person: tied off"],
    ]


def test_what_was_tried_for_all_is_said_once() -> None:
    tried = Verdict("unknown", "", "search: 100 cycles")
    text = bins_of_line(with_line(view("a", 0, tried), view("b", 0, tried)), 0)
    assert text.count("search: 100 cycles") == 1
    assert "Evidence" not in text


@pytest.mark.parametrize("name", ["a || b", "a | `b`", "\\esc|aped[0] ", "x\ny"])
def test_names_cannot_break_the_table(name: str) -> None:
    rows = table(with_line(view(name, 0, Verdict("unknown"))), "a")
    assert len(rows) == 1
    assert len(rows[0]) == 3


def test_a_reason_is_text_not_markdown() -> None:
    waiver = Waiver(
        bins=("line:fifo.sv:58:*",),
        reason="![x](http://a.b/c) <b>|\n[run](command:x)",
        author="*me*",
        location=Location(Path("waivers.toml"), 1),
    )
    page = page_of(FIFO, waivers=[waiver])
    told = cells(page, "default: level", "line `case`")[3]
    assert "\\!\\[x\\](http" in told
    assert "\\<b\\>\\|" in told
    assert "\n" not in told


def test_stale_and_provisional_are_said() -> None:
    page = page_of(FIFO, text="// above\n" + FIFO.read_text("utf-8"))
    assert "stale" in bins_of_line(page, line_of(page, "default: level"))
    running = replace(page, view=replace(page.view, provisional=True))
    assert "provisional" in bins_of_line(running, line_of(page, "default: level"))


def test_a_client_without_markdown_gets_plain_text() -> None:
    page = page_of(FIFO)
    line = line_of(page, "default: level")
    found = hover(page, line, lsp.MarkupKind.PlainText)
    assert found is not None
    assert isinstance(found.contents, lsp.MarkupContent)
    assert found.contents.kind == lsp.MarkupKind.PlainText
    assert found.contents.value == "never executed · 1 of 1 bin open\n\nBin  Count\n✗  line case  0"
    odd = with_line(view("a || b", 0, Verdict("waived", "me", "*of* [course]|")))
    found = hover(odd, 0, lsp.MarkupKind.PlainText)
    assert found is not None
    assert "○  term a || b  0  waived by me: *of* [course]|" in str(found.contents)


def test_nothing_is_told_where_nothing_is_known() -> None:
    page = page_of(FIFO)
    for line in (-1, 0, 74, 10_000):
        assert hover(page, line, lsp.MarkupKind.Markdown) is None
    off = with_settings(page, Settings(hover=False))
    assert hover(off, line_of(page, "default: level"), lsp.MarkupKind.Markdown) is None
