"""`benchwright eval` as a user meets it: a suite in, figures out, killed and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import COUNTER, GATE, row_json, target
from tests.command import COMMAND, benchwright, environment
from tests.model_server import ModelServer, model_server
from tests.outcome import MARK, one_line, processes, refused, write

ROWS = [
    row_json("counter", targets=[target("Overall Average")]),
    row_json("pair", targets=[target("Block", 100, "u_slow")]),
    row_json("gate"),
    row_json("broken"),
]


def suite_in(folder: Path) -> Path:
    """A folder with a suite in it."""
    folder.mkdir()
    (folder / "suite.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return suite_in(tmp_path / "here")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    """An evaluation that nobody disturbs: its suite's folder, and what it says."""
    folder = suite_in(tmp_path_factory.mktemp("whole") / "here")
    with model_server(scripted.mixed) as server:
        return folder, benchwright(*asking(server), cwd=folder)


def asking(server: ModelServer) -> list[str]:
    """The options of a direct evaluation with a server's model."""
    return [
        *("eval", "suite.jsonl", "--server", server.base_url, "--model", "scripted"),
        *("--direct", "-n", "2"),
    ]


def without_times(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if '"seconds"' not in line)


def test_a_suite_comes_out_as_figures(whole: tuple[Path, CompletedProcess[str]]) -> None:
    folder, done = whole[0] / "eval_suite.jsonl_llm", whole[1]
    assert done.returncode == 0, done.stderr
    assert done.stdout == (folder / "table.md").read_text()
    assert "3 of 4 designs, 2 samples each" in done.stdout
    assert "Cov pass@2 %" in done.stdout
    assert "- `ours_broken_0001`: " in done.stdout
    assert "8/8 " in done.stderr
    result = json.loads((folder / "result.json").read_text())
    assert result["model"] == "scripted"
    assert len(list((folder / "trajectories").iterdir())) == 6


def killed(command: Sequence[str], folder: Path, mark: str, signal_number: int) -> int:
    """Starts the command, and ends it by a signal once a few samples are done; its exit status."""
    journal = folder / "out" / "jobs.jsonl"
    said = folder / "stderr.txt"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, *command],
            cwd=folder,
            env=environment(**{MARK: mark}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        ) as child,
    ):
        deadline_s = time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
            assert time.monotonic() < deadline_s
            assert child.poll() is None, said.read_text()
            time.sleep(0.02)
        os.kill(child.pid, signal_number)
        return child.wait(20)


@pytest.mark.parametrize(
    ("signal_number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)]
)
def test_an_evaluation_that_is_ended_goes_on(
    whole: tuple[Path, CompletedProcess[str]], suite: Path, signal_number: int, status: int
) -> None:
    mark = uuid.uuid4().hex
    with model_server(scripted.mixed) as server:
        command = [*asking(server), "-o", "out", "-j", "2"]
        assert killed(command, suite, mark, signal_number) == status
        deadline_s = time.monotonic() + 10
        while processes(mark) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert processes(mark) == []
        before = (suite / "out" / "jobs.jsonl").read_bytes()
        done = benchwright(*command, "--json", cwd=suite)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) <= 6 + 2
    reference = (whole[0] / "eval_suite.jsonl_llm" / "result.json").read_text()
    assert without_times(done.stdout) == without_times(reference)
    after = (suite / "out" / "jobs.jsonl").read_bytes()
    assert after.startswith(before[: before.rfind(b"\n") + 1])
    assert after.count(b"\n") == 9


def test_a_search_over_a_folder_repeats(tmp_path: Path) -> None:
    write(tmp_path, {"designs/counter.sv": COUNTER, "designs/gate.sv": GATE})
    arguments = ["eval", "designs", "--policy", "search", "-n", "1", "--budget-cycles", "1000"]
    runs = [
        benchwright(*arguments, "-j", str(n), "-o", f"out{n}", "--json", cwd=tmp_path)
        for n in (1, 2)
    ]
    assert [run.returncode for run in runs] == [0, 0]
    assert without_times(runs[0].stdout) == without_times(runs[1].stdout)
    result: dict[str, Any] = json.loads(runs[0].stdout)
    assert result["summary"]["sim_pass"]["value"] == 100
    assert result["summary"]["no_targets"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["suite.jsonl", "--policy", "magic"], 5, ["--policy magic", "llm, search, default"]),
        (["suite.jsonl", "--policy", "search", "-n", "2", "-k", "3"], 5, ["pass@3"]),
        (["suite.jsonl", "--policy", "search", "--model", "x"], 5, ["asks no model"]),
        (["suite.jsonl"], 12, ["needs a model", "--server URL"]),
        (["none.jsonl", "--policy", "search"], 13, ["there is no suite"]),
        (["bad.jsonl", "--policy", "search"], 13, ["bad.jsonl:1", "leads out"]),
        (["suite.jsonl", "--policy", "search", "-o", "full"], 7, ["no evaluation"]),
        (["suite.jsonl", "--policy", "search", "-n", "0"], 2, ["--samples"]),
    ],
)
def test_what_cannot_be_evaluated_is_said(
    suite: Path, arguments: list[str], code: int, says: list[str]
) -> None:
    bad = row_json("gate", rtl_files=[{"name": "../gate.sv", "content": GATE}])
    write(suite, {"bad.jsonl": json.dumps(bad) + "\n", "full/notes.txt": "mine"})
    data = str(suite.parent / "data")
    refused(suite, "eval", *arguments, code=code, says=says, BENCHWRIGHT_DATA_DIR=data)


def test_other_terms_are_named(suite: Path) -> None:
    arguments = ["eval", "suite.jsonl", "--policy", "search", "--limit", "1", "-o", "out"]
    first = benchwright(*arguments, "-n", "1", "--budget-cycles", "1000", cwd=suite)
    assert first.returncode == 0, first.stderr
    done = benchwright(*arguments, "-n", "2", "--budget-cycles", "1000", cwd=suite)
    assert done.returncode == 7
    assert "samples: 1 then, 2 now" in one_line(done.stderr)
