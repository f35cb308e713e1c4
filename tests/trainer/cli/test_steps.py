"""Steps alone, as a user calls them."""

from __future__ import annotations

from pathlib import Path

from benchwright_agent.models.local.gguf_file import read_gguf
from tests.command import benchwright
from tests.tiny_model import tiny_folder
from tests.trainer.sft.students import dataset, small_student

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
