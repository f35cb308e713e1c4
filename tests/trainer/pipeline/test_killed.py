"""A training that is killed, anywhere and again and again, comes to what it would have come to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchwright_trainer.pipeline.marks import read_mark
from tests.command import COMMAND, environment
from tests.tiny_model import tiny_folder

RECIPE = """\
[corpus]
generated = {{ n = 3, families = ["edge_detector", "up_down_counter"] }}
[student]
init = "{init}"
[teacher]
budget_cycles = 3000
[stages]
n = 1
[evaluation]
of = []
[stage0.rollouts]
drafts = 2
prompt_tokens = 3000
[balance]
short_tokens = 0
"""
LAST = "stage0.dataset"
TIMEOUT_S = 240


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "killed.toml"
    path.write_text(RECIPE.format(init=tiny_folder()), "utf-8")
    return path


def run_until(recipe: Path, folder: Path, reached: Callable[[], bool]) -> None:
    """Runs the training and kills it and all its processes when something is reached."""
    process = subprocess.Popen(
        [*COMMAND, "train", "run", str(recipe), "--output", str(folder), "--quiet"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    started_s = time.monotonic()
    while not reached():
        assert process.poll() is None, (process.communicate()[1] or b"").decode()
        assert time.monotonic() - started_s < TIMEOUT_S
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def output(folder: Path, step: str) -> str:
    mark = read_mark(folder, step)
    return mark.output if mark else ""


def is_done(folder: Path, step: str) -> bool:
    return output(folder, step) != ""


def has_lines(path: Path, n: int) -> bool:
    return path.exists() and path.read_bytes().count(b"\n") >= n


def test_a_killed_training_ends_in_the_same_data_set(recipe: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run_until(recipe, whole, partial(is_done, whole, LAST))
    corpus, drawn = killed / "corpus" / "checks.jsonl", killed / "stage0/rollouts/jobs.jsonl"
    points: list[Callable[[], bool]] = [
        partial(has_lines, corpus, 2),
        (killed / "base" / "model").exists,
        partial(has_lines, drawn, 3),
        (killed / "steps" / f"{LAST}.json").exists,
        partial(is_done, killed, LAST),
    ]
    for reached in points:
        run_until(recipe, killed, reached)
    for step in ("corpus", "stage0.rollouts", LAST):
        assert output(killed, step) == output(whole, step) != ""
    manifests = [
        json.loads((folder / "stage0" / "dataset" / "manifest.json").read_text("utf-8"))
        for folder in (whole, killed)
    ]
    assert manifests[0] == manifests[1]
    assert manifests[0]["sha256"] == output(whole, LAST)
