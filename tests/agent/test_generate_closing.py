"""`benchwright generate` with a model for what search leaves open, as a user calls it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.policies.test_closing import CYCLES, OPENS
from tests.built import ROOT
from tests.command import benchwright
from tests.model_script import Script
from tests.model_server import ModelServer, model_server
from tests.outcome import refused

BUDGET = ("--budget-cycles", str(CYCLES))

HANGS = """\
module lock (input logic clk, input logic [31:0] d, output logic [7:0] n);
  logic [7:0] i;
  always_ff @(posedge clk)
    if (d[31:4] == 28'h7654321) begin
      i = 0;
      while (i != 255 || d[0]) i = i + 1;
      n <= i;
    end
endmodule
"""
"""Never ends at values that so short a search does not find."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "project"
    inside.mkdir()
    shutil.copy(ROOT / "examples" / "01_lock" / "lock.sv", inside)
    return inside


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server(lambda request, n: Script(OPENS)) as serving:
        yield serving


def generated(folder: Path, *arguments: str, **extra: str) -> dict[str, Any]:
    result = benchwright("generate", "lock.sv", *BUDGET, "--json", *arguments, cwd=folder, **extra)
    assert result.returncode == 0, result.stderr
    record: dict[str, Any] = json.loads(result.stdout)
    return record


def test_a_served_model_closes_what_search_leaves(folder: Path, server: ModelServer) -> None:
    record = generated(folder, "--server", server.base_url, "--model", "scripted")
    assert record["model"]["helpful"] >= 1
    assert record["model"]["bins"] > 20
    alone = generated(folder, "--policy", "search", "--force")
    assert alone["model"] is None
    assert alone["overall_average"] < record["overall_average"]


def test_a_model_of_the_environment_is_asked_as_well(folder: Path, server: ModelServer) -> None:
    asked = {"BENCHWRIGHT_MODEL": "openai:scripted", "OPENAI_BASE_URL": server.base_url}
    assert generated(folder, **asked)["model"]["name"] == "scripted"


def test_a_replay_needs_no_model_and_gives_the_same_bytes(
    folder: Path, server: ModelServer
) -> None:
    named = ("--server", server.base_url, "--model", "scripted")
    first = generated(folder, *named, "--trajectory", "first.jsonl", "-o", "tb_lock.sv")
    text = (folder / "tb_lock.sv").read_bytes()
    n_asked = len(server.requests)
    again = generated(folder, "--replay", "first.jsonl", "--trajectory", "again.jsonl", "--force")
    assert len(server.requests) == n_asked
    assert (folder / "tb_lock.sv").read_bytes() == text
    assert (folder / "again.jsonl").read_bytes() == (folder / "first.jsonl").read_bytes()
    assert again["model"] == first["model"]


def test_a_replay_of_another_design_says_so(folder: Path, server: ModelServer) -> None:
    named = ("--server", server.base_url, "--model", "scripted")
    generated(folder, *named, "--trajectory", "first.jsonl")
    source = folder / "lock.sv"
    source.write_text(source.read_text().replace("3A_91", "3A_92"))
    result = benchwright(
        "generate", "lock.sv", *BUDGET, "--replay", "first.jsonl", "-o", "tb_2.sv", cwd=folder
    )
    assert result.returncode == 10
    assert "the prompt is not the one that was recorded" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--rounds", "2"], 5, ["--rounds", "--policy llm"]),
        (["--policy", "search", "--model", "x"], 5, ["--model", "--policy search"]),
        (["--temperature", "1"], 5, ["--temperature", "no model is in use"]),
        (["--model", "nothing"], 12, ["nothing"]),
        (["--model", "missing.gguf"], 12, ["missing.gguf"]),
        (["--server", "http://127.0.0.1:9/v1"], 12, ["--model"]),
        (["--replay", "lock.sv"], 10, ["lock.sv", "no trajectory"]),
        (["--policy", "llm", "--model-budget", "3"], 5, ["--model-budget", "--budget"]),
        (["--policy", "closing"], 5, ["closing", "default, search, llm"]),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    folder: Path, arguments: list[str], code: int, says: list[str]
) -> None:
    data = folder.parent / "data"
    refused(
        folder,
        "generate",
        "lock.sv",
        *arguments,
        code=code,
        says=says,
        BENCHWRIGHT_DATA_DIR=str(data),
    )


def test_who_has_no_model_is_told_how_to_get_one(folder: Path) -> None:
    data = str(folder.parent / "data")
    result = benchwright("generate", "lock.sv", *BUDGET, cwd=folder, BENCHWRIGHT_DATA_DIR=data)
    assert result.returncode == 0
    assert "benchwright model pull" in result.stdout


def test_an_answer_on_which_the_design_hangs_is_replayed_as_well(folder: Path) -> None:
    (folder / "lock.sv").write_text(HANGS)
    hang = json.dumps(
        {"segments": [{"purpose": "x", "actions": [{"drive": {"d": 0x7654_3211}}, {"cycles": 2}]}]}
    )
    with model_server(lambda request, n: Script(hang if n else "{}")) as server:
        named = ("--server", server.base_url, "--model", "scripted")
        first = generated(folder, *named, "--trajectory", "first.jsonl", "-o", "tb_lock.sv")
    text = (folder / "tb_lock.sv").read_bytes()
    again = generated(folder, "--replay", "first.jsonl", "--trajectory", "again.jsonl", "--force")
    assert first["model"]["answers"] == 2
    assert again["warnings"] == first["warnings"]
    assert "hangs" in first["warnings"][0]
    assert (folder / "tb_lock.sv").read_bytes() == text
    assert (folder / "again.jsonl").read_bytes() == (folder / "first.jsonl").read_bytes()


def test_a_turn_whose_time_ended_before_a_word_was_said_is_replayed_as_well(folder: Path) -> None:
    named = ("--model", "scripted", "--model-budget", "0.5")
    with model_server(lambda request, n: Script(OPENS, delay_s=9)) as server:
        first = generated(folder, "--server", server.base_url, *named, "--trajectory", "1.jsonl")
    again = generated(folder, "--replay", "1.jsonl", "--trajectory", "2.jsonl", "--force")
    assert "--model-budget" in first["warnings"][0]
    assert again["warnings"] == first["warnings"]
    assert again["model"] == first["model"]
    assert (folder / "2.jsonl").read_bytes() == (folder / "1.jsonl").read_bytes()


def test_the_summary_and_the_record_say_why_a_model_did_not_help(
    folder: Path, server: ModelServer
) -> None:
    named = ("--server", server.base_url, "--model", "scripted", "--model-budget", "0")
    run = ("generate", "lock.sv", *BUDGET, *named)
    result = benchwright(*run, "--save", "run.json", cwd=folder)
    assert "model scripted: its time was over" in " ".join(result.stdout.split())
    assert "--model-budget" in result.stderr
    saved = json.loads((folder / "run.json").read_text())["model"]
    assert (saved["name"], saved["answers"]) == ("scripted", 0)
    assert saved["note"].startswith("its time was over")


def test_the_summary_says_that_a_model_was_not_needed(folder: Path, server: ModelServer) -> None:
    named = ("--server", server.base_url, "--model", "scripted", "--target", "1")
    result = benchwright("generate", "lock.sv", *BUDGET, *named, cwd=folder)
    assert "model not asked: the target is reached" in " ".join(result.stdout.split())
    assert "warning" not in result.stderr
