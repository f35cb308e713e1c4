"""Tables for people, the same figures for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_trainer.comparison.comparison import compare
from benchwright_trainer.comparison.rendering import to_json, to_markdown
from tests.trainer.comparison.evaluations import write_run


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for label, pcts in (("base", (40, None, 100)), ("stage 0", (90, 30, 99))):
        designs = {f"d{n}": [pct] * 5 for n, pct in enumerate(pcts)}
        write_run(tmp_path / label / "a", designs, EvalOptions())
        write_run(tmp_path / label / "d", designs, EvalOptions(rounds=1))
    return {label: tmp_path / label for label in ("base", "stage 0")}


def test_the_table_is_the_papers(folders: dict[str, Path]) -> None:
    text = to_markdown(compare(folders), "Nano")
    words = " ".join(text.split())
    assert text.startswith("# Nano\n\n")
    assert "## families" in text
    assert "All splits" not in text
    assert "Simulated by Verilator 5.48.0." in words
    assert "| Model | Asked | Designs | Samples | Sim Pass % | Cov Pass % | pass@5 % |" in words
    assert "| base | agentic | 3 | 5 | 66.7 [0, 100] | 33.3 [0, 100] | 33.3 [0, 100] |" in words
    assert "| stage 0 | direct | 3 | 5 | 100 [100, 100] |" in words
    assert "| base to stage 0 | agentic | +33.3 [0, +100] | 0 [0, 0] | 0 [0, 0] |" in words
    assert "+26.3 [-1.0, +50.0] |" in words


def test_a_figure_that_nothing_has_is_no_column(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d0": [50]})
    text = to_markdown(compare({"nano": tmp_path / "a"}))
    assert "| pass@5 %" not in text
    assert "Closure" not in text


def test_columns_are_aligned(folders: dict[str, Path]) -> None:
    lines = [line for line in to_markdown(compare(folders)).splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines[:6]}) == 1


def test_the_object_has_the_same_figures(folders: dict[str, Path]) -> None:
    found = to_json(compare(folders))
    assert json.loads(json.dumps(found)) == found
    assert (found["format"], found["version"]) == ("benchwright-comparison", 1)
    cell = found["cells"][0]
    assert (cell["label"], cell["split"], cell["way"]) == ("base", "families", "agentic")
    assert cell["figures"]["sim_pass"]["value"] == pytest.approx(66.666667)
    assert found["changes"][0]["figures"]["avg_cov"]["value"] == pytest.approx(26.333333)


def test_the_same_results_give_the_same_text(folders: dict[str, Path]) -> None:
    assert to_markdown(compare(folders)) == to_markdown(compare(folders))


def test_remarks_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"d|0": [50]})
    write_run(tmp_path / "b", {"d|0": [60]}, EvalOptions(temperature=0.1))
    found = compare({"one": tmp_path / "a", "two|": tmp_path / "b"})
    text = to_markdown(found)
    assert "- one and two| were asked differently" in text
    assert "| two\\| " in text
