"""Tests of coverage files, their bins, and the numbers made of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import (
    BinMap,
    Coverage,
    CoverageFileError,
    Tally,
    closure,
    merge,
    parse_points,
    percent,
    percent_number,
    read_dat,
    read_points,
)
from benchwright_sim.design import Design
from benchwright_sim.testbench import Feedback, Status, simulate

HEADER = "# SystemC::Coverage-3\n"

MIXED = r"""
module child__x #(parameter int W = 2) (input logic clk, input logic [W-1:0] a__b);
  logic \odd$name ;
  always_ff @(posedge clk) if (a__b[0] && a__b[1]) \odd$name <= 1'b1; else \odd$name <= 1'b0;
  seen: cover property (@(posedge clk) a__b == 2);
endmodule
module top (input logic clk, input logic [1:0] a);
  child__x one (.clk, .a__b(a));
  for (genvar n = 0; n < 2; n++) begin : lane
    child__x #(.W(3)) two (.clk, .a__b({1'b0, a}));
  end
endmodule
"""
MIXED_BENCH = """
module tb;
  logic clk = 0;
  logic [1:0] a = 0;
  top dut (.*);
  always #5 clk = ~clk;
  initial begin
    for (int n = 0; n < 3; n++) begin a = 2'(n); @(negedge clk); end
    $finish;
  end
endmodule
"""
THREE = """
module leaf (input logic clk, input logic go, output logic q);
  always_ff @(posedge clk) if (go) q <= ~q;
endmodule
module top (input logic clk, input logic [2:0] go, output logic [2:0] q);
  leaf u0 (.clk, .go(go[0]), .q(q[0]));
  leaf u1 (.clk, .go(go[1]), .q(q[1]));
  leaf u2 (.clk, .go(go[2]), .q(q[2]));
endmodule
"""
THREE_BENCH = """
module tb;
  logic clk = 0;
  logic [2:0] go = 3'b010, q;
  top dut (.*);
  always #5 clk = ~clk;
  initial begin repeat (4) @(negedge clk); $finish; end
