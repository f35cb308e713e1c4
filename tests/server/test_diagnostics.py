"""Diagnostics: faded dead code, open bins as hints on their tokens, and what elaboration found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from benchwright_server.features.client_text import ClientText
from benchwright_server.features.diagnostics import coverage_diagnostics, problem_diagnostics
from benchwright_server.features.page import Page
from benchwright_server.problems import Problem, Severity
from benchwright_server.settings import Settings
from benchwright_sim.errors import Location
from benchwright_sim.waivers import Waiver
from tests.server.measured import FIFO, LOCK, line_of, page_of, unmeasured, with_settings


def faded(page: Page) -> list[tuple[int, int]]:
    """First and last line of all that is faded."""
    return [
        (item.range.start.line, item.range.end.line)
        for item in coverage_diagnostics(page)
        if item.tags
    ]


def token(page: Page, item: lsp.Diagnostic) -> str:
    """The text under a diagnostic of one line."""
    text = page.text.line(item.range.start.line)
    return text[item.range.start.character : item.range.end.character]


def on_line(page: Page, text: str) -> dict[str, lsp.Diagnostic]:
    """The diagnostics of the first line that holds a text, by code."""
    line = line_of(page, text)
    found = [i for i in coverage_diagnostics(page) if i.range.start.line == line]
    by_code = {str(item.code): item for item in found}
    assert len(by_code) == len(found)
    return by_code


def test_dead_code_is_faded_in_one_piece_with_what_closes_it() -> None:
    page = page_of(LOCK)
    first = line_of(page, "DIGIT_2: begin")
    last = line_of(page, "default: state_d = LOCKED;")
    assert (first, last) in faded(page)
    opened = line_of(page, "OPEN: begin")
    assert page.text.line(opened + 3).strip() == "end"
    assert page.text.line(opened + 4).strip().startswith("PENALTY")
    piece = next(piece for piece in faded(page) if piece[0] == opened)
    assert piece[1] == opened + 4


def test_a_live_head_keeps_its_end() -> None:
    text = """\
module m (input logic clk, input logic a, output logic q);
endmodule
"""
    assert faded(unmeasured(text)) == []
    page = page_of(FIFO)
    line = line_of(page, "default: level")
    assert faded(page) == [(line, line)]


def test_fading_goes_from_text_to_text() -> None:
    page = page_of(FIFO)
    (item,) = (i for i in coverage_diagnostics(page) if i.tags)
    assert item.tags == [lsp.DiagnosticTag.Unnecessary]
    assert item.severity == lsp.DiagnosticSeverity.Hint
    assert token(page, item) == "default: level <= level;"
    assert item.data == {"line": 57, "bins": ["line:fifo.sv:58:9:case"]}


def test_open_bins_stand_on_their_tokens() -> None:
    page = page_of(FIFO)
    found = on_line(page, "if (do_push) write_ptr")
    assert token(page, found["uncovered-branch"]) == "'0"  # where Verilator places it
    assert found["uncovered-branch"].message == "`? then` never taken"
    assert token(page, found["uncovered-expr"]) == "=="
    assert found["uncovered-expr"].source == "benchwright"
    assert token(page, on_line(page, "if (push && full")["uncovered-branch"]) == "if"
    assert token(page, on_line(page, "else if (!flush)")["uncovered-branch"]) == "if"


def test_toggles_are_one_diagnostic_for_a_declaration() -> None:
    page = page_of(FIFO)
    found = on_line(page, "memory[DEPTH]")
    assert set(found) == {"uncovered-toggle"}
    assert token(page, found["uncovered-toggle"]) == "memory"
    assert found["uncovered-toggle"].message.startswith("never toggled: memory[0]")
    assert found["uncovered-toggle"].data == {"line": 27}  # hundreds of names would be no use
    states = on_line(page_of(LOCK), "state_e                 state_q")
    assert set(states) == {"uncovered-fsm", "uncovered-toggle"}


def test_nothing_is_said_twice_within_dead_code() -> None:
    page = page_of(LOCK)
    first = line_of(page, "DIGIT_2: begin")
    within = [
        item
        for item in coverage_diagnostics(page)
        if not item.tags and first <= item.range.start.line <= first + 17
    ]
    assert within == []


def test_settings_and_running_jobs_switch_them_off() -> None:
    page = page_of(FIFO)
    bare = with_settings(page, Settings(fade=False))
    assert coverage_diagnostics(bare)
    assert not faded(bare)
    only_faded = with_settings(page, Settings(uncovered_diagnostics=False))
    assert all(item.tags for item in coverage_diagnostics(only_faded))
    neither = with_settings(page, Settings(fade=False, uncovered_diagnostics=False))
    assert coverage_diagnostics(neither) == []
    assert coverage_diagnostics(replace(page, view=replace(page.view, provisional=True))) == []


def test_waived_code_stays_faded_and_says_why() -> None:
    waiver = Waiver(
        bins=("line:fifo.sv:58:*", "branch:fifo.sv:68:*"),
        reason="never full",
        author="design team",
        location=Location(Path("waivers.toml"), 1),
    )
    page = page_of(FIFO, waivers=[waiver])
    assert on_line(page, "default: level")["waived"].message == "never executed, waived: never full"
    assert "uncovered-branch" not in on_line(page, "if (push && full")


def test_every_code_is_explained_on_its_page() -> None:
    for page in (page_of(FIFO), page_of(LOCK)):
        for item in coverage_diagnostics(page):
            assert item.code_description is not None
            url = urlparse(item.code_description.href)
            assert url.scheme == "file"
            text = Path(unquote(url.path)).read_text("utf-8").splitlines()
            assert text[int(url.fragment.removeprefix("L")) - 1] == f"## {item.code}"


def problem(line: int, column: int, end: int | None = None, kind: Severity = "error") -> Problem:
    """A problem somewhere."""
    return Problem(Path("/w/a.sv"), line, column, end, kind, "unknown name `b`", "Undeclared")


def test_problems_stand_where_elaboration_found_them() -> None:
    text = ClientText(["module a;\n", "  assign é = b;\r\n"], PositionCodec())
    given = [problem(2, 14), problem(2, 3, 9, "warning"), problem(1, 0, kind="note")]
    found = problem_diagnostics(given, text)
    assert [
        (i.range.start.line, i.range.start.character, i.range.end.character) for i in found
    ] == [
        (1, 13, 14),
        (1, 2, 8),
        (0, 0, 9),
    ]
    assert [i.severity for i in found] == [
        lsp.DiagnosticSeverity.Error,
        lsp.DiagnosticSeverity.Warning,
        lsp.DiagnosticSeverity.Information,
    ]
    assert (found[0].source, found[0].code) == ("benchwright", "Undeclared")


def test_a_problem_outside_of_the_text_stands_at_its_end() -> None:
    for lines in (["module a;\n"], [""], []):
        text = ClientText(lines, PositionCodec())
        for given in (problem(99, 99), problem(0, 0), problem(1, 500, 900), problem(1, 9, 3)):
            (item,) = problem_diagnostics([given], text)
            assert item.range.start.line == item.range.end.line == 0
            assert item.range.start.character <= item.range.end.character <= 9
