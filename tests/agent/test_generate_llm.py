"""`benchwright generate --policy llm` from outside, with a served model and with a local one."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, benchwright, environment
from tests.model_script import Answer, Script
from tests.model_server import ModelServer, model_server
from tests.outcome import refused, run
from tests.replies import ALL, BROKEN, ENDLESS, GATE, LESS, NOTHING, SOME, in_turn, prompt_of

LLM = ("generate", "gate.sv", "--policy", "llm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a design, and nothing else."""
    folder = tmp_path / "design"
    folder.mkdir()
    (folder / "gate.sv").write_text(GATE)
    return folder


def served(
    folder: Path, script: Answer, *arguments: str | Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command with a server that answers by script."""
    with model_server(script) as server:
        return run(folder, *LLM, *naming(server), *arguments, **extra)


def naming(server: ModelServer) -> tuple[str, ...]:
    """The options that name a server and its model."""
    return "--server", server.base_url, "--model", "scripted"


@contextmanager
def running(folder: Path, script: Answer) -> Iterator[subprocess.Popen[str]]:
    """The command while it runs, recorded in t.jsonl, with a server that answers by script."""
    with (
        model_server(script) as server,
        subprocess.Popen(
            [*COMMAND, *LLM, *naming(server), "--trajectory", "t.jsonl"],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child,
    ):
        yield child


def interrupted(child: subprocess.Popen[str]) -> str:
    """Ends the command as Ctrl-C does, which it must obey at once; its output."""
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    output, errors = child.communicate(timeout=60)
    assert time.monotonic() - sent < 1.5
    assert child.returncode == 130, errors
    assert "Traceback" not in errors
    return output


def lines_of_a_cancelled_run(folder: Path) -> int:
    """How many lines were recorded, of which the last says that the run was cancelled."""
    lines = (folder / "t.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["stopped"] == "cancelled"
    return len(lines)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_best_testbench_is_the_output_as_the_model_wrote_it(folder: Path) -> None:
    result = served(folder, in_turn(BROKEN, SOME, LESS), "--save", "run.json")
    assert result.returncode == 0, result.stderr
    assert "tb_gate.sv (round 2 of 3)" in result.stdout
    assert "overall average" in result.stdout
    assert "round 1 of 3: compile error" in result.stderr
    assert names(folder) == ["gate.sv", "run.json", "tb_gate.sv"]
    assert "// covers some" in (folder / "tb_gate.sv").read_text()
    record = json.loads((folder / "run.json").read_text())
    assert (record["policy"], record["model"], record["status"]) == ("llm", "scripted", "open")
    assert [r["outcome"] for r in record["rounds"]] == ["compile_error", "ok", "ok"]
    assert (record["best_round"], record["stopped"], record["simulations"]) == (2, "rounds", 3)
    assert record["new_tokens"] > 100
    alone = benchwright("simulate", "tb_gate.sv", "gate.sv", "--json", cwd=folder)
    assert json.loads(alone.stdout)["coverage"] == record["coverage"]
    report = benchwright("report", "run.json", cwd=folder)
    assert report.returncode == 0, report.stderr


def test_json_is_the_same_each_time_but_for_seconds(folder: Path) -> None:
    records = []
    for _ in range(2):
        result = served(folder, in_turn(SOME, ALL), "--json", "--force")
        assert (result.returncode, result.stderr) == (0, "")
        records.append(json.loads(result.stdout))
        assert records[-1].pop("seconds") > 0
    assert records[0] == records[1]
    assert (records[0]["status"], records[0]["stopped"]) == ("closed", "covered")


def test_the_options_reach_the_model(folder: Path) -> None:
    (folder / "notes.md").write_text("The gate is an AND gate of the finest sort.")
    with model_server(in_turn(ALL)) as server:
        options = ("--temperature", "0", "--max-tokens", "777", "--seed", "5")
        more = ("--doc", "notes.md", "--rules", "--quiet")
        result = run(folder, *LLM, *naming(server), *options, *more)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    (request,) = server.requests
    assert request["temperature"] == 0
    assert 777 in {request.get("max_tokens"), request.get("max_completion_tokens")}
    assert "of the finest sort" in prompt_of(request)


def test_a_missed_target_exits_1_and_a_met_one_ends_the_rounds(folder: Path) -> None:
    missed = served(folder, in_turn(LESS), "--target", "90", "--rounds", "1")
    assert missed.returncode == 1
    assert "the target of 90 % is missed" in missed.stderr
    met = served(folder, in_turn(SOME), "--target", "50", "--json", "--force")
    assert met.returncode == 0
    assert (json.loads(met.stdout)["stopped"], len(json.loads(met.stdout)["rounds"])) == (
        "covered",
        1,
    )


def test_where_no_testbench_runs_the_last_draft_is_kept_and_it_exits_9(folder: Path) -> None:
    for n, name in enumerate(("tb_gate.sv.rejected", "tb_gate.sv.rejected2"), start=1):
        result = served(folder, in_turn(NOTHING, BROKEN, NOTHING))
        assert result.returncode == 9
        assert "none of the model's 3 testbenches runs to its end" in result.stderr
        assert f"the last draft is kept in {name}" in result.stderr
        assert "undeclared_thing" in (folder / name).read_text()
        assert len(names(folder)) == 1 + n


def test_where_there_is_no_draft_the_last_reply_is_kept(folder: Path) -> None:
    result = served(folder, in_turn(NOTHING), "--rounds", "1")
    assert result.returncode == 9
    assert "the last reply is kept in tb_gate.sv.rejected" in result.stderr
    assert (folder / "tb_gate.sv.rejected").read_text() == NOTHING


def test_a_model_that_fails_later_exits_12_with_the_best_so_far(folder: Path) -> None:
    result = served(folder, in_turn(SOME, Script(status=400, message="enough is enough")))
    assert result.returncode == 12
    assert "enough is enough" in result.stderr
    assert "overall average" in result.stdout
    assert "// covers some" in (folder / "tb_gate.sv").read_text()


def test_a_model_that_fails_at_once_exits_12_and_writes_nothing(folder: Path) -> None:
    result = served(folder, in_turn(Script(status=401, message="this key is not known")))
    assert result.returncode == 12
    assert "key" in result.stderr
    assert names(folder) == ["gate.sv"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 12, "no model is in use"),
        (("--server", "nonsense", "-m", "x"), 12, "the server's URL must begin with"),
        (("--format", "cocotb"), 5, "legal is sv"),
        (("--budget-cycles", "9"), 5, "--budget-cycles"),
        (("--policy", "magic"), 5, "legal are default, search, llm"),
        (("--policy", "search", "--rounds", "2"), 5, "--rounds"),
        (("--replay", "none.jsonl"), 10, "No such file"),
        (("--replay", "gate.sv"), 10, "no trajectory"),
        (("--replay", "r.jsonl", "--model", "x"), 5, "a replay takes this from its recording"),
        (("--trajectory", "gate.sv", "--force"), 7, "source of the design"),
        (("--trajectory", "tb_gate.sv"), 7, "another part"),
    ],
)
def test_wrong_input_is_one_message_with_its_code(
    folder: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    data = folder.parent / "data"
    refused(
        folder, *LLM, *arguments, code=code, says=[says], BENCHWRIGHT_DATA_DIR=str(data),
        BENCHWRIGHT_MODEL="none",
    )  # fmt: skip


def test_a_replay_needs_no_model_and_repeats_every_byte(folder: Path) -> None:
    first = served(folder, in_turn(NOTHING, SOME, BROKEN), "--trajectory", "a.jsonl", "--json")
    assert first.returncode == 0, first.stderr
    arguments = (*LLM, "-o", "tb_again.sv", "--trajectory", "b.jsonl", "--json")
    again = run(folder, *arguments, "--replay", "a.jsonl")
    assert again.returncode == 0, again.stderr
    assert (folder / "b.jsonl").read_bytes() == (folder / "a.jsonl").read_bytes()
    assert (folder / "tb_again.sv").read_bytes() == (folder / "tb_gate.sv").read_bytes()
    (folder / "gate.sv").write_text(GATE.replace("a & b", "a | b"))
    changed = run(folder, *LLM, "-o", "tb_third.sv", "--replay", "a.jsonl")
    assert changed.returncode == 10
    assert "round 1: the prompt is not the one that was recorded" in changed.stderr
    assert not (folder / "tb_third.sv").exists()


@pytest.mark.parametrize("answers", [(SOME,), ()])
def test_ctrl_c_keeps_the_best_so_far(folder: Path, answers: tuple[str, ...]) -> None:
    asked = threading.Event()

    def script(_request: Mapping[str, Any], n_call: int) -> Script:
        if n_call < len(answers):
            return Script(answers[n_call])
        asked.set()
        return Script(ALL, pace_s=0.5, chunk=8)

    with running(folder, script) as child:
        assert asked.wait(60)
        time.sleep(0.5)
        output = interrupted(child)
    assert (folder / "tb_gate.sv").exists() == bool(answers)
    assert ("overall average" in output) == bool(answers)
    assert lines_of_a_cancelled_run(folder) == 2 + len(answers)


@pytest.mark.parametrize("answers", [(SOME, ENDLESS), (ENDLESS,)])
def test_ctrl_c_ends_a_simulation(folder: Path, answers: tuple[str, ...]) -> None:
    with running(folder, in_turn(*answers)) as child:
        assert child.stderr is not None
        while f"round {len(answers)} of 3: simulate" not in child.stderr.readline():
            assert child.poll() is None
        time.sleep(1)
        output = interrupted(child)
    kept = "tb_gate.sv" if len(answers) > 1 else "tb_gate.sv.rejected"
    assert names(folder) == ["gate.sv", "t.jsonl", kept]
    mark = "covers some" if len(answers) > 1 else "never ends"
    assert mark in (folder / kept).read_text()
    assert ("overall average" in output) == (len(answers) > 1)
    assert lines_of_a_cancelled_run(folder) == 1 + len(answers)
    again = run(folder, *LLM, "--replay", "t.jsonl", "-o", "tb_again.sv")
    expected = (130, "interrupted") if len(answers) > 1 else (10, "before its first round")
    assert again.returncode == expected[0], again.stderr
    assert expected[1] in again.stderr


def test_a_small_local_model_is_rejected_and_told_until_its_rounds_are_over(folder: Path) -> None:
    pytest.importorskip("llama_cpp")
    from tests.tiny_model import tiny_gguf

    model = tiny_gguf()
    options = ("--model", model, "--max-tokens", "60", "--trajectory", "a.jsonl")
    result = run(folder, *LLM, *options, "--rounds", "2")
    assert result.returncode == 9, result.stderr
    assert "the last" in result.stderr
    assert str(model.parent) not in (folder / "a.jsonl").read_text()
    again = run(folder, *LLM, "--replay", "a.jsonl", "--trajectory", "b.jsonl")
    assert again.returncode == 9, again.stderr
    assert (folder / "b.jsonl").read_bytes() == (folder / "a.jsonl").read_bytes()
