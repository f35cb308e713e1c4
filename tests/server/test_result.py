"""Runs of one state of a design add up; a run of another state begins anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_agent.record import DesignRecord, Record
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results.result import Part, Result
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.verdict import decide

ROOT = Path("/w/rtl")
SPEC = DesignSpec(
    folder=Path("/w"), sources=(ROOT / "a.sv",), include_dirs=(Path("/w/include"),), top="a"
)
TEXTS = {"a.sv": "module a;\nendmodule\n"}
BINS = [Bin("a.sv", n, 1, Kind.LINE, "block", "", "a", str(n)) for n in range(1, 4)]


def part(name: str, *counts: int) -> Part:
    """A testbench's run; no counts means that it did not compile."""
    coverage = Coverage(dict(zip(BINS, counts, strict=False)))
    record = Record(
        command="simulate",
        design=DesignRecord(top="a", root=ROOT, sources=SPEC.sources),
        testbenches=(ROOT / name,),
        status="finished",
        coverage=coverage,
        verdicts=decide(coverage),
    )
    return Part(ROOT / name, "testbench", record, "2026-01-01T00:00:00+00:00")


def result(*parts: Part) -> Result:
    return Result(SPEC.key, SPEC, ROOT, TEXTS, parts)


def counts(of: Result) -> list[int]:
    return [of.coverage[bin_] for bin_ in BINS]


def test_runs_of_several_testbenches_add_up() -> None:
    both = result(part("one.sv", 1, 0, 0)).with_part(part("two.sv", 2, 1, 0), TEXTS)
    assert counts(both) == [3, 1, 0]
    assert [both.record.verdicts[b].status for b in BINS] == ["covered", "covered", "unknown"]


def test_a_testbench_that_is_run_again_replaces_its_run() -> None:
    before = result(part("one.sv", 1, 5, 0), part("two.sv", 1, 0, 0))
    after = before.with_part(part("one.sv", 2, 0, 0), TEXTS)
    assert counts(after) == [3, 0, 0]
    assert after.stamp > before.stamp


def test_guards_stay_until_they_are_replaced() -> None:
    known = replace(result(part("one.sv", 1, 0, 0)), guards={"x": "a", "y": "b"})
    after = known.with_part(part("two.sv", 1, 0, 0), TEXTS, {"y": "c"})
    assert after.guards == {"x": "a", "y": "c"}


def test_a_run_of_other_texts_begins_anew() -> None:
    before = result(part("one.sv", 1, 5, 0))
    texts = {"a.sv": "module a; // new\nendmodule\n"}
    after = before.with_part(part("two.sv", 0, 0, 1), texts)
    assert counts(after) == [0, 0, 1]
    assert after.texts == texts
    assert len(after.parts) == 1


def test_line_ends_are_no_other_text() -> None:
    texts = {"a.sv": TEXTS["a.sv"].replace("\n", "\r\n")}
    assert len(result(part("one.sv", 1, 0, 0)).with_part(part("two.sv", 1, 0, 0), texts).parts) == 2


def test_a_run_that_measured_nothing_changes_nothing() -> None:
    before = result(part("one.sv", 1, 0, 0))
    assert before.with_part(part("one.sv"), {"a.sv": "module a; oops"}) is before


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/w/rtl/a.sv", "a.sv"),
        ("/w/rtl/b.sv", None),
        ("/w/include/defs.svh", "<external>/defs.svh"),
        ("/w/include/sub/defs.svh", "<external>/defs.svh"),
        ("/elsewhere/defs.svh", None),
    ],
)
def test_how_bins_name_a_file(path: str, name: str | None) -> None:
    known = replace(result(), texts={**TEXTS, "<external>/defs.svh": ""})
    assert known.file_of(Path(path)) == name


def test_where_a_file_of_bins_is(tmp_path: Path) -> None:
    spec = replace(SPEC, include_dirs=(tmp_path,))
    known = replace(result(), spec=spec)
    assert known.path_of("sub/b.sv") == ROOT / "sub/b.sv"
    assert known.path_of("<external>/defs.svh") is None
    (tmp_path / "defs.svh").touch()
    assert known.path_of("<external>/defs.svh") == tmp_path / "defs.svh"
