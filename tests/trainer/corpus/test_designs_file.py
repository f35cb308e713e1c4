"""The corpus's file is read back as it was written, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import Row
from benchwright_agent.protocol.task import SourceText
from benchwright_sim.errors import OutputError
from benchwright_trainer.corpus.designs_file import (
    DESIGNS,
    Entry,
    entry_line,
    read_entries,
    write_lines,
)
from benchwright_trainer.errors import TrainerError
from tests.trainer.corpus.sample_designs import MUX

ENTRY = Entry(
    Row("größe/1", (SourceText("a.sv", f"// ü\u2028\r\n{MUX}"),), module="mux"),
    {"tokens": 12, "family": None, "bins": 3},
)


def test_entries_come_back(tmp_path: Path) -> None:
    write_lines(tmp_path / DESIGNS, [entry_line(ENTRY)])
    assert read_entries(tmp_path) == read_entries(tmp_path / DESIGNS) == (ENTRY,)
    assert ENTRY.tokens == 12
    assert [path.name for path in tmp_path.iterdir()] == [DESIGNS]


def test_a_damaged_corpus_is_named_by_line(tmp_path: Path) -> None:
    for damage in ("{", '{"id": "x"}', "[]"):
        write_lines(tmp_path / DESIGNS, [entry_line(ENTRY), damage])
        with pytest.raises(TrainerError, match="no design") as caught:
            read_entries(tmp_path)
        assert str(caught.value.location) == f"{tmp_path}/{DESIGNS}:2"
    with pytest.raises(TrainerError, match="there is no"):
        read_entries(tmp_path / "none.jsonl")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_lines(tmp_path / "no" / "such" / "folder.jsonl", ["x"])
