"""The union of data sets holds every sample once, and says what it was made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_trainer.dataset.manifest import read_manifest
from benchwright_trainer.dataset.merging import merge_datasets
from benchwright_trainer.dataset.reading import read_dataset
from benchwright_trainer.dataset.writing import write_dataset
from benchwright_trainer.errors import TrainerError
from tests.outcome import contents
from tests.trainer.traces import direct, ran


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """Two data sets whose keys are the same, and one of whose samples is."""
    for stage, pcts in (("stage0", (10, 20, 30)), ("stage1", (20, 40))):
        traces = [direct(f"d/{n}", ran(pct)) for n, pct in enumerate(pcts)]
        write_dataset(tmp_path / stage, traces, card={})
    return {stage: tmp_path / stage for stage in ("stage0", "stage1")}


def test_every_sample_is_there_once(parts: dict[str, Path], tmp_path: Path) -> None:
    digest = merge_datasets(tmp_path / "union", parts, card={"name": "All"}, shard_rows=2)
    rows = list(read_dataset(tmp_path / "union"))
    assert [row["key"] for row in rows] == ["stage0/d/0", "stage0/d/1", "stage0/d/2", "stage1/d/1"]
    manifest = read_manifest(tmp_path / "union")
    assert manifest.sha256 == digest
    assert manifest.card["parts"] == {
        label: read_manifest(folder).sha256 for label, folder in parts.items()
    }
    assert merge_datasets(tmp_path / "again", parts, card={"name": "All"}, shard_rows=2) == digest
    assert contents(tmp_path / "again") == contents(tmp_path / "union")


def test_a_damaged_part_stops_it(parts: dict[str, Path], tmp_path: Path) -> None:
    (parts["stage1"] / "data" / "train-00000.parquet").write_bytes(b"")
    with pytest.raises(TrainerError, match="stage1"):
        merge_datasets(tmp_path / "union", parts, card={})
    assert not (tmp_path / "union").exists()
