"""Steps alone, as a user calls them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_trainer.rollouts.rollout import TRACES
from benchwright_trainer.rollouts.trace import write_traces
from tests.command import benchwright
from tests.tiny_model import tiny_folder
from tests.trainer.sft.students import dataset, small_student
from tests.trainer.traces import direct, failed

F16 = ("--set", "export.quantisations=[]", "--set", "export.in_use=f16")
CANONICAL = ("--set", "student.dialect=canonical")


def test_a_model_keeps_its_dialect_where_nothing_is_said(tmp_path: Path) -> None:
    done = benchwright(
        *("train", "export", small_student(), "-o", "out", "--name", "mine", *F16),
        *("--set", "export.parity_prompts=0"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert read_gguf(tmp_path / "out" / "mine-f16.gguf").dialect == "canonical"


def test_a_dialect_that_a_model_does_not_know_is_refused(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", 2)
    for arguments in (("export", tiny_folder()), ("sft", tiny_folder(), data)):
        done = benchwright("train", *arguments, "-o", "out", *CANONICAL, cwd=tmp_path)
        assert done.returncode == 14
        assert "has no tokens for canonical names" in done.stderr
        assert not (tmp_path / "out").exists()


def test_a_corpus_of_other_options_is_left_alone(tmp_path: Path) -> None:
    one = ("train", "corpus", "--generated", "1", "-o", "out", "-q")
    assert benchwright(*one, cwd=tmp_path).returncode == 0
    before = (tmp_path / "out" / "designs.jsonl").read_bytes()
    assert benchwright(*one, cwd=tmp_path).returncode == 0
    done = benchwright(*one, "--set", "corpus.generated.seed=2", cwd=tmp_path)
    assert done.returncode == 7
    assert "generated.seed: 1 then, 2 now" in done.stderr
    assert (tmp_path / "out" / "designs.jsonl").read_bytes() == before


def test_what_cannot_be_exported_leaves_nothing(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "notes.txt").write_text("no model")
    for file in ("config.json", "tokenizer.json"):
        done = benchwright("train", "export", model, "-o", "out", cwd=tmp_path)
        assert done.returncode == 14
        assert file in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["model"]
        shutil.copy(tiny_folder() / "config.json", model)


@pytest.mark.parametrize("traces", ["missing", ".", "missing.jsonl"])
def test_traces_that_are_not_there_are_named(traces: str, tmp_path: Path) -> None:
    done = benchwright("train", "dataset", traces, "-o", "out", cwd=tmp_path)
    assert done.returncode == 14
    assert "there is no " in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("n", [0, 3])
def test_a_data_set_of_nothing_is_an_error(n: int, tmp_path: Path) -> None:
    write_traces(tmp_path / TRACES, (direct(f"m/{i}", failed()) for i in range(n)))
    done = benchwright("train", "dataset", ".", "-o", "out", cwd=tmp_path)
    assert done.returncode == 14
    reason = "compile_error: 3" if n else "there are no traces"
    assert "there is no sample to learn from" in done.stderr
    assert reason in done.stderr
    assert not (tmp_path / "out").exists()
