"""Points and bins: several bins of a point, several points of a bin, waived bins."""

from __future__ import annotations

from benchwright_agent.goals import Goals
from benchwright_sim.bins import Bin, Kind

LINE = Bin("a.sv", 1, 1, Kind.LINE, "block")
IF = Bin("a.sv", 2, 3, Kind.BRANCH, "if")
RISE = Bin("a.sv", 3, 3, Kind.TOGGLE, "q:0->1")
FALL = Bin("a.sv", 3, 3, Kind.TOGGLE, "q:1->0")
POINTS = ((LINE,), (IF, RISE), (IF,), (), (FALL,))


def test_points_that_count_nothing_wanted_are_closed_from_the_start() -> None:
    assert Goals(POINTS).closed_points() == [3]
    assert Goals(POINTS, unwanted={RISE, FALL}).closed_points() == [3, 4]
    assert Goals(POINTS, unwanted={IF, RISE}).closed_points() == [1, 2, 3]


def test_a_bin_that_is_covered_closes_all_of_its_points() -> None:
    goals = Goals(POINTS)
    assert goals.reach([2]) == [2]
    assert goals.left == {LINE, RISE, FALL}
    assert goals.reach([1]) == [1]
    assert goals.left == {LINE, FALL}


def test_a_point_stays_open_while_one_of_its_bins_is_wanted() -> None:
    goals = Goals(((IF, RISE), (IF,), (RISE,)))
    assert goals.reach([1]) == [1]
    assert goals.reach([2]) == [0, 2]


def test_waived_bins_count_as_covered_when_they_are() -> None:
    goals = Goals(POINTS, unwanted={RISE})
    goals.reach([1])
    assert goals.covered == {IF, RISE}
    assert goals.left == {LINE, FALL}


def test_tallies_are_those_of_the_coverage() -> None:
    goals = Goals(POINTS)
    assert goals.tallies() == goals.coverage().by_metric()
    goals.reach([1, 4, 1])
    assert goals.tallies() == goals.coverage().by_metric()
    assert goals.coverage().covered == {IF, RISE, FALL}
