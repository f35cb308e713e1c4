"""Code lenses tell how much of a module is covered, offer what can be done, and show what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.features.lenses import lenses
from benchwright_server.features.page import Page
from benchwright_server.jobs.run import Run, RunKind, RunState
from benchwright_server.settings import Settings
from tests.server.measured import FIFO, TB_FIFO, page_of, unmeasured, with_settings


def titles(page: Page) -> list[str]:
    """What the lenses say, in order."""
    return [lens.command.title for lens in lenses(page) if lens.command]


def running(page: Page, kind: RunKind, state: RunState = "running", **known: Any) -> Page:
    """The file with one run for it."""
    run = Run(kind, page.uri, DesignSpec(page.view.path.parent), id="r1", state=state)
    for name, value in known.items():
        setattr(run, name, value)
    return replace(page, runs=(run,))


def test_a_measured_module_tells_its_coverage_and_what_is_open() -> None:
    page = page_of(FIFO)
    coverage, closure, generate, rest = lenses(page)
    assert coverage.command
    assert closure.command
    assert coverage.command.title.startswith("fifo: ")
    assert " %  line 85.7 · branch " in coverage.command.title
    assert closure.command.title.startswith("closure ")
    assert closure.command.title.endswith(" open")
    assert (coverage.command.command, closure.command.command) == ("", "")
    assert page.text.line(coverage.range.start.line)[7:11] == "fifo"
    assert (coverage.range.start.character, coverage.range.end.character) == (7, 11)
    place = {"uri": page.uri, "module": "fifo"}
    assert generate.command
    assert rest.command
    assert (generate.command.command, generate.command.arguments) == (
        "benchwright.generate",
        [place],
    )
    assert (rest.command.command, rest.command.arguments) == ("benchwright.closeRest", [place])


def test_an_unmeasured_module_offers_a_testbench_alone() -> None:
    text = "module a(input x); endmodule\nmodule b(input y); endmodule\ninterface c; endinterface\n"
    assert titles(unmeasured(text)) == ["Generate coverage testbench"] * 2


def test_a_testbench_offers_to_be_measured() -> None:
    assert titles(unmeasured(TB_FIFO)) == ["Measure coverage of this testbench"]


@pytest.mark.parametrize("text", ["", "package p; endpackage\n", "# a readme\n", "module\n"])
def test_a_file_of_neither_offers_nothing(text: str) -> None:
    assert lenses(unmeasured(text)) == []


def test_stale_and_provisional_are_marked() -> None:
    stale = page_of(FIFO, text="// above\n" + FIFO.read_text("utf-8"))
    assert titles(stale)[0].startswith("stale · fifo: ")
    live = replace(page_of(FIFO), view=replace(page_of(FIFO).view, provisional=True))
    assert titles(live)[0].startswith("fifo: ~")
    assert titles(live)[1].startswith("closure ~")


def test_what_is_closed_needs_no_more() -> None:
    page = page_of(FIFO)
    (module,) = page.view.modules
    done = replace(module, open=0, closure=replace(module.closure, covered=module.closure.total))
    found = titles(replace(page, view=replace(page.view, modules=(done,))))
    assert len(found) == 2
    assert found[1] == "Generate coverage testbench"


def test_a_run_shows_how_far_it_is_and_how_to_end_it() -> None:
    known: dict[str, Any] = {
        "phase": "search",
        "tallies": {"line": [3, 4], "toggle": [1, 1]},
        "bins_left": 1,
    }
    page = running(unmeasured("module a(input x); endmodule\n"), "generate", **known)
    assert titles(page) == [
        "Generating: search, 87.5 %, 1 bin left",
        "Stop and keep the best",
        "Cancel",
    ]
    assert [lens.command.arguments for lens in lenses(page) if lens.command] == [
        None,
        [{"runId": "r1"}],
        [{"runId": "r1"}],
    ]


def test_a_run_that_waits_or_only_measures_cannot_keep_a_best() -> None:
    page = unmeasured("module a(input x); endmodule\n")
    assert titles(running(page, "generate", "queued")) == ["Generating: queued", "Cancel"]
    assert titles(running(page, "simulate")) == ["Measuring …", "Cancel"]
    assert titles(running(page, "generate", "done")) == ["Generate coverage testbench"]


def test_a_run_stands_at_its_own_module() -> None:
    page = unmeasured("module a(input x); endmodule\nmodule b(input y); endmodule\n")
    offer = "Generate coverage testbench"
    of_b = titles(running(page, "cover", "queued", module="b"))
    assert of_b == [offer, "Covering: queued", "Cancel"]
    unnamed = titles(running(page, "cover", "queued"))
    assert unnamed == ["Covering: queued", "Cancel", offer]
    other = running(page, "cover", "queued", uri="file:///w/other.sv")
    assert titles(other) == [offer, offer]


def test_settings_and_trust() -> None:
    page = page_of(FIFO)
    assert lenses(with_settings(page, Settings(lenses=False))) == []
    assert len(lenses(replace(page, trusted=False))) == 2
