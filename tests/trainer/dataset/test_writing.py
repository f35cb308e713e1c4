"""A data set is written whole, with the same bytes for the same traces, and never over anything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchwright_agent.models.model import Message
from benchwright_sim.errors import OutputError
from benchwright_trainer.dataset.manifest import file_sha256, read_manifest
from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.dataset.writing import write_dataset
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.trace import Trace
from tests.outcome import contents
from tests.trainer.traces import agentic, direct, failed, ran

ROOT = Path(__file__).parents[3]
CARD = {"name": "Ours", "rejected": {"timeout": 3}}


def traces(n: int = 7) -> list[Trace]:
    found = [direct(f"d{i}/direct/s0/0", ran(10 * i), answer=f"αβ {i}\n") for i in range(n)]
    return [*found, agentic("d0/agentic/0/0", failed(), ran(60))]


def test_rows_come_back_as_they_were_said(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", traces(), card=CARD)
    rows = list(read_dataset(tmp_path / "set"))
    assert [row["key"] for row in rows] == sorted(trace.key for trace in traces())
    assert rows[0] == {
        "key": "d0/agentic/0/0",
        "design": "d0",
        "kind": "agentic",
        "intermediate": "student",
        "transition": "loop",
        "design_tokens": 500,
        "outcome_before": "compile_error",
        "outcome": "ok",
        "coverage_before": 0.0,
        "coverage": 0.6,
        "prompt": [
            {"role": "system", "content": "Write a testbench."},
            {"role": "user", "content": "module m; endmodule"},
            {"role": "user", "content": "broken"},
        ],
        "completion": [
            {"role": "assistant", "content": "tb.sv\n```systemverilog\ntb 60\n```"},
        ],
    }
    assert rows[3]["completion"][0]["content"] == "αβ 2\n"


def test_the_same_traces_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "a", traces(), card=CARD, shard_rows=3)
    second = write_dataset(tmp_path / "b", reversed(traces()), card=CARD, shard_rows=3)
    assert first == second
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_hash_is_of_the_rows_alone(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "a", traces(), card=CARD, shard_rows=3)
    assert write_dataset(tmp_path / "b", traces(), card={}, shard_rows=100) == first
    assert write_dataset(tmp_path / "c", traces(6), card=CARD, shard_rows=3) != first


def test_shards_are_bounded_and_named_in_the_manifest(tmp_path: Path) -> None:
    digest = write_dataset(tmp_path, traces(), card=CARD, shard_rows=3)
    manifest = read_manifest(tmp_path)
    assert [(shard.file, shard.rows) for shard in manifest.shards] == [
        ("data/train-00000.parquet", 3),
        ("data/train-00001.parquet", 3),
        ("data/train-00002.parquet", 2),
    ]
    assert manifest.sha256 == digest
    assert manifest.card == CARD
    for shard in manifest.shards:
        assert file_sha256(tmp_path / shard.file) == shard.sha256
        assert (tmp_path / shard.file).stat().st_size == shard.n_bytes


def test_a_data_set_that_is_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    digest = write_dataset(folder, traces(), card=CARD)
    before = contents(folder), folder.stat().st_ino
    assert write_dataset(folder, traces(), card={"name": "Other"}) == digest
    assert (contents(folder), folder.stat().st_ino) == before


def test_another_data_set_is_replaced_only_if_forced(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_dataset(folder, traces(), card=CARD)
    before = contents(folder)
    with pytest.raises(OutputError, match="holds another data set"):
        write_dataset(folder, traces(3), card=CARD)
    assert contents(folder) == before
    write_dataset(folder, traces(3), card=CARD, force=True)
    assert len(read_dataset(folder)) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_data_set_is_never_touched(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.md").write_text("years of work")
    with pytest.raises(OutputError, match="no data set"):
        write_dataset(tmp_path, traces(), card=CARD, force=force)
    assert contents(tmp_path) == {"thesis.md": b"years of work"}


def test_what_a_killed_process_left_does_not_matter(tmp_path: Path) -> None:
    left = tmp_path / ".set.part" / "data"
    left.mkdir(parents=True)
    (left / "train-00007.parquet").write_bytes(b"half")
    write_dataset(tmp_path / "set", traces(), card=CARD)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert len(read_dataset(tmp_path / "set")) == 8


KILLED = """
import os, signal, sys
from pathlib import Path
from benchwright_trainer.dataset import writing
from tests.trainer.dataset.test_writing import CARD, traces

left = int(sys.argv[2])
write = writing._write_shard


def until_killed(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(*arguments)


writing._write_shard = until_killed
writing.write_dataset(Path(sys.argv[1]), traces(), card=CARD, shard_rows=3, force=True)
"""


@pytest.mark.parametrize("before", [False, True])
def test_a_process_that_is_killed_leaves_the_data_set_as_it_was(
    tmp_path: Path, before: bool
) -> None:
    folder = tmp_path / "set"
    if before:
        write_dataset(folder, traces(2), card=CARD)
    there = contents(folder)
    command = [sys.executable, "-c", KILLED, str(folder), "2"]
    killed = subprocess.run(command, check=False, timeout=60, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert contents(folder) == there
    digest = write_dataset(folder, traces(), card=CARD, shard_rows=3, force=True)
    assert digest == write_dataset(tmp_path / "other", traces(), card=CARD, shard_rows=3)
    assert contents(folder) == contents(tmp_path / "other")


def test_nothing_kept_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="no sample") as caught:
        write_dataset(tmp_path / "set", [], card=CARD)
    assert caught.value.details == ("timeout: 3",)
    assert list(tmp_path.iterdir()) == []


def test_two_samples_of_one_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="'d1/direct/s0/0'"):
        write_dataset(tmp_path / "set", [*traces(), traces()[1]], card=CARD)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/set cannot be written: Not a directory"):
        write_dataset(tmp_path / "file" / "set", traces(), card=CARD)


def test_odd_characters_are_stored(tmp_path: Path) -> None:
    odd = "a\ud800b \x00 \U0001f600 \r\n\u2028"
    write_dataset(
        tmp_path, [direct("d", ran(1), answer=odd, prompt=(Message("user", odd),))], card={}
    )
    (row,) = read_dataset(tmp_path)
    assert row["completion"][0]["content"] == odd.replace("\ud800", "?")


def test_the_hugging_face_library_loads_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    write_dataset(tmp_path / "set", traces(), card=CARD, shard_rows=3)
    found = load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["train"]
    assert json.loads(json.dumps(list(found["train"]))) == list(read_dataset(tmp_path / "set"))
