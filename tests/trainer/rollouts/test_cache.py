"""The cache: a result that is read is the one that was made, and nothing else is ever read."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import Row, materialise
from benchwright_agent.prompts import testbench
from benchwright_agent.protocol.judging import judge
from benchwright_agent.protocol.task import Draft, State, Task
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import OutputError, ToolchainError
from benchwright_trainer.rollouts.attempt_json import settled
from benchwright_trainer.rollouts.cache import SimulationCache, design_digest, prune
from benchwright_trainer.rollouts.tokens import MessageCounter
from tests.agent.evaluation.scripted import bench_text
from tests.agent.evaluation.small import row

GOOD = bench_text("gate", 2)
TEXTS = {
    "ok": GOOD,
    "compile_error": GOOD.replace("initial begin", "initial begin y[5] = nothing;"),
    "timeout": GOOD.replace("$finish;", "forever #1 $display(a);"),
    "runtime_error": GOOD.replace("$finish;", '$fatal(1, "so it is");'),
    "no_progress": GOOD.replace("$finish;", "while (1);"),
    "refused": GOOD.replace("$finish;", '$system("true");'),
}


def task_of(folder: Path, made: Row | None = None) -> Task:
    """The task of a row whose files lie in a folder."""
    made = made or row("gate")
    elaboration = elaborate(materialise(made, folder))
    return Task(elaboration, made.files, made.specs, made.instance, made.instruction, made.id)


def draft(text: str) -> Draft:
    """A testbench as taken from a reply."""
    return Draft("tb_gate.sv", text, "tb_gate")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Of a small design."""
    return task_of(tmp_path / "first")


def entries(folder: Path) -> list[Path]:
    """Files of a cache."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def prompt_of(task: Task, state: State) -> str:
    """All words that a model is shown."""
    prompt = testbench.testbench_prompt(state, MessageCounter(len), budget_tokens=100_000)
    return "\n".join(message.content for message in prompt.messages)


@pytest.mark.parametrize("outcome", TEXTS)
def test_what_is_read_is_what_was_made(tmp_path: Path, task: Task, outcome: str) -> None:
    cache = SimulationCache(tmp_path / "cache")
    made = cache.judge(draft(TEXTS[outcome]), task, design_digest(task), timeout_s=1.5)
    assert made.outcome == outcome
    again = task_of(tmp_path / "second")
    assert design_digest(again) == design_digest(task)
    read = cache.judge(draft(TEXTS[outcome]), again, design_digest(again), timeout_s=1.5)
    assert cache.hits == 1
    assert read.coverage == made.coverage
    assert read.coverage.by_metric() == made.coverage.by_metric()
    assert prompt_of(again, State(again, read)) == prompt_of(task, State(task, made))
    fresh = settled(judge(draft(TEXTS[outcome]), again, timeout_s=1.5))
    assert fresh == read
    assert len(entries(tmp_path / "cache")) == 1


def test_whatever_a_result_depends_on_makes_another_one(tmp_path: Path, task: Task) -> None:
    cache = SimulationCache(tmp_path / "cache")
    digest = design_digest(task)
    cache.judge(draft(GOOD), task, digest, timeout_s=30)
    cache.judge(draft(GOOD + "\n"), task, digest, timeout_s=30)
    cache.judge(draft(GOOD), task, digest, timeout_s=31)
    file = replace(row("gate").files[0], text=row("gate").files[0].text + "// more\n")
    other = task_of(tmp_path / "other", replace(row("gate"), files=(file,)))
    cache.judge(draft(GOOD), other, design_digest(other), timeout_s=30)
    assert (cache.simulations, cache.hits) == (4, 0)
    assert len(entries(tmp_path / "cache")) == 4


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"nonsense",
        zlib.compress(b"{}"),
        zlib.compress(b"[]"),
        zlib.compress(b"nonsense"),
        zlib.compress(b'{"outcome": "fine", "reason": "", "feedback": null}'),
        zlib.compress(b'{"outcome": "ok", "reason": "", "feedback": {"status": "ok"}}'),
        zlib.compress(b"\xff\xfe"),
        zlib.compress(b"[" * 100_000),
    ],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, task: Task, damage: bytes) -> None:
    cache, digest = SimulationCache(tmp_path / "cache"), design_digest(task)
    refused = draft(TEXTS["refused"])
    cache.judge(refused, task, digest, timeout_s=30)
    (entry,) = entries(tmp_path / "cache")
    whole = entry.read_bytes()
    for data in (damage, whole[:-1], whole[: len(whole) // 2], bytes([*whole[:-1], whole[-1] ^ 1])):
        entry.write_bytes(data)
        assert cache.judge(refused, task, digest, timeout_s=30).outcome == "refused"
        assert entry.read_bytes() == whole
    assert cache.hits == 0


def test_an_error_of_the_machine_is_no_result(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, digest = SimulationCache(tmp_path / "cache"), design_digest(task)
    with monkeypatch.context() as broken:
        broken.setenv("BENCHWRIGHT_CXX", "/bin/false")
        with pytest.raises(ToolchainError):
            cache.judge(draft(GOOD), task, digest, timeout_s=30)
    assert entries(tmp_path) == entries(tmp_path / "first")
    assert cache.simulations == 0
    assert cache.judge(draft(GOOD), task, digest, timeout_s=30).outcome == "ok"


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, task: Task) -> None:
    (tmp_path / "file").write_text("")
    cache = SimulationCache(tmp_path / "file" / "cache")
    with pytest.raises(OutputError, match="cannot be written"):
        cache.judge(draft(TEXTS["refused"]), task, design_digest(task), timeout_s=30)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A cache of five entries of 100 bytes; the third was used last."""
    for number in range(5):
        path = tmp_path / f"{number:02}" / "entry"
        path.parent.mkdir()
        path.write_bytes(bytes(100))
        os.utime(path, (number, 10 if number == 2 else number))
    return tmp_path


def test_what_was_used_last_stays(full: Path) -> None:
    assert prune(full, 500) == 500
    assert prune(full, 250) == 200
    assert [path.parent.name for path in entries(full)] == ["02", "04"]
    assert prune(full, 0) == 0
    assert prune(full / "nowhere", 0) == 0


def test_a_result_that_is_read_counts_as_used(tmp_path: Path, task: Task) -> None:
    cache, digest = SimulationCache(tmp_path / "cache"), design_digest(task)
    cache.judge(draft(TEXTS["refused"]), task, digest, timeout_s=30)
    (entry,) = entries(tmp_path / "cache")
    os.utime(entry, (1, 1))
    cache.judge(draft(TEXTS["refused"]), task, digest, timeout_s=30)
    assert entry.stat().st_mtime > 1
