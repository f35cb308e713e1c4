"""A disk that is full is told as such, whatever is written."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchwright_sim.errors import OutputError
from benchwright_trainer.folder_copy import copy_folder
from benchwright_trainer.whole_file import write_whole


@contextmanager
def no_room() -> Iterator[None]:
    """No file can have more than 100 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_whole(path, "before")
    with no_room(), pytest.raises(OutputError, match=r"summary\.json cannot be written: File too"):
        write_whole(path, "x" * 1000)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["summary.json"]


def test_a_model_that_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights").write_bytes(bytes(1000))
    with no_room(), pytest.raises(OutputError, match=r"cannot be copied to .*File too large"):
        copy_folder(source, tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be copied to"):
        copy_folder(source, tmp_path / "file" / "new")
    copy_folder(source, tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep" / "weights").stat().st_size == 1000
