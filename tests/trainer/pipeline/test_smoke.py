"""The shipped recipe `smoke` from designs to a registered model, and steps alone after it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_trainer.recipe.reading import read_recipe
from tests.command import COMMAND, benchwright, environment

TIMEOUT_S = 900
"""Three minutes where nothing else runs."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the training was run: `run` and the models' `data`."""
    folder = tmp_path_factory.mktemp("smoke")
    done = subprocess.run(
        [*COMMAND, "train", "run", "smoke", "--output", "run", "--quiet"],
        cwd=folder,
        env=environment(BENCHWRIGHT_DATA_DIR=str(folder / "data")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return folder


def train(root: Path, *arguments: str | Path) -> Any:
    return benchwright("train", *arguments, cwd=root, BENCHWRIGHT_DATA_DIR=str(root / "data"))


def loaded(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_every_step_is_done_and_told(root: Path) -> None:
    status = json.loads(train(root, "status", "run", "--json").stdout)
    figures = {step["step"]: step["figures"] for step in status["steps"]}
    assert {step["state"] for step in status["steps"]} == {"done"}
    assert status["running"] is False
    assert figures["corpus"]["designs"] == 6
    for stage in ("stage0", "stage1"):
        assert figures[f"{stage}.dataset"]["samples"] > 0
        assert figures[f"{stage}.sft"]["steps"] == 4
        assert set(figures[f"{stage}.evaluation"]) == {
            *("unseen-families-direct", "unseen-families-agentic"),
        }
    assert figures["base"]["last loss"] < figures["base"]["first loss"]
    assert figures["export"]["parity"]["prompts"] == 3
    assert figures["export"]["registered"] is True


def test_the_model_is_there_in_every_form(root: Path) -> None:
    folder = root / "run" / "export"
    forms = {path.name: read_gguf(path) for path in folder.glob("*.gguf")}
    assert set(forms) == {"smoke-f16.gguf", "smoke-Q4_K_M.gguf", "smoke-Q8_0.gguf"}
    assert {form.dialect for form in forms.values()} == {"canonical"}
    assert {path.name for path in (folder / "huggingface").iterdir()} >= {
        *("config.json", "model.safetensors", "tokenizer.json"),
    }
    card = (folder / "README.md").read_text("utf-8")
    for piece in ("smoke-Q4_K_M.gguf", "stage2", "unseen-families", "[pretrain]", "Apache-2.0"):
        assert piece in card
    assert read_recipe(folder / "recipe.toml") == read_recipe("smoke")


def test_the_agent_knows_the_model(root: Path) -> None:
    listed = benchwright(
        "model", "list", "--json", cwd=root, BENCHWRIGHT_DATA_DIR=str(root / "data")
    )
    assert "smoke" in {model["name"] for model in json.loads(listed.stdout)["models"]}


def test_what_is_done_is_not_done_again(root: Path) -> None:
    marks = {path: path.stat().st_mtime_ns for path in (root / "run" / "steps").iterdir()}
    assert train(root, "run", "smoke", "-o", "run").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in (root / "run" / "steps").iterdir()} == marks


def test_another_recipe_is_refused_in_the_same_folder(root: Path) -> None:
    done = train(root, "run", "smoke", "-o", "run", "--set", "export.name=other")
    assert done.returncode == 14
    assert "export.name: '' then, 'other' now" in done.stderr
    assert "--change" in done.stderr


def test_a_shard_that_was_cut_short_is_made_again(root: Path) -> None:
    run = root / "run"
    shard = next((run / "stage0" / "dataset" / "data").iterdir())
    whole = shard.read_bytes()
    os.truncate(shard, 100)
    states = json.loads(train(root, "status", "run", "--json").stdout)["steps"]
    assert "left" in {step["state"] for step in states}
    before = loaded(run / "steps" / "stage0.dataset.json")["output"]
    assert train(root, "resume", "run", "--quiet").returncode == 0
    assert shard.read_bytes() == whole
    assert loaded(run / "steps" / "stage0.dataset.json")["output"] == before


def test_traces_become_a_data_set_alone(root: Path) -> None:
    traces = "run/stage0/rollouts"
    done = train(root, "dataset", traces, "-o", "alone", "--recipe", "smoke", "--json")
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)["output"]
    assert output == loaded(root / "alone" / "manifest.json")["sha256"]
    assert output == loaded(root / "run" / "stage0" / "dataset" / "manifest.json")["sha256"]


def test_a_model_is_trained_further_and_exported_alone(root: Path) -> None:
    changes = ("--recipe", "smoke", "--set", "sft.max_steps=1")
    done = train(root, "sft", "run/stage1/model", "run/stage0/dataset", "-o", "tuned", *changes)
    assert done.returncode == 0, done.stderr
    forms = ("--set", 'export.quantisations=["Q8_0"]', "--set", "export.in_use=Q8_0")
    done = train(root, "export", "tuned", "-o", "out", "--name", "mine", *changes, *forms)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (root / "out").glob("*.gguf")}
    assert made == {"mine-f16.gguf", "mine-Q8_0.gguf"}


def test_a_model_is_evaluated_alone_and_compared(root: Path) -> None:
    suite, model = "run/suites/unseen-families.jsonl", "run/stage0/model.gguf"
    done = train(root, "evaluate", model, suite, "-o", "eval", "--way", "direct", "-r", "smoke")
    assert done.returncode == 0, done.stderr
    done = train(root, "compare", "base=run/base/evaluation", "again=eval", "--json")
    labels = {cell["label"] for cell in json.loads(done.stdout)["cells"]}
    assert labels == {"base", "again"}


def test_rollouts_alone_need_the_student_that_they_ask(root: Path) -> None:
    done = train(root, "rollouts", "run/corpus", "-o", "traces", "--stage", "1")
    assert done.returncode == 5
    assert "--student FILE.gguf" in done.stderr
