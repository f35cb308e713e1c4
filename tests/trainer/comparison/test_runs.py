"""Results are found and read back; what is unfinished or damaged is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_trainer.comparison.runs import find_runs
from benchwright_trainer.errors import TrainerError
from tests.trainer.comparison.evaluations import outcome, write_run


@pytest.mark.parametrize(
    ("options", "way"),
    [
        (EvalOptions(), "agentic"),
        (EvalOptions(rounds=1), "direct"),
        (EvalOptions(policy="search", rounds=1), "loop"),
        (EvalOptions(policy="default"), "loop"),
    ],
)
def test_a_run_is_read_back(tmp_path: Path, options: EvalOptions, way: str) -> None:
    write_run(tmp_path / "a" / "b", {"d0": [10, None], "d1": [95, 100]}, options)
    (run,) = find_runs(tmp_path)
    assert (run.split, run.way, run.model, run.seed) == ("families", way, "nano", 1)
    assert run.outcomes == (
        outcome("d0", 0, 10),
        outcome("d0", 1, None),
        outcome("d1", 0, 95),
        outcome("d1", 1, 100),
    )
    assert run.terms["temperature"] == 0.7
    assert run.terms.keys().isdisjoint({"seed", "samples", "ks"})


@pytest.mark.parametrize(
    ("suite", "split"),
    [("v1.2.jsonl.gz", "v1.2"), ("ours", "ours"), ("ecov:eval", "ecov:eval"), ("x.parquet", "x")],
)
def test_a_split_is_called_after_its_suite(tmp_path: Path, suite: str, split: str) -> None:
    write_run(tmp_path / "run", {"d0": [10]}, suite=suite)
    assert find_runs(tmp_path)[0].split == split


def test_a_folder_without_an_evaluation_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(TrainerError, match="holds no evaluation"):
            find_runs(folder)


@pytest.mark.parametrize("line", ['{"format": "benchwright-rollout-jobs"}', "[]", "{", ""])
def test_a_journal_of_other_work_is_no_evaluation(tmp_path: Path, line: str) -> None:
    write_run(tmp_path / "evaluation", {"d0": [10]})
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "jobs.jsonl").write_text(line)
    assert len(find_runs(tmp_path)) == 1


def test_an_evaluation_that_was_interrupted_is_named(tmp_path: Path) -> None:
    write_run(tmp_path / "done", {"d0": [10]})
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "jobs.jsonl").write_text('{"format": "benchwright-eval-jobs"}\n')
    with pytest.raises(TrainerError, match="begun is not finished"):
        find_runs(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is not JSON"),
        ("[]", "no JSON object"),
        ("{}", "no benchwright-eval of version 1"),
        ('{"format": "benchwright-eval", "version": 2}', "no benchwright-eval of version 1"),
        ('{"format": "benchwright-eval", "version": 1}', "the result is damaged: KeyError"),
    ],
)
def test_what_is_no_result_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(TrainerError, match=message) as caught:
        find_runs(tmp_path)
    assert "result.json" in str(caught.value)


def test_a_damaged_sample_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", {"d0": [10]}) / "result.json"
    values = json.loads(path.read_text())
    values["rows"][0]["samples"][0]["tallies"] = "none"
    path.write_text(json.dumps(values))
    with pytest.raises(TrainerError, match="the result is damaged"):
        find_runs(tmp_path)
