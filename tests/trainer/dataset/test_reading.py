"""A damaged shard is put aside and named; what is left can be read."""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_trainer.dataset.manifest import (
    MANIFEST,
    Manifest,
    Shard,
    manifest_text,
    read_manifest,
)
from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.dataset.writing import write_dataset
from benchwright_trainer.errors import TrainerError
from tests.trainer.traces import direct, ran

SECOND = "data/train-00001.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    traces = [direct(f"d{n}", ran(n)) for n in range(7)]
    write_dataset(tmp_path / "set", traces, card={}, shard_rows=3)
    return tmp_path / "set"


def flip(path: Path) -> None:
    """Changes one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_shard_is_quarantined_and_named(folder: Path) -> None:
    flip(folder / SECOND)
    with pytest.raises(TrainerError, match=r"1 of 3 shards .* with them 3 of 7 rows") as caught:
        read_dataset(folder)
    assert caught.value.details == (f"{SECOND}: damaged, now quarantine/train-00001.parquet",)
    assert "make the data set again" in caught.value.hint
    assert not (folder / SECOND).exists()
    assert (folder / "quarantine" / "train-00001.parquet").is_file()


def test_the_rest_can_be_read(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    flip(folder / SECOND)
    with caplog.at_level(logging.WARNING):
        reader = read_dataset(folder, partial=True)
    assert SECOND in caplog.text
    assert reader.damaged == (SECOND,)
    assert [row["key"] for row in reader] == ["d0", "d1", "d2", "d6"]
    assert len(reader) == 4
    assert len(read_dataset(folder, partial=True)) == 4


def test_the_hugging_face_library_loads_the_rest(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    flip(folder / SECOND)
    read_dataset(folder, partial=True)
    found = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"), split="train")
    assert found["key"][:] == ["d0", "d1", "d2", "d6"]


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / SECOND).unlink()
    with pytest.raises(TrainerError) as caught:
        read_dataset(folder)
    assert caught.value.details == (f"{SECOND}: missing",)


def test_a_shard_that_is_cut_short_is_damaged(folder: Path) -> None:
    os.truncate(folder / SECOND, 100)
    assert read_dataset(folder, partial=True).damaged == (SECOND,)


def test_an_earlier_quarantine_is_kept(folder: Path) -> None:
    (folder / "quarantine").mkdir()
    (folder / "quarantine" / "train-00001.parquet").write_text("earlier")
    flip(folder / SECOND)
    read_dataset(folder, partial=True)
    names = sorted(path.name for path in (folder / "quarantine").iterdir())
    assert names == ["train-00001.parquet", "train-00001.parquet.1"]


def test_a_data_set_of_nothing_but_damage_is_an_error(folder: Path) -> None:
    for path in (folder / "data").iterdir():
        flip(path)
    with pytest.raises(TrainerError, match="3 of 3 shards"):
        read_dataset(folder, partial=True)


def test_making_it_again_mends_it(folder: Path) -> None:
    flip(folder / SECOND)
    traces = [direct(f"d{n}", ran(n)) for n in range(7)]
    write_dataset(folder, traces, card={}, shard_rows=3, force=True)
    assert len(read_dataset(folder)) == 7


def test_another_folder_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"no data set: there is no manifest\.json"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "no benchwright-dataset of version 1"),
        ({"format": "else"}, "no benchwright-dataset of version 1"),
        ({"shards": [{"file": "x"}]}, "the manifest is damaged"),
        ({"shards": None}, "the manifest is damaged"),
        ({"card": 3}, "the manifest is damaged"),
        ({"shards": [{"file": "data/train-0.parquet", "rows": 1e999}]}, "the manifest is damaged"),
    ],
)
def test_a_damaged_manifest_is_named(folder: Path, change: dict[str, object], message: str) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(values | change))
    with pytest.raises(TrainerError, match=message) as caught:
        read_dataset(folder)
    assert caught.value.location is not None
    assert caught.value.location.file == folder / MANIFEST


def test_a_manifest_that_leads_elsewhere_moves_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_text("mine")
    values = json.loads((folder / MANIFEST).read_text())
    values["shards"][0]["file"] = "../mine.parquet"
    (folder / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(TrainerError, match="the manifest is damaged"):
        read_dataset(folder)
    assert (tmp_path / "mine.parquet").read_text() == "mine"


@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_whatever_the_manifest_holds_the_error_is_ours(place: int, content: bytes) -> None:
    text = MANIFEST_TEXT[: place % len(MANIFEST_TEXT)] + content
    text += MANIFEST_TEXT[len(text) :] if place % 2 else b""
    with TemporaryDirectory() as name:
        (Path(name) / MANIFEST).write_bytes(text)
        with suppress(TrainerError):
            read_manifest(Path(name))


MANIFEST_TEXT = manifest_text(
    Manifest("0" * 8, (Shard("data/train-00000.parquet", 3, 99, "1" * 8),), {"x": "1"}, {"y": [1]})
).encode()
