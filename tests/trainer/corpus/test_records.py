"""Files of rows are read as far as they can be, and what is damaged has a place."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchwright_trainer.corpus.records import Broken, Hub, Record, file_records, is_rows_file
from benchwright_trainer.errors import TrainerError
from tests.trainer.corpus.sample_designs import lines

VALUES = [{"n": n} for n in range(1, 7)]


def values(path: Path) -> list[object]:
    """What is whole in a file."""
    return [record.value for record in file_records(path) if isinstance(record, Record)]


def broken(path: Path) -> list[str]:
    """Places of what is not."""
    return [found.place for found in file_records(path) if isinstance(found, Broken)]


def test_a_damaged_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", [VALUES[0], b'{"n": ', b"", b'{"n": "\xff"}', VALUES[1]])
    assert values(path) == VALUES[:2]
    assert broken(path) == [f"{path}:2", f"{path}:4"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\r\n{"n": 2}\r\n')
    assert values(path) == VALUES[:2]


def test_a_json_array_is_read_as_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(VALUES, indent=1))
    assert values(path) == VALUES
    path.write_text("[1, 2")
    assert broken(path) == [str(path)]


def test_a_gzipped_file_that_ends_too_early_gives_what_it_has(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(json.dumps(v).encode() + b"\n" for v in VALUES), mtime=0)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(whole)
    assert values(path) == VALUES
    path.write_bytes(whole[:-12])
    assert len(broken(path)) == 1
    path.write_bytes(b"no gzip at all")
    assert broken(path) == [f"{path}:1"]


def test_a_damaged_row_group_costs_that_group_alone(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "rows.parquet"
    table = pyarrow.Table.from_pylist([{"text": f"{n} " * 400, "n": n} for n in range(6)])
    parquet.write_table(table, path, row_group_size=2, compression="none", use_dictionary=False)
    column = parquet.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    place = column.data_page_offset
    data[place : place + 16] = b"\xff" * 16
    path.write_bytes(data)
    found = list(file_records(path))
    assert [r.number for r in found if isinstance(r, Record)] == [1, 2, 5, 6]
    assert broken(path) == [f"{path}, row group 2"]
    path.write_bytes(b"PAR1 and nothing else")
    assert broken(path) == [str(path)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.JSONL.gz", "a.json", "a.parquet", "*.parquet"])
def test_files_of_rows_are_told_by_their_names(name: str) -> None:
    assert is_rows_file(name)
    assert not is_rows_file("design.sv")


def test_a_data_set_is_taken_apart() -> None:
    assert Hub.of("hf:a/b") == Hub("a/b")
    assert Hub.of("hf:a/b/sft@v1.0:train") == Hub("a/b", "sft", "v1.0", "train")
    for wrong in ("hf:", "hf:justone", "hf:a/b:", "hf:a/b c"):
        with pytest.raises(TrainerError, match="names no data set"):
            Hub.of(wrong)


_READ = """
import sys
from benchwright_trainer.corpus.records import Hub, hub_records
from benchwright_trainer.errors import TrainerError
for name in sys.argv[1:]:
    try:
        print([(r.number, r.value["n"], r.place) for r in hub_records(Hub.of(name))])
    except TrainerError as error:
        print(error.message)
"""


def test_a_data_set_is_read_by_split(tmp_path: Path) -> None:
    data = tmp_path / "owner" / "name"
    data.mkdir(parents=True)
    lines(data / "train.jsonl", VALUES[:2])
    lines(data / "test.jsonl", VALUES[2:3])
    env = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    said = subprocess.run(
        [sys.executable, "-c", _READ, "hf:owner/name:train", "hf:owner/name", "hf:owner/none"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=env,
        check=True,
    ).stdout.splitlines()
    assert said[0] == (
        "[(1, 1, 'hf:owner/name:train, row 1'), (2, 2, 'hf:owner/name:train, row 2')]"
    )
    assert said[1] == "the data set owner/name has the splits train, test"
    assert said[2].startswith("the data set owner/none cannot be loaded: ")
