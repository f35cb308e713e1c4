"""Suites: where rows come from, and what is said of one that cannot be read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.rows import SuiteError
from benchwright_agent.evaluation.suites import load_suite
from tests.agent.evaluation.small import row_json, target

ROWS = [row_json("counter"), row_json("pair", targets=[target("Block", 80, "u_fast")])]


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))


def zipped(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


def parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet as files

    files.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize(
    ("name", "write"), [("s.jsonl", jsonl), ("s.jsonl.gz", zipped), ("s.parquet", parquet)]
)
def test_rows_are_the_same_from_every_kind_of_file(
    tmp_path: Path, name: str, write: Callable[[Path, list[dict[str, Any]]], None]
) -> None:
    jsonl(tmp_path / "reference.jsonl", ROWS)
    write(tmp_path / name, ROWS)
    reference = load_suite(str(tmp_path / "reference.jsonl"))
    suite = load_suite(str(tmp_path / name))
    assert suite.name == name
    assert suite.rows == reference.rows
    assert suite.sha256 == reference.sha256


def test_a_data_set_is_loaded_by_its_name(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    folder = tmp_path / "ours"
    folder.mkdir()
    parquet(folder / "eval.parquet", ROWS)
    parquet(folder / "train.parquet", ROWS[:1])
    assert [row.id for row in load_suite(f"hf:{folder}:train").rows] == ["ours_counter_0001"]
    with pytest.raises(SuiteError, match="has the splits") as error:
        load_suite(f"hf:{folder}")
    assert f"hf:{folder}:" in error.value.hint
    with pytest.raises(SuiteError, match="cannot be loaded"):
        load_suite(f"hf:{tmp_path}/none")


def test_the_digest_is_of_what_rows_say(tmp_path: Path) -> None:
    changed = [ROWS[0], row_json("pair", targets=[target("Block", 81, "u_fast")])]
    jsonl(tmp_path / "a.jsonl", ROWS)
    jsonl(tmp_path / "b.jsonl", changed)
    first, second = (load_suite(str(tmp_path / f"{name}.jsonl")) for name in "ab")
    assert first.sha256 != second.sha256


def test_a_malformed_row_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n\n" + json.dumps({"id": "x"}) + "\n")
    with pytest.raises(SuiteError, match="rtl_files") as error:
        load_suite(str(path))
    assert str(error.value).startswith(f"{path}:3: ")


def test_a_malformed_row_of_a_table_names_the_row(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    parquet(path, [ROWS[0], ROWS[1] | {"id": None}])
    with pytest.raises(SuiteError) as error:
        load_suite(str(path))
    assert error.value.message.startswith(f"{path}, row 2: id")


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    jsonl(path, [ROWS[0], ROWS[0]])
    with pytest.raises(SuiteError) as error:
        load_suite(str(path))
    assert error.value.message == (f"{path}:3: the id 'ours_counter_0001' is taken by {path}:1")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("s.jsonl", b"{", "no JSON"),
        ("s.jsonl", b"\xff\xfe{}", "cannot be read"),
        ("s.jsonl", b"[" * 100_000, "no JSON"),
        ("s.jsonl", b"\n\n", "holds no row"),
        ("s.jsonl.gz", b"{}", "cannot be read"),
        ("s.jsonl.gz", gzip.compress(b"{}", mtime=0)[:-9], "cannot be read"),
        ("s.parquet", b"PAR1", "no Parquet"),
        ("s.csv", b"id\n", "must end in"),
    ],
)
def test_a_file_that_is_no_suite_is_said_to_be_none(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SuiteError, match=says):
        load_suite(str(tmp_path / name))


def test_a_suite_that_is_not_there_says_what_there_could_be(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no suite") as error:
        load_suite(str(tmp_path / "none.jsonl"))
    assert "hf:OWNER/NAME" in error.value.hint
