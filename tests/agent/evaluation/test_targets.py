"""Targets: names of metrics and instances, and when a testbench meets them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import materialise
from benchwright_agent.evaluation.targets import (
    Target,
    below,
    instance_path,
    judge,
    metric_of,
)
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.testbench import Status, simulate
from tests.agent.evaluation.small import row

COUNTS = {
    Kind.LINE: (3, 4),
    Kind.BRANCH: (1, 4),
    Kind.EXPR: (1, 1),
    Kind.TOGGLE: (0, 10),
    Kind.FSM_STATE: (2, 2),
    Kind.FSM_ARC: (0, 2),
    Kind.USER: (1, 2),
}

TB = """\
module tb;
  logic clk = 0, a = 0, b = 0, x, y;
  pair {name} (.*);
  initial begin
    repeat (8) begin
      #1 clk = ~clk;
      if (clk) a = ~a;
    end
    $finish;
  end
endmodule
"""


def coverage(*kinds: Kind) -> Coverage:
    """With the counts above, of some kinds."""
    return Coverage(
        {
            Bin("a.sv", number, 1, kind, "x"): int(number < COUNTS[kind][0])
            for kind in kinds
            for number in range(COUNTS[kind][1])
        }
    )


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("Block", Fraction(4, 8)),
        ("Statement", Fraction(3, 4)),
        ("Branch", Fraction(1, 4)),
        ("Expression", Fraction(1)),
        ("Toggle", Fraction(0)),
        ("Fsm", Fraction(2, 4)),
        ("FSM Average", Fraction(2, 4)),
        ("Fsm Covered", Fraction(2, 4)),
        ("Functional Average", Fraction(1, 2)),
        ("Assertion", Fraction(1, 2)),
        ("Code Average", (Fraction(3, 4) + Fraction(1, 4) + 1 + 0 + Fraction(1, 2)) / 5),
        ("overall  average", (Fraction(3, 4) + Fraction(1, 4) + 1 + 0 + Fraction(1, 2)) / 5),
        ("overall_covered", Fraction(7, 23)),
        ("Overall", Fraction(1, 2)),
    ],
)
def test_what_a_metric_means(name: str, share: Fraction) -> None:
    assert metric_of(name).share(coverage(*Kind)) == share


@pytest.mark.parametrize("name", ["", "Blocks", "Average", "Block Grade", "Overall Average %", "*"])
def test_an_unknown_metric_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="no metric is called"):
        metric_of(name)


def test_the_average_is_the_one_of_every_report() -> None:
    found = coverage(Kind.LINE, Kind.TOGGLE, Kind.USER)
    assert metric_of("Overall Average").share(found) == found.overall_average()


def test_a_metric_without_bins_neither_passes_nor_fails() -> None:
    found = coverage(Kind.LINE)
    line, fsm = Target("", "Statement", 75), Target("", "Fsm", 0)
    both = judge((line, fsm), (found, found))
    assert (both.met, both.missed, both.not_applicable) == ((line,), (), (fsm,))
    assert both.passed is True
    assert judge((fsm,), (found,)).passed is None
    missed = judge((Target("", "Statement", 75.1), fsm), (found, found))
    assert missed.passed is False


def test_a_target_is_compared_exactly() -> None:
    thirds = Coverage({Bin("a.sv", n, 1, Kind.LINE, ""): int(n < 1) for n in range(3)})
    assert judge((Target("", "Block", 33.33),), (thirds,)).passed is True
    assert judge((Target("", "Block", 33.34),), (thirds,)).passed is False
    tenth = Coverage({Bin("a.sv", n, 1, Kind.LINE, ""): int(n < 7) for n in range(10)})
    assert judge((Target("", "Block", 70.0),), (tenth,)).passed is True


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Elaboration:
    return elaborate(materialise(row("pair"), tmp_path_factory.mktemp("pair")))


@pytest.mark.parametrize("name", ["", "dut", "pair", "tb.dut", "tb_pair.dut"])
def test_the_design_itself_has_many_names(pair: Elaboration, name: str) -> None:
    assert instance_path(name, "dut", pair) == ""


@pytest.mark.parametrize("name", ["u_fast", "dut.u_fast", "tb.dut.u_fast", "pair.u_fast"])
def test_an_instance_inside_has_too(pair: Elaboration, name: str) -> None:
    assert instance_path(name, "dut", pair) == "u_fast"


@pytest.mark.parametrize("name", ["u_none", "dut.u_none", "latch", "fast"])
def test_an_instance_that_is_not_there_is_an_error(pair: Elaboration, name: str) -> None:
    with pytest.raises(ValueError, match="has no instance called"):
        instance_path(name, "dut", pair)


def test_a_bare_name_must_be_of_one_instance(tmp_path: Path) -> None:
    (tmp_path / "a.sv").write_text(
        "module leaf (input d, output q); assign q = ~d; endmodule\n"
        "module mid (input d, output q); leaf u_leaf (.d, .q); endmodule\n"
        "module a (input d, output [1:0] q);\n"
        "  for (genvar i = 0; i < 2; i++) begin : g mid u_mid (.d, .q(q[i])); end\nendmodule\n"
    )
    from benchwright_agent.evaluation.rows import load_alone

    elaboration = elaborate(load_alone(tmp_path))
    with pytest.raises(ValueError, match="2 instances called 'u_leaf'"):
        instance_path("u_leaf", "dut", elaboration)
    assert instance_path("g[1].u_mid.u_leaf", "dut", elaboration) == "g[1].u_mid.u_leaf"
    assert instance_path("dut.g[1].u_mid", "dut", elaboration) == "g[1].u_mid"


@pytest.mark.parametrize("name", ["dut", "uut"])
def test_instances_are_told_apart(pair: Elaboration, name: str) -> None:
    feedback = simulate(pair.design, TB.format(name=name), modules=pair.modules, flatten=True)
    assert feedback.status is Status.OK
    toggle = metric_of("Toggle")
    fast = toggle.share(below(feedback.coverage, "u_fast", pair))
    slow = toggle.share(below(feedback.coverage, "u_slow", pair))
    assert fast == 1
    assert slow is not None
    assert slow < 1
    assert below(feedback.coverage, "", pair) == feedback.coverage
