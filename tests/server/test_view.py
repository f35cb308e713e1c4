"""Coverage stands where its text stands: as it was simulated, and after any edit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchwright_server.results.line_map import lines_of
from benchwright_server.results.result import Result
from benchwright_server.results.view import file_view
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.errors import Location
from benchwright_sim.verdict import Verdict, Verdicts
from benchwright_sim.waivers import Waiver
from tests.server.viewed import (
    BODY,
    DESIGN,
    all_bins,
    hits,
    line_of,
    simulated,
    view_of,
    with_bins,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return simulated(tmp_path_factory.mktemp("design"), DESIGN)


def test_every_bin_stands_at_its_word(result: Result) -> None:
    words = {
        "if": r"if \(|`BODY",
        "else": r"if \(|`BODY",
        "elsif": r"if \(",
        "case": r": |default",
        "cond_then": r"\[0\]",
        "cond_else": r"\[0\]",
        "block": r"always_|initial|`BODY",
    }
    lines = lines_of(DESIGN)
    for bin_ in all_bins(view_of(result)):
        at = lines[bin_.line][bin_.character :]
        if bin_.bin.kind is Kind.TOGGLE:
            word = re.escape(re.split(r"[\[:.]", bin_.bin.name)[0])
            assert re.match(rf"{word}\b|`BODY|many|one|two|\w+;|i\b", at), (bin_, at)
        elif bin_.bin.name in words:
            assert re.match(words[bin_.bin.name], at), (bin_, at)


def test_lines_know_how_often_they_were_executed(result: Result) -> None:
    found = hits(view_of(result))
    assert found["q <= 0;"] == found["0: q <= 5;"] == 3
    assert found["always_ff @(posedge clk) begin"] == found["if (rst) begin"] == 6
    assert found["end else if (s == 1) begin"] == 3  # decided three times, and never so
    assert found["q <= 1;"] == found["q <= 9;"] == found["3: q <= 4;"] == 0
    assert found["/* ü🙂 */ if (s == 2) q <= 3;"] == 3
    assert found["if (s == 3)"] == 0
    assert "endmodule" not in found


def test_dead_lines_are_those_that_were_never_executed(result: Result) -> None:
    view = view_of(result)
    dead = {DESIGN.split("\n")[n].strip() for n, line in view.lines.items() if line.dead}
    assert dead == {
        "q <= 1;",
        "if (s == 3)",
        "q <= 9;",
        "3: q <= 4;",
        "default: ;",
        '$display("Ä", b);',
    }


def test_a_line_within_a_block_names_the_bins_that_count_it(result: Result) -> None:
    line = view_of(result).lines[line_of(DESIGN, "q <= 1;")]
    assert [(b.bin.name, b.line, b.count) for b in line.blocks] == [
        ("if", line_of(DESIGN, "s == 1"), 0)
    ]


def test_modules_have_their_own_bins_of_all_instances(result: Result) -> None:
    top, leaf = view_of(result).modules
    assert (top.name, top.line, top.character) == ("top", 1, 7)
    assert (leaf.name, leaf.line) == ("leaf", line_of(DESIGN, "module leaf"))
    of_leaf = [b for b in result.coverage if b.module == "leaf"]
    assert leaf.closure.total == len(of_leaf) > 4
    assert leaf.open == sum(not result.coverage[b] for b in of_leaf)
    assert top.overall is not None
    assert set(top.tallies) == {"line", "branch", "expr", "toggle"}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_move_nothing(result: Result, end: str) -> None:
    view = view_of(result, DESIGN.replace("\n", end))
    assert not view.stale
    assert hits(view) == hits(view_of(result))


def test_a_design_with_dos_line_ends_and_none_at_its_end(tmp_path: Path, result: Result) -> None:
    text = DESIGN.replace("\n", "\r\n").replace("\t/* one", "\t/* a lone \r return; one")
    view = view_of(simulated(tmp_path, text), text)
    assert len(lines_of(text)) == len(lines_of(DESIGN)) + 1
    found = hits(view, text)
    assert {line: found[line] for line in hits(view_of(result))} == hits(view_of(result))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_moves_to_another_text_by_any_edit(result: Result, data: st.DataObject) -> None:
    lines = lines_of(DESIGN)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines)))
        what = data.draw(st.sampled_from(["insert", "delete", "change", "double"]))
        if what == "insert":
            lines[at:at] = data.draw(
                st.lists(st.sampled_from(["", "// x", "\tend", "q"]), max_size=3)
            )
        elif what == "delete":
            del lines[at : at + data.draw(st.integers(0, 4))]
        elif what == "change" and at < len(lines):
            lines[at] += " "
        elif what == "double":
            lines[at:at] = lines[max(0, at - 2) : at]
    before = lines_of(DESIGN)
    text = "\n".join(lines)
    now = lines_of(text)
    view = view_of(result, text)
    assert view.stale == (now != before)
    for number, line in view.lines.items():
        assert line.line == number
        for bin_ in (*line.bins, *line.blocks):
            assert now[bin_.line] == before[bin_.bin.line - 1]
    head = next((n for n, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), None)
    known = [n for n in view_of(result).lines if head is None or n < head]
    assert set(known) <= set(view.lines)


ANY_BIN = st.builds(
    Bin,
    file=st.just("top.sv"),
    line=st.integers(-1, 9),
    column=st.integers(-1, 40) | st.just(10**12),
    kind=st.sampled_from(Kind),
    name=st.sampled_from(["if", "else", "elsif", "block", "case", "cond_then", "x:0->1", ""]),
    module=st.sampled_from(["top", "", "other"]),
    span=st.sampled_from(["", "1", "2-4,6", "5-999999999", "0-0,-,x", "9" * 5000, "7-1"]),
)
ANY_LINE = st.sampled_from(
    [
        "",
        "if (a)",
        "else",
        "else if (b) /* ü🙂",
        "*/ `M(x) // */",
        '"a\\"b/*" \\e*/ x',
        "for (;;)",
        "\r",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY_BIN, max_size=8), st.lists(ANY_LINE, max_size=6), st.booleans())
def test_what_another_flow_wrote_is_never_an_error(
    result: Result, bins: list[Bin], lines: list[str], edited: bool
) -> None:
    text = "\n".join(lines)
    known = replace(result, texts={"top.sv": text}, parts=(with_bins(result.parts[0], bins),))
    now = "module top;\n" + text if edited else text
    for number, line in view_of(known, now).lines.items():
        assert 0 <= number < len(lines_of(now))
        for bin_ in line.bins:
            assert 0 <= bin_.character <= max(map(len, lines), default=0)


def test_a_line_that_changed_shows_nothing(result: Result) -> None:
    text = "// new\n" + DESIGN.replace("q <= 1;", "q <= 2;")
    view = view_of(result, text)
    assert view.stale
    assert line_of(text, "q <= 2;") not in view.lines
    assert view.lines[line_of(text, "q <= 9;")].dead


def test_nothing_is_known_of_another_file(result: Result) -> None:
    other = result.root / "other.sv"
    view = file_view(other, "module m; endmodule", result)
    assert (dict(view.lines), view.stale) == ({}, False)
    assert [m.name for m in view.modules] == ["m"]
    assert file_view(other, "", None).modules == ()
    assert dict(view_of(result, "").lines) == {}


def test_verdicts_of_all_kinds_and_waivers_of_now(result: Result) -> None:
    line, branch, *_ = [
        b for b, count in result.coverage.items() if not count and b.kind != "toggle"
    ]
    part = result.parts[0]
    verdicts = Verdicts(
        {
            **part.record.verdicts,
            line: Verdict("unreachable", "induction"),
            branch: Verdict("waived", "somebody", "of old"),
        }
    )
    spec = replace(result.spec, waivers=(result.root / "waivers.toml",))
    parts = (replace(part, record=replace(part.record, verdicts=verdicts)),)
    judged = {b.bin: b for b in all_bins(view_of(replace(result, parts=parts, spec=spec)))}
    assert judged[line].verdict == Verdict("unreachable", "induction")
    assert judged[branch].verdict.status == "unknown"
    alone = {b.bin: b for b in all_bins(view_of(replace(result, parts=parts)))}
    assert alone[branch].verdict == Verdict("waived", "somebody", "of old")
    waiver = Waiver((branch.id, line.id), "tied off", "team", Location(Path("w.toml"), 1))
    judged = {
        b.bin: b
        for b in all_bins(view_of(replace(result, parts=parts, spec=spec), waivers=[waiver]))
    }
    assert judged[branch].verdict == Verdict("waived", "team", "tied off")
    assert judged[line].verdict.status == "unreachable"
    assert not judged[branch].open


def test_an_include_file_has_its_lines(result: Result) -> None:
    view = file_view(result.root / "body.svh", BODY, result)
    assert not view.stale
    assert not view.modules
