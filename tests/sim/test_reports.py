"""Tests of every form of report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.reports import cobertura, html, lcov, text
from benchwright_sim.reports.highlight import highlight
from benchwright_sim.reports.lines import line_hits, span_lines
from benchwright_sim.reports.report import Report, compact_names, metric_rows
from benchwright_sim.verdict import Verdicts, decide
from benchwright_sim.waivers import AppliedWaivers, apply_waivers, parse_waivers

SOURCE = """\
module fifo (input logic clk, input logic [1:0] d);
  always_ff @(posedge clk)
    if (d == 2'd3)  // "</script><b>&amp;
      q <= 1;
    else
      q <= 0;
endmodule
"""
HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"


def toggle(bit: int, way: str) -> Bin:
    return Bin("fifo.sv", 1, 49, Kind.TOGGLE, f"d[{bit}]:{way}", module="fifo")


BLOCK = Bin("fifo.sv", 2, 3, Kind.LINE, "block", module="fifo", span="2")
THEN = Bin("fifo.sv", 3, 5, Kind.BRANCH, "if", module="fifo", span="3-4")
ELSE = Bin("fifo.sv", 3, 6, Kind.BRANCH, "else", module="fifo", span="6")
EXPR = Bin("sub/pkg.sv", 9, 2, Kind.EXPR, "(a==1 && b==1) => 1", module="leaf")
COUNTS = {
    BLOCK: 12,
    THEN: 0,
    ELSE: 12,
    EXPR: 0,
    toggle(0, "0->1"): 3,
    toggle(0, "1->0"): 2,
    toggle(1, "0->1"): 0,
    toggle(1, "1->0"): 0,
}


def waivers(coverage: Coverage) -> AppliedWaivers:
    document = (
        '[[waiver]]\nbins = ["toggle:*d[1]:1->0", "*gone*"]\nreason = "tied"\nauthor = "kim"\n'
    )
    return apply_waivers(parse_waivers(document, Path("w.toml")), coverage)


@pytest.fixture
def report() -> Report:
    coverage = Coverage(COUNTS)
    applied = waivers(coverage)
    verdicts = decide(
        coverage,
        segments={BLOCK: "reset"},
        proofs={EXPR: "induction, k=2"},
        waived=applied.waived,
        tried="search 30 s",
    )
    return Report(
        design="rtl/fifo.sv",
        top="fifo",
        coverage=coverage,
        verdicts=verdicts,
        tools={"benchwright": "0.1.0", "Verilator": "5.048"},
        properties={"seed": "1"},
        warnings=applied.warnings,
        sources={"fifo.sv": SOURCE},
    )


@pytest.fixture
def hostile() -> Report:
    odd = Bin(f"{HOSTILE}.sv", 1, 1, Kind.USER, HOSTILE, module=HOSTILE)
    coverage = Coverage({odd: 0})
    return Report(
        design=HOSTILE,
        top=HOSTILE,
        coverage=coverage,
        verdicts=decide(coverage, tried=HOSTILE),
        tools={HOSTILE: HOSTILE},
        properties={HOSTILE: HOSTILE},
        warnings=(HOSTILE,),
        sources={f"{HOSTILE}.sv": HOSTILE},
    )


EMPTY = Report("nothing", "top", Coverage(), Verdicts())


class Page(HTMLParser):
    """What a browser would see: elements, their attributes and the text of scripts."""

    VOID = frozenset({"meta", "input", "link", "br", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
            self._in_script = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data

    @property
    def data(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads(self.scripts[0])
        return parsed


def test_text_says_all_that_matters(report: Report) -> None:
    page = text.render(report)
    lines = page.splitlines()
    assert lines[0] == "Coverage of fifo (rtl/fifo.sv)"
    assert "toggle        2      4  50.0            0       1     1" in lines
    assert "overall average 50.0 %, closure 75.0 % (6 of 8)" in lines
    assert "Open bins (2; search 30 s):" in lines
    assert "  fifo.sv:3: branch if" in lines
    assert "  fifo.sv:1: toggle d[1]:0->1" in lines
    assert "Waived bins (1; kim: tied):" in lines
    assert "Unreachable bins (1; induction, k=2):" in lines
    assert "  w.toml:1: stale waiver: `*gone*` names no bin of this design" in lines


def test_text_gives_the_evidence_of_each_bin_where_it_differs(report: Report) -> None:
    verdicts = dict(report.verdicts)
    verdicts[THEN] = replace(verdicts[THEN], note="depth 64")
    page = text.render(replace(report, verdicts=Verdicts(verdicts)))
    assert "Open bins (2):" in page
    assert "  fifo.sv:3: branch if  (depth 64)" in page


def test_lcov_has_lines_and_branches(report: Report) -> None:
    assert lcov.render(report).splitlines() == [
        "TN:fifo",
        "SF:fifo.sv",
        "BRDA:3,0,0,0",
        "BRDA:3,0,1,12",
        "BRF:2",
        "BRH:1",
        "DA:2,12",
        "DA:3,12",
        "DA:4,0",
        "DA:6,12",
        "LF:4",
        "LH:3",
        "end_of_record",
    ]


def test_lcov_arms_of_a_decision_that_never_ran() -> None:
    then, other = replace(THEN, span="3"), replace(ELSE, span="")
    nested = [
        replace(THEN, column=20, name="cond_then", span="3"),
        replace(THEN, column=21, name="cond_else", span="3"),
    ]
    coverage = Coverage(dict.fromkeys([then, other, *nested], 0))
    page = lcov.render(Report("d", "t", coverage, decide(coverage)))
    assert [line for line in page.splitlines() if line.startswith("BRDA")] == [
        "BRDA:3,0,0,-",
        "BRDA:3,0,1,-",
        "BRDA:3,1,0,-",
        "BRDA:3,1,1,-",
    ]


# Of coverage-04.dtd: element -> (required attributes, children in order, * any number, ? optional).
COBERTURA = {
    "coverage": (
        "line-rate branch-rate lines-covered lines-valid branches-covered branches-valid "
        "complexity version timestamp",
        "sources? packages",
    ),
    "sources": ("", "source*"),
    "source": ("", ""),
    "packages": ("", "package*"),
    "package": ("name line-rate branch-rate complexity", "classes"),
    "classes": ("", "class*"),
    "class": ("name filename line-rate branch-rate complexity", "methods lines"),
    "methods": ("", "method*"),
    "lines": ("", "line*"),
    "line": ("number hits", "conditions*"),
    "conditions": ("", "condition*"),
    "condition": ("number type coverage", ""),
}


def check_element(element: ElementTree.Element) -> None:
    """Asserts that an element and all below it follow the document type."""
    required, children = COBERTURA[element.tag]
    optional = {"branch", "condition-coverage"} if element.tag == "line" else set()
    assert set(element.keys()) - optional == set(required.split()), element.tag
    pattern = "".join(
        f"(?:{re.escape(child.rstrip('*?'))} ){child[-1] if child[-1] in '*?' else ''}"
        for child in children.split()
    )
    assert re.fullmatch(pattern, "".join(f"{child.tag} " for child in element)), element.tag
    for child in element:
        check_element(child)


def test_cobertura_follows_its_document_type(report: Report) -> None:
    page = cobertura.render(report, source_root="/src")
    root = ElementTree.fromstring(page)  # noqa: S314 - the text is our own
    check_element(root)
    assert (root.get("line-rate"), root.get("branch-rate")) == ("0.75", "0.5")
    assert root.findtext("sources/source") == "/src"
    line = root.find(".//line[@number='3']")
    assert line is not None
    assert (line.get("hits"), line.get("condition-coverage")) == ("12", "50% (1/2)")


def test_cobertura_puts_a_folder_into_a_package() -> None:
    coverage = Coverage({replace(BLOCK, file=name): 1 for name in ("a.sv", "lib/b.sv", "lib/c.sv")})
    page = cobertura.render(Report("d", "t", coverage, decide(coverage)))
    root = ElementTree.fromstring(page)  # noqa: S314 - the text is our own
    assert [package.get("name") for package in root.iter("package")] == [".", "lib"]
    assert [file.get("filename") for file in root.iter("class")] == ["a.sv", "lib/b.sv", "lib/c.sv"]


def test_html_needs_nothing_beside_it(report: Report) -> None:
    page = html.render(report)
    for tag, attributes in Page(page).elements:
        assert tag not in {"link", "img", "iframe"}
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in page
    assert "@import" not in page
    assert page.startswith("<!DOCTYPE html>")


def test_html_shows_summary_source_and_bins(report: Report) -> None:
    page = html.render(report)
    assert "<dt>Overall average<dd>50.0" in page
    assert "<dt>Closure<dd>75.0" in page
    assert 'data-l="3"' in page
    assert "2 of 4 covered, 0 unreachable, 1 waived, 1 open" in page
    assert page.count("<tr class=") >= 5
    data = Page(page).data
    assert data["files"] == [
        {
            "1": [
                [3, "d[0]:0->1", 3, 0],
                [3, "d[0]:1->0", 2, 0],
                [3, "d[1]:0->1", 0, 1],
                [3, "d[1]:1->0", 0, 2],
            ],
            "2": [[0, "block", 12, 3]],
            "3": [[1, "if", 0, 1], [1, "else", 12, 0]],
        },
        {"9": [[2, "(a==1 && b==1) => 1", 0, 4]]},
    ]
    assert data["verdicts"] == [
        ["covered", "", ""],
        ["unknown", "", "search 30 s"],
        ["waived", "kim", "tied"],
        ["covered", "reset", ""],
        ["unreachable", "induction, k=2", ""],
    ]


@pytest.mark.parametrize("render", [text.render, lcov.render, html.render])
def test_equal_reports_are_equal_text(report: Report, render: Callable[[Report], str]) -> None:
    assert render(report) == render(report)


def test_html_states_of_lines(report: Report) -> None:
    states = {
        line: state
        for state, line in re.findall(r'<tr(?: class="(\w+)")? data-l="(\d+)"', html.render(report))
    }
    assert states == {
        "1": "part",
        "2": "full",
        "3": "part",
        "4": "none",
        "5": "",
        "6": "full",
        "7": "",
        "9": "shut",
    }


def test_html_escapes_whatever_the_user_named_or_wrote(hostile: Report) -> None:
    page = html.render(hostile)
    parsed = Page(page)
    assert "img" not in {tag for tag, _ in parsed.elements}
    assert not any("onerror" in attributes for _, attributes in parsed.elements)
    assert len(parsed.scripts) == 2
    assert HOSTILE in json.dumps(parsed.data["files"], ensure_ascii=False).replace('\\"', '"')


def test_hostile_names_keep_the_other_reports_whole(hostile: Report) -> None:
    line = replace(BLOCK, file=f"{HOSTILE}.sv")
    coverage = Coverage({line: 1})
    page = cobertura.render(Report(HOSTILE, HOSTILE, coverage, decide(coverage)))
    (found,) = ElementTree.fromstring(page).iter("class")  # noqa: S314 - the text is our own
    assert found.get("filename") == f"{HOSTILE}.sv"


@pytest.mark.parametrize("render", [text.render, lcov.render, html.render, cobertura.render])
def test_design_without_bins_has_reports(render: Callable[[Report], str]) -> None:
    assert isinstance(render(EMPTY), str)


def test_html_of_a_large_design_stays_small() -> None:
    lines = range(1, 5001)
    bins = {
        Bin("big.sv", line, 7 + n, Kind.BRANCH, "if", span=str(line)): line % 3
        for line in lines
        for n in range(4)
    }
    coverage = Coverage(bins)
    source = "".join(
        f"  if (enable[{n}] && state == 4'd{n % 16}) data_{n} <= {n};\n" for n in lines
    )
    report = Report("d", "t", coverage, decide(coverage), sources={"big.sv": source})
    assert len(html.render(report)) < 5_000_000


def test_highlight_keeps_every_character_and_line() -> None:
    lines = highlight(SOURCE + '/* two\n lines */ "str" \\esc{<} `M 4\'b1x0\n')
    plain = [re.sub(r"<[^>]*>", "", line).replace("&lt;", "<") for line in lines]
    assert len(lines) == 9
    assert plain[7] == "/* two"
    assert lines[7] == "<span class=c>/* two</span>"
    assert lines[8].startswith("<span class=c> lines */</span>")
    assert "<span class=n>4&#39;b1x0</span>" in lines[8]
    assert "<span class=d>`M</span>" in lines[8]
    assert "\\esc{&lt;}" in lines[8]
    assert "<span class=k>module</span> fifo" in lines[0]
    assert "</script>" not in "".join(lines)


def test_highlight_of_odd_line_ends() -> None:
    assert highlight("a\r\nb\r\n") == ["a", "b"]
    assert highlight("a\x0cb\u2028c\n") == ["a\x0cb\u2028c"]
    assert highlight("") == []
    assert highlight("/* open") == ["<span class=c>/* open</span>"]


def test_spans() -> None:
    assert list(span_lines("12-14,16")) == [12, 13, 14, 16]
    assert list(span_lines("")) == []


def test_compact_names_join_the_bits_of_a_vector() -> None:
    bits = [toggle(bit, "0->1") for bit in (7, 6, 5, 2)] + [toggle(7, "1->0")]
    both = [replace(toggle(0, way), name=f"v:{way}") for way in ("0->1", "1->0")]
    assert compact_names([BLOCK, *bits, *both]) == [
        "block",
        "d[7:5,2]:0->1",
        "d[7]:1->0",
        "v:0<->1",
    ]
    matrix = [replace(toggle(0, "0->1"), name=f"m[{n}][1]:0->1") for n in (0, 1)]
    assert compact_names(matrix) == ["m[0][1]:0->1", "m[1][1]:0->1"]


def test_line_of_a_condition_ran_though_its_block_did_not() -> None:
    chain = Bin("a.sv", 5, 3, Kind.LINE, "elsif", span="5-6")
    condition = Bin("a.sv", 5, 9, Kind.EXPR, "(go==0) => 0")
    wire = Bin("a.sv", 9, 9, Kind.EXPR, "(go==0) => 0")
    hits = line_hits(Coverage({chain: 0, condition: 4, wire: 7}))
    assert hits == {"a.sv": {5: 4, 6: 0}}


def test_rows_of_one_file(report: Report) -> None:
    (row,) = metric_rows(report, "sub/pkg.sv")
    assert (row.metric, row.tally.covered, row.tally.total) == ("expr", 0, 1)
    assert row.closed["unreachable"] == 1
