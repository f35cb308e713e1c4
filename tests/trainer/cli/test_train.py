"""`benchwright train` as a user calls it: what is refused, and with which words and exit code."""

from __future__ import annotations

import fcntl
import json
import socket
from pathlib import Path

import pytest

from tests.command import benchwright

OPENAI = """\
[corpus]
generated = { n = 5 }
[student]
init = "Qwen/Qwen3-4B-Instruct-2507"
[teacher]
policy = "openai"
model = "big"
[sft]
device = "cpu"
method = "lora"
max_length = 2048
"""


def test_all_commands_are_told(tmp_path: Path) -> None:
    told = benchwright("train", "--help", cwd=tmp_path).stdout
    for command in ("run", "plan", "status", "resume", "corpus", "rollouts", "dataset", "sft",
                    "evaluate", "export", "compare"):  # fmt: skip
        assert f" {command} " in told


def test_a_plan_counts_and_runs_nothing(tmp_path: Path) -> None:
    done = benchwright("train", "plan", "smoke", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    steps = {step["step"]: step for step in plan["steps"]}
    assert steps["corpus"]["simulations"] == 6
    assert steps["stage0.rollouts"]["simulations"] == 6 * (1 + 2 + 2)
    assert steps["stage1.rollouts"]["student"] == 6 * 2
    assert steps["stage2.rollouts"]["student"] == 6 * (2 + 2 * 2)
    assert steps["stage0.evaluation"]["simulations"] == 2 * (1 + 2)
    assert 900_000 < plan["needs"]["parameters"] < 1_300_000
    assert [one["step"] for one in plan["needs"]["trainings"]] == [
        *("base", "stage0.sft", "stage1.sft", "stage2.sft"),
    ]
    assert plan["missing"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_plan_warns_of_stages_that_may_find_no_design(tmp_path: Path) -> None:
    changes = ("--set", "stage1.rollouts.min_tokens=2000")
    done = benchwright("train", "plan", "smoke", *changes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "stage1 takes designs of 2,000 tokens and more" in done.stderr
    assert "stage2" not in done.stderr
    done = benchwright("train", "plan", "smoke", *changes, "--json", cwd=tmp_path)
    assert len(json.loads(done.stdout)["doubts"]) == 1


def test_a_plan_says_what_its_hours_leave_out_and_what_takes_too_long(tmp_path: Path) -> None:
    done = benchwright("train", "plan", "llm4cov-4b", cwd=tmp_path, COLUMNS="200")
    assert "GPUs of the teacher's server (1,333M tokens)" in done.stdout
    assert "GPUs that the student may answer on (708M tokens)" in done.stdout
    assert "the student's answers take" in done.stderr
    done = benchwright("train", "plan", "smoke", cwd=tmp_path)
    assert "not counted" not in done.stdout
    assert done.stderr == ""


def test_a_plan_names_all_that_is_missing(tmp_path: Path) -> None:
    changes = ("--set", "student.init=no/such/folder", "--set", 'corpus.sources=["rtl"]')
    done = benchwright("train", "plan", "llm4cov-4b", *changes, "--json", cwd=tmp_path)
    assert done.returncode == 14
    missing = " ".join(problem["what"] for problem in json.loads(done.stdout)["missing"])
    for piece in ("no server is named", "corpus.sources: there is no rtl", "8 GPUs",
                  "student.init: there is no folder no/such/folder"):  # fmt: skip
        assert piece in missing


def test_a_plan_knocks_at_the_teachers_server(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(OPENAI)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1"
        up = benchwright("train", "plan", "r.toml", cwd=tmp_path, OPENAI_BASE_URL=url)
    down = benchwright("train", "plan", "r.toml", cwd=tmp_path, OPENAI_BASE_URL=url)
    wrong = benchwright("train", "plan", "r.toml", cwd=tmp_path, OPENAI_BASE_URL="ftp://x")
    assert "server" not in up.stderr
    assert f"the teacher's server {url} does not answer" in down.stderr
    assert "it is no URL of http" in wrong.stderr


def test_what_cannot_end_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(OPENAI)
    done = benchwright("train", "run", "r.toml", "-o", "out", cwd=tmp_path)
    assert done.returncode == 14
    assert "no server is named for the teacher big" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bad_recipe_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[corpus]\ngenerated = { n = 5 }\n[sft]\nbatsh = 3\n")
    done = benchwright("train", "run", "r.toml", "-o", "out", cwd=tmp_path)
    assert done.returncode == 5
    assert "r.toml:4: sft.batsh: is no key of a recipe; did you mean 'batch'?" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    done = benchwright("train", "run", "smoke", "-o", "mine", cwd=tmp_path)
    assert done.returncode == 7
    assert "holds something that is no training" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_two_do_not_work_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "run.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = benchwright("train", "run", "smoke", "-o", "run", cwd=tmp_path)
    assert done.returncode == 7
    assert "another training works in run" in done.stderr


@pytest.mark.parametrize("command", ["status", "resume"])
def test_a_folder_without_a_training_is_named(command: str, tmp_path: Path) -> None:
    done = benchwright("train", command, "nothing", cwd=tmp_path)
    assert done.returncode == 14
    assert "nothing holds no training" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("run", ["base", "base=", "=folder", "a=x"])
def test_what_is_compared_is_named_by_a_label(run: str, tmp_path: Path) -> None:
    done = benchwright("train", "compare", "a=x", run, cwd=tmp_path)
    assert done.returncode == 5
    assert "LABEL=FOLDER" in done.stderr
