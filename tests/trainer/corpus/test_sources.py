"""Sources are found by what the user names, and what cannot be read is put aside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchwright_trainer.corpus.candidate import Candidate, Dropped
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.sources import read_designs
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.errors import TrainerError
from tests.trainer.corpus.sample_designs import COUNTER, MUX, PARITY, folder, lines


def ids(*sources: object) -> list[str]:
    """Of what sources hold, with the place of what is put aside."""
    read = read_designs(CorpusOptions(sources=tuple(map(str, sources))))
    return [item.row.id if isinstance(item, Candidate) else f"!{item.place}" for item in read]


def test_a_folder_holds_a_design_a_file_and_sub_folder(tmp_path: Path) -> None:
    rtl = folder(tmp_path / "rtl", counter=COUNTER, mux=MUX)
    folder(rtl / "two", parity=PARITY, also=MUX.replace("mux", "also"))
    assert ids(rtl) == ["counter", "mux", "two"]
    assert ids(f"{rtl}/[cp]*.sv") == ["counter", "two/parity"]


def test_one_file_that_is_no_text_does_not_end_a_folder(tmp_path: Path) -> None:
    rtl = folder(tmp_path / "rtl", counter=COUNTER, mux=MUX)
    (rtl / "binary.sv").write_bytes(b"\0\1\2")
    (rtl / "empty.sv").write_text("\n")
    assert ids(rtl) == [f"!{rtl}/binary.sv", "counter", f"!{rtl}/empty.sv", "mux"]


def test_shards_are_read_in_order_and_ids_stay_unique(tmp_path: Path) -> None:
    row = {"id": "same", "rtl_files": [{"name": "a.sv", "content": MUX}]}
    lines(tmp_path / "b.jsonl", [row, {"question": "?", "ground_truth": PARITY}])
    lines(tmp_path / "a.jsonl", [row, b"{", row])
    assert ids(f"{tmp_path}/*.jsonl") == [
        "same",
        f"!{tmp_path}/a.jsonl:2",
        "same-2",
        "same-3",
        "b-2",
    ]


def test_escapes_that_are_no_unicode_are_mended(tmp_path: Path) -> None:
    row = {"id": "x", "rtl_files": [{"name": "a.sv", "content": f"// \ud800\n{MUX}"}]}
    (item,) = read_designs(CorpusOptions(sources=(str(lines(tmp_path / "a.jsonl", [row])),)))
    assert isinstance(item, Candidate)
    assert item.row.files[0].text == f"// ?\n{MUX}"


def test_generated_designs_come_after_the_sources(tmp_path: Path) -> None:
    rtl = folder(tmp_path / "rtl", mux=MUX)
    options = CorpusOptions(sources=(str(rtl),), generated=GeneratedOptions(n=2))
    first, *others = read_designs(options)
    assert not isinstance(first, Dropped)
    assert first.row.id == "mux"
    assert [item.source for item in others] == ["generated", "generated"]
    assert all(isinstance(item, Candidate) and item.meta["family"] for item in others)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing", "there is no .*missing"),
        ("missing/*.sv", "there is no .*missing"),
        ("*/rtl/*.sv", "only the last part may be a pattern"),
        ("rtl/*.vhd", "no file that fits"),
        ("*.jsonl", "no file fits"),
        ("notes.txt", "neither a folder of designs nor a file of rows"),
        ("bare", "no design below this folder"),
    ],
)
def test_what_is_no_source_is_an_error(tmp_path: Path, source: str, said: str) -> None:
    folder(tmp_path / "rtl", mux=MUX)
    (tmp_path / "bare").mkdir()
    (tmp_path / "notes.txt").write_text("no rows")
    with pytest.raises(TrainerError) as caught:
        ids(tmp_path / source)
    assert re.search(said, str(caught.value))
