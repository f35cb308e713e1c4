"""What is missing is told for steps that are left, and for no others."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from benchwright_trainer.pipeline import readiness
from benchwright_trainer.pipeline.marks import Mark, write_mark
from benchwright_trainer.pipeline.pipeline import LOCK, RECIPE, steps_left
from benchwright_trainer.pipeline.readiness import problems
from benchwright_trainer.pipeline.steps import steps_of
from benchwright_trainer.recipe.reading import read_recipe
from benchwright_trainer.recipe.recipe import Recipe
from benchwright_trainer.recipe.writing import recipe_text
from tests.command import benchwright

AWAY = [
    *('corpus.sources=["gone/rtl"]', "suites.x.source=gone/suite", "student.init=gone/one/model"),
    *("teacher.policy=openai", "teacher.model=big", "teacher.server=http://127.0.0.1:1/v1"),
    *("sft.device=gpu", "sft.n_gpus=88", "sft.batch=88", "sft.micro_batch=1"),
]
"""Nothing of this is here."""


def away() -> Recipe:
    """A recipe that has nothing that it needs."""
    return read_recipe("llm4cov-4b", AWAY)


def mark_done(recipe: Recipe, folder: Path, *, but: Collection[str] = ()) -> None:
    """Marks steps as done that leave no file."""
    outputs: dict[str, str] = {}
    for step in steps_of(recipe):
        outputs[step.name] = f"made by {step.name}"
        if step.name not in but:
            mark = Mark(step.inputs(outputs), outputs[step.name])
            write_mark(folder, step.name, mark)


def told(recipe: Recipe, folder: Path) -> str:
    return " ".join(problem.what for problem in problems(recipe, folder, None))


def test_a_run_that_begins_is_told_all(tmp_path: Path) -> None:
    found = told(away(), tmp_path)
    for piece in ("gone/rtl", "gone/suite", "gone/one/model", "127.0.0.1:1", "88 GPUs"):
        assert piece in found


@pytest.mark.parametrize(
    ("left", "piece"),
    [
        ("corpus", "corpus.sources"),
        ("suites", "suites.x.source"),
        ("base", "student.init"),
        ("stage1.rollouts", "teacher's server"),
        ("stage2.sft", "88 GPUs"),
        ("export", ""),
    ],
)
def test_a_step_that_is_left_asks_for_what_it_needs(left: str, piece: str, tmp_path: Path) -> None:
    recipe = away()
    mark_done(recipe, tmp_path, but={left})
    assert left in {step.name for step in steps_left(recipe, tmp_path)}
    assert piece in told(recipe, tmp_path)
    if left in {"stage2.sft", "export"}:
        assert "gone" not in told(recipe, tmp_path)
        assert "server" not in told(recipe, tmp_path)


def test_a_run_that_is_done_needs_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    mark_done(away(), run)
    (run / RECIPE).write_text(recipe_text(away()))
    (run / LOCK).touch()
    done = benchwright("train", "resume", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "all steps are done" in done.stderr
    planned = benchwright("train", "plan", run / RECIPE, "-o", "run", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert "all steps are done in run" in planned.stdout


def test_a_plan_leaves_out_what_is_done(tmp_path: Path) -> None:
    recipe = read_recipe("smoke")
    left = {"stage2.sft", "stage2.gguf", "stage2.evaluation", "export"}
    mark_done(recipe, tmp_path, but=left)
    done = benchwright("train", "plan", "smoke", "-o", ".", "--json", cwd=tmp_path)
    plan = json.loads(done.stdout)
    assert plan["left"] == sorted(left)
    assert [step["step"] for step in plan["steps"]] == ["stage2.sft", "stage2.evaluation"]
    assert [one["step"] for one in plan["needs"]["trainings"]] == ["stage2.sft"]


def test_the_disk_needs_room_for_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read_recipe("smoke")
    monkeypatch.setattr(readiness, "disk_bytes", lambda folder: 1_000_000)
    assert "disk: " in told(recipe, tmp_path)
    mark_done(recipe, tmp_path, but={"stage2.evaluation", "export"})
    assert "disk: " in told(recipe, tmp_path)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "part").write_bytes(bytes(15_000_000))
    assert "disk: " not in told(recipe, tmp_path)


def test_the_base_needs_its_gpus_too(tmp_path: Path) -> None:
    changes = ["pretrain.device=gpu", "pretrain.n_gpus=44", "pretrain.batch=176"]
    recipe = read_recipe("smoke", changes)
    assert "asks for 44 GPUs" in told(recipe, tmp_path)
    mark_done(recipe, tmp_path, but={"stage0.rollouts"})
    assert "GPU" not in told(recipe, tmp_path)


def test_a_cluster_that_is_not_there_is_told_where_one_is_needed(tmp_path: Path) -> None:
    recipe = read_recipe("smoke")
    found = [problem.what for problem in problems(recipe, tmp_path, "127.0.0.1:1")]
    assert any("cluster 127.0.0.1:1 does not answer" in what for what in found)
    mark_done(recipe, tmp_path, but={"export"})
    assert not list(problems(recipe, tmp_path, "127.0.0.1:1"))