endmodule
"""


def point(**keys: str) -> str:
    """One line of a coverage file."""
    count = keys.pop("count", "0")
    return "C '" + "".join(f"\x01{k}\x02{v}" for k, v in keys.items()) + f"' {count}\n"


def write(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "coverage.dat"
    path.write_text(header + "".join(lines))
    return path


def bin_of(kind: Kind = Kind.LINE, line: int = 1, name: str = "block", file: str = "a.sv") -> Bin:
    return Bin(file, line, 1, kind, name)


def run(folder: Path, source: str, bench: str, *, flatten: bool = False) -> Feedback:
    """Simulates `bench` around `source` with the real tools."""
    file = folder / "dut.sv"
    file.write_text(source)
    design = Design(root=folder, sources=(file,), top="top")
    feedback = simulate(design, bench, flatten=flatten, modules=("child__x", "top", "leaf"))
    assert feedback.status is Status.OK, feedback.log
    return feedback


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    return run(tmp_path_factory.mktemp("mixed"), MIXED, MIXED_BENCH).coverage


def test_real_run_has_every_kind_of_its_design_and_nothing_else(mixed: Coverage) -> None:
    assert {bin_.kind for bin_ in mixed} == {
        Kind.LINE,
        Kind.BRANCH,
        Kind.EXPR,
        Kind.TOGGLE,
        Kind.USER,
    }
    assert {bin_.file for bin_ in mixed} == {"dut.sv"}
    assert {bin_.module for bin_ in mixed} == {"child__x", "top"}
    assert {bin_.instance for bin_ in mixed} == {""}


def test_specialisations_of_a_module_are_one_module(mixed: Coverage) -> None:
    branches = {bin_: n for bin_, n in mixed.items() if bin_.kind is Kind.BRANCH}
    assert [(bin_.name, bin_.line) for bin_ in branches] == [("if", 4), ("else", 4)]
    # Three instances, three rising edges each.
    assert sum(branches.values()) == 9


def test_bits_of_wider_specialisations_are_bins_too(mixed: Coverage) -> None:
    names = {bin_.name for bin_ in mixed if bin_.kind is Kind.TOGGLE and bin_.line == 2}
    assert "a__b[2]:0->1" in names
    assert "a__b[3]:0->1" not in names


def test_names_are_those_of_the_source(mixed: Coverage) -> None:
    names = {bin_.name for bin_ in mixed}
    assert {"odd$name:0->1", "a__b[0]:1->0", "seen"} <= names
    assert any(bin_.id == "user:dut.sv:5:9:seen" for bin_ in mixed)


def test_same_run_gives_the_same_ids(tmp_path: Path, mixed: Coverage) -> None:
    again = run(tmp_path, MIXED, MIXED_BENCH).coverage
    assert list(again.items()) == list(mixed.items())


def test_flattened_build_tells_instances_apart(tmp_path: Path) -> None:
    coverage = run(tmp_path, THREE, THREE_BENCH, flatten=True).coverage
    hits = {
        bin_.instance: count
        for bin_, count in coverage.items()
        if bin_.kind is Kind.BRANCH and bin_.name == "if"
    }
    assert hits.keys() == {"u0", "u1", "u2"}
    assert hits["u0"] == hits["u2"] == 0
    assert hits["u1"] > 0


def test_module_bin_is_covered_when_any_instance_covers_it(tmp_path: Path) -> None:
    coverage = run(tmp_path, THREE, THREE_BENCH).coverage
    taken = [count for bin_, count in coverage.items() if bin_.name == "if"]
    assert len(taken) == 1
    assert taken[0] > 0


def test_points_that_differ_by_hierarchy_only_are_summed(tmp_path: Path) -> None:
    keys = {"f": "a.sv", "l": "3", "n": "2", "t": "line", "o": "block", "S": "3-4"}
    path = write(
        tmp_path,
        point(**keys, page="v_line/m", h="tb.dut.u0", count="2"),
        point(**keys, page="v_line/m__W8", h="tb.dut.u1", count="5"),
    )
    coverage = read_dat(path, root=tmp_path)
    assert [(b.id, b.module, b.span, n) for b, n in coverage.items()] == [
        ("line:a.sv:3:2:block", "m", "3-4", 7)
    ]


@pytest.mark.parametrize(
    ("hierarchy", "dut", "instance"),
    [
        ("TOP.tb.dut.lane[1].u", "dut", "lane[1].u"),
        ("tb.dut", "dut", ""),
        ("wrapper.dut.u", "dut", "u"),
        ("top.u.v", "dut", "u.v"),
        ("TOP.bench.uut.u", "uut", "u"),
    ],
)
def test_instance_is_the_path_below_the_design(hierarchy: str, dut: str, instance: str) -> None:
    line = point(f="a.sv", l="1", n="1", t="line", page="v_line/m", o="block", h=hierarchy)
    (found,) = parse_points(HEADER + line, Path("x.dat"))
    bin_ = BinMap(root=Path("/r"), instances=True, dut=dut).bin_of(found)
    assert bin_ is not None
    assert bin_.instance == instance


def test_files_are_named_relative_to_the_root(tmp_path: Path) -> None:
    root = tmp_path / "design"
    (root / "rtl").mkdir(parents=True)
    bins = BinMap(root=root)

    def named(file: str) -> str:
        (found,) = parse_points(HEADER + point(f=file, l="1", page="v_line/m"), Path("x.dat"))
        bin_ = bins.bin_of(found)
        assert bin_ is not None
        return bin_.file

    assert named(str(root / "rtl" / "a.sv")) == "rtl/a.sv"
    assert named("rtl/../rtl/b.sv") == "rtl/b.sv"
    assert named("/elsewhere/lib/c.sv") == "<external>/c.sv"
    assert named("rtl/caf%FFFFFFC3%FFFFFFA9%25.sv") == "rtl/café%.sv"


def test_testbench_and_library_points_are_dropped(tmp_path: Path) -> None:
    bench = tmp_path / "tb.sv"
    path = write(
        tmp_path,
        point(f=str(bench), l="1", page="v_line/tb"),
        point(f="/usr/verilated_std.sv", l="1", page="v_toggle/std"),
        point(f="a.sv", l="1", page="v_line/benchwright_fsm_0"),
        point(f="a.sv", l="1", page="v_line/a"),
    )
    coverage = read_dat(path, root=tmp_path, exclude_files=[bench])
    assert [bin_.module for bin_ in coverage] == ["a"]


def test_point_may_carry_the_index_of_its_counter() -> None:
    line = point(f="a.sv", l="1", page="v_line/m", index="12", count="3")
    (found,) = parse_points(HEADER + line, Path("x.dat"))
    assert (found.index, found.count) == (12, 3)


def test_verilators_own_fsm_points_lack_reset_arcs(tmp_path: Path) -> None:
    keys = {"f": "a.sv", "l": "9", "n": "4", "h": "TOP", "Fv": "tb.dut.s"}
    path = write(
        tmp_path,
        point(**keys, page="v_fsm_arc/$root", o="tb.dut.s::A->B", Ff="A", Ft="B", count="2"),
        point(**keys, page="v_fsm_arc/$root", o="x", Ff="ANY", Ft="A", Fg="reset", count="1"),
        point(**keys, page="v_fsm_state/$root", o="tb.dut.s::A", Ft="A", count="4"),
    )
    coverage = read_dat(path, root=tmp_path)
    assert {bin_.id: count for bin_, count in coverage.items()} == {
        "fsm_arc:a.sv:9:4:s: A -> B": 2,
        "fsm_state:a.sv:9:4:s: A": 4,
    }


def test_points_of_an_unknown_type_are_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, point(f="a.sv", l="1", t="covergroup", page="v_covergroup/m"))
    assert len(read_dat(path, root=tmp_path)) == 0
    assert "covergroup" in caplog.text


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "found `nothing`"),
        ("TN:\nSF:a.sv\n", 1, "found `TN:`"),
        (HEADER + "C 'x' 1\n", 2, "not a coverage point"),
        (HEADER + point(f="a", l="1", page="v_line/m") + "garbage\n", 3, "not a coverage point"),
        (HEADER + point(f="a", l="1", page="v_line/m", count="-1"), 2, "not a coverage point"),
        (HEADER + point(f="a", l="one", page="v_line/m"), 2, "without"),
        (HEADER + point(l="1", page="v_line/m"), 2, "without 'f'"),
        (HEADER + point(f="a", l="1", page="v_line/m", count="12")[:-1], 2, "truncated"),
        (HEADER + "C '\x01f\x02a.s", 2, "truncated"),
    ],
)
def test_damaged_file_is_refused_with_its_place(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = tmp_path / "coverage.dat"
    path.write_text(text)
    with pytest.raises(CoverageFileError, match=says) as caught:
        read_points(path)
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (path, line)


def test_binary_file_and_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "coverage.dat"
    path.write_bytes(HEADER.encode() + b"C '\xff\xfe' 1\n")
    with pytest.raises(CoverageFileError, match=r"coverage\.dat:2: .*ASCII"):
        read_points(path)
    with pytest.raises(CoverageFileError, match="No such file"):
        read_points(tmp_path / "none.dat")


def test_merge_adds_counts_and_unites_bins() -> None:
    one, two, three = bin_of(line=1), bin_of(line=2), bin_of(line=3)
    merged = merge(Coverage({two: 1, one: 0}), Coverage({two: 2, three: 0}))
    assert list(merged.items()) == [(one, 0), (two, 3), (three, 0)]
    assert merge() == Coverage()
    assert merge(merged) == merged
    assert hash(merge(merged)) == hash(merged)


def test_coverage_cannot_be_changed_through_what_it_was_made_of() -> None:
    counts = {bin_of(): 1}
    coverage = Coverage(counts)
    counts[bin_of()] = 5
    assert coverage[bin_of()] == 1
    assert repr(coverage) == "Coverage(1 of 1 bins)"


def test_metrics_of_a_design() -> None:
    coverage = Coverage(
        {
            bin_of(Kind.LINE, 1): 1,
            bin_of(Kind.LINE, 2): 0,
            bin_of(Kind.FSM_STATE, 3): 4,
            bin_of(Kind.FSM_ARC, 3): 0,
            bin_of(Kind.FSM_ARC, 4): 0,
            bin_of(Kind.USER, 5): 0,
        }
    )
    assert coverage.tally() == Tally(2, 6)
    assert coverage.tally("fsm") == Tally(1, 3)
    assert coverage.tally(Kind.FSM_ARC) == Tally(0, 2)
    assert coverage.tally("branch") == Tally(0, 0)
    assert list(coverage.by_metric()) == ["line", "fsm", "user"]
    # The mean of 1/2 and 1/3: absent metrics and user points do not count.
    assert coverage.overall_average() == Fraction(5, 12)
    with pytest.raises(ValueError, match="lines"):
        coverage.tally("lines")


def test_average_of_nothing_is_none() -> None:
    assert Coverage().overall_average() is None
    assert Coverage({bin_of(Kind.USER): 1}).overall_average() is None


def test_closure_counts_no_bin_twice() -> None:
    a, b, c, d = (bin_of(line=n) for n in range(1, 5))
    coverage = Coverage({a: 1, b: 0, c: 0, d: 0})
    stranger = bin_of(line=99)
    assert closure(coverage, unreachable=[a, b, stranger], waived=[b, c]) == Tally(3, 4)


@pytest.mark.parametrize(
    ("covered", "total", "digits", "text"),
    [
        (0, 5, 1, "0"),
        (5, 5, 1, "100"),
        (1, 3, 1, "33.3"),
        (99_999, 100_000, 1, "99.9"),
        (1, 100_000, 1, "0.1"),
        (199, 200, 0, "99"),
        (1, 200, 0, "1"),
        (1, 2, 2, "50.00"),
        (0, 0, 1, "-"),
    ],
)
def test_percent_is_exact_at_both_ends(covered: int, total: int, digits: int, text: str) -> None:
    assert percent(Tally(covered, total), digits=digits) == text


def test_percent_as_a_number_follows_its_text() -> None:
    assert percent_number(Fraction(999_999_999, 1_000_000_000)) == 99.999999
    assert percent_number(Fraction(1)) == 100
    assert percent_number(None) is None
