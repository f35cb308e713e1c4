"""Code actions are offered where they can be done, and of the kinds that a client asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from lsprotocol import types as lsp

from benchwright_server.features.actions import KINDS, actions
from benchwright_server.features.diagnostics import coverage_diagnostics
from benchwright_server.features.page import Page
from tests.server.measured import FIFO, TB_FIFO, line_of, lines, page_of, unmeasured

ON_BINS = ["Cover this", "Explain why it is uncovered", "Waive with a reason"]
GENERATE = "Generate coverage testbench"
REWRITE = lsp.CodeActionKind.RefactorRewrite


def offered(
    page: Page,
    line: int,
    only: Sequence[lsp.CodeActionKind | str] | None = None,
    diagnostics: Sequence[lsp.Diagnostic] = (),
) -> list[lsp.CodeAction]:
    """What is offered on a line."""
    context = lsp.CodeActionContext(diagnostics=diagnostics, only=only)
    return actions(page, lines(line), context)


def titles(page: Page, line: int, only: Sequence[str] | None = None) -> list[str]:
    """The titles of what is offered on a line."""
    return [action.title for action in offered(page, line, only)]


def argument(action: lsp.CodeAction) -> dict[str, object]:
    """The one argument of an action's command."""
    assert action.command
    assert action.command.arguments
    (found,) = action.command.arguments
    assert isinstance(found, dict)
    return found


def test_a_header_offers_a_testbench_and_the_rest() -> None:
    page = page_of(FIFO)
    generate, rest = offered(page, line_of(page, "module fifo"))
    assert (generate.title, generate.kind) == (GENERATE, REWRITE)
    assert (rest.title, rest.kind) == ("Close the rest of fifo", REWRITE)
    assert argument(generate) == {"uri": page.uri, "module": "fifo"}


def test_the_inside_of_a_module_offers_a_testbench_as_a_source_action() -> None:
    page = page_of(FIFO)
    (action,) = offered(page, line_of(page, "localparam int"))
    assert (action.title, action.kind) == (GENERATE, "source.benchwright.generate")


def test_an_open_line_can_be_covered_explained_and_waived() -> None:
    page = page_of(FIFO)
    line = line_of(page, "if (push && full")
    found = offered(page, line)
    assert [action.title for action in found] == [*ON_BINS, GENERATE]
    assert {action.kind for action in found[:3]} == {lsp.CodeActionKind.QuickFix}
    cover, explain, waive = (argument(action) for action in found[:3])
    ids = [
        "branch:fifo.sv:68:7:if",
        "expr:fifo.sv:68:24:(push==1 && full==1 && pop==0) => 1",
    ]
    assert cover == {"uri": page.uri, "line": line, "bins": cover["bins"]}
    assert sorted(str(name) for name in cover["bins"]) == ids  # type: ignore[attr-defined]  # a list
    assert explain == {"uri": page.uri, "line": line}
    assert waive == cover


def test_one_open_bin_is_named_in_the_question() -> None:
    page = page_of(FIFO)
    line = line_of(page, "default: level")
    assert argument(offered(page, line)[1])["bin"] == "line:fifo.sv:58:9:case"


def test_thousands_of_toggles_are_named_by_their_line() -> None:
    page = page_of(FIFO)
    line = line_of(page, "memory[DEPTH]")
    assert argument(offered(page, line)[0]) == {"uri": page.uri, "line": line}
    assert "toggle" in str(argument(offered(page, line_of(page, "flush,"))[0])["bins"])


def test_a_selection_is_taken_whole() -> None:
    page = page_of(FIFO)
    first = line_of(page, "if (push && full")
    context = lsp.CodeActionContext(diagnostics=[])
    found = argument(actions(page, lines(first, first + 1), context)[0])
    assert len(found["bins"]) > 2  # type: ignore[arg-type]  # a list


def test_a_fix_names_our_diagnostics_and_no_others() -> None:
    page = page_of(FIFO)
    line = line_of(page, "default: level")
    ours = [i for i in coverage_diagnostics(page) if i.range.start.line == line]
    other = lsp.Diagnostic(lines(line), "a lint", source="other", data={"bins": ["x"]})
    found = offered(page, line, diagnostics=[*ours, other])
    assert found[0].diagnostics == ours
    assert found[-1].diagnostics is None
    assert offered(page, line)[0].diagnostics is None


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["quickfix"], ON_BINS),
        ([lsp.CodeActionKind.QuickFix], ON_BINS),
        (["source"], [GENERATE]),
        (["source.benchwright"], [GENERATE]),
        (["source.benchwright.generate"], [GENERATE]),
        (["source.benchwright.gen"], []),
        (["source.organizeImports"], []),
        (["refactor"], []),
        (["refactor", "quickfix"], ON_BINS),
        ([], [*ON_BINS, GENERATE]),
        ([""], [*ON_BINS, GENERATE]),
    ],
)
def test_a_client_gets_the_kinds_that_it_asks_for(only: list[str], expected: list[str]) -> None:
    page = page_of(FIFO)
    assert titles(page, line_of(page, "if (push && full"), only) == expected


def test_a_header_has_each_kind_on_request() -> None:
    page = page_of(FIFO)
    header = line_of(page, "module fifo")
    both = [GENERATE, "Close the rest of fifo"]
    assert titles(page, header, ["refactor"]) == both
    assert titles(page, header, ["source"]) == both
    assert titles(page, header, ["quickfix"]) == []


def test_a_testbench_can_be_measured_and_what_it_left_be_closed() -> None:
    page = replace(unmeasured(TB_FIFO), rest={"fifo": 3})
    measure, rest = offered(page, 1)
    assert (measure.title, measure.kind) == ("Measure coverage of this testbench", REWRITE)
    assert measure.command
    assert measure.command.command == "benchwright.simulate"
    assert (rest.title, argument(rest)["module"]) == ("Close the rest of fifo", "fifo")
    assert titles(page, 5) == ["Measure coverage of this testbench"]
    assert titles(unmeasured(TB_FIFO), 1) == ["Measure coverage of this testbench"]


@pytest.mark.parametrize("text", ["", "// nothing\n", "package p;\nendpackage\n", "interface i;\n"])
def test_nothing_is_offered_where_there_is_neither(text: str) -> None:
    for line in range(3):
        assert offered(unmeasured(text), line) == []


def test_outside_of_modules_and_of_the_text_nothing_is_offered() -> None:
    page = page_of(FIFO)
    for line in (0, 75, 10_000):
        assert offered(page, line) == []


def test_an_untrusted_workspace_can_only_waive() -> None:
    page = replace(page_of(FIFO), trusted=False)
    assert titles(page, line_of(page, "default: level")) == ["Waive with a reason"]
    assert titles(page, line_of(page, "module fifo")) == []


def test_every_kind_is_told_to_clients() -> None:
    told = {str(getattr(kind, "value", kind)) for kind in KINDS}
    page = replace(unmeasured(TB_FIFO), rest={"fifo": 3})
    found = [*offered(page, 1), *offered(page, 1, ["source"]), *offered(page_of(FIFO), 67)]
    assert {str(getattr(action.kind, "value", action.kind)) for action in found} == told - {
        "source.benchwright.none"
    }
