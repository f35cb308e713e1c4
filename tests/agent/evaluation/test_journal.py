"""The journal: nothing that it has said is lost, and nobody goes on with another's."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from benchwright_agent.evaluation.journal import JOURNAL, Journal
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_sim.errors import OutputError

TERMS = {"policy": "llm", "rounds": 3, "ks": (1, 5), "suite": "abc"}

GOOD = Outcome(
    "rtl/a b",
    2,
    "ok",
    passed=None,
    tallies={"line": (3, 4)},
    closed=(3, 4),
    targets=(1, 0, 1),
    simulations=2,
    prompt_tokens=100,
    new_tokens=50,
    rounds=3,
    seconds=1.25,
)
BAD = Outcome("ü", 0, "compile_error", error="Grüße\n\u2028end")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "new", TERMS) as journal:
        journal.add(GOOD)
        journal.add(BAD)
    with Journal(tmp_path / "new", TERMS) as journal:
        assert journal.done == {("rtl/a b", 2): GOOD, ("ü", 0): BAD}
        assert journal.done["rtl/a b", 2].seconds == 1.25


def test_half_a_line_is_taken_away(tmp_path: Path) -> None:
    with Journal(tmp_path, TERMS) as journal:
        journal.add(GOOD)
        journal.add(BAD)
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (1, 10, len(lines[-1]) - 1, len(lines[-1])):
        path.write_bytes(whole[:-cut])
        with Journal(tmp_path, TERMS) as journal:
            assert set(journal.done) == {("rtl/a b", 2)}
            journal.add(BAD)
        assert path.read_bytes() == whole


def test_half_a_header_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b'{"format": "bench')
    with Journal(tmp_path, TERMS) as journal:
        journal.add(GOOD)
    with Journal(tmp_path, TERMS) as journal:
        assert set(journal.done) == {("rtl/a b", 2)}


def test_other_terms_are_refused_by_name(tmp_path: Path) -> None:
    with Journal(tmp_path, TERMS) as journal:
        journal.add(GOOD)
    before = (tmp_path / JOURNAL).read_bytes()
    with pytest.raises(OutputError, match="on other terms") as error:
        Journal(tmp_path, TERMS | {"rounds": 1, "suite": "def"})
    assert error.value.details == (
        "rounds: 3 then, 1 now",
        "suite: 'abc' then, 'def' now",
    )
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_two_do_not_write_at_once(tmp_path: Path) -> None:
    with (
        Journal(tmp_path, TERMS),
        pytest.raises(OutputError, match="another evaluation is writing"),
    ):
        Journal(tmp_path, TERMS)
    Journal(tmp_path, TERMS).close()


@pytest.mark.parametrize(
    ("line", "number"),
    [(b"nonsense", 2), (b"[]", 2), (b'{"id": "a"}', 2), (b"[" * 10_000, 2)],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes, number: int) -> None:
    with Journal(tmp_path, TERMS) as journal:
        journal.add(GOOD)
    path = tmp_path / JOURNAL
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], line, lines[1], b""]))
    with pytest.raises(OutputError, match="damaged") as error:
        Journal(tmp_path, TERMS)
    assert error.value.location is not None
    assert error.value.location.line == number


@pytest.mark.parametrize("header", [{"format": "other"}, {"format": "benchwright-eval-jobs"}])
def test_another_file_is_not_written_to(tmp_path: Path, header: dict[str, str]) -> None:
    text = json.dumps(header) + "\n"
    (tmp_path / JOURNAL).write_text(text)
    with pytest.raises(OutputError, match="no journal"):
        Journal(tmp_path, TERMS)
    assert (tmp_path / JOURNAL).read_text() == text


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="no evaluation"):
        Journal(tmp_path, TERMS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        Journal(tmp_path / "file" / "eval", TERMS)


def test_a_disk_that_is_full_is_said(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def add_where_no_room_is() -> None:
        with Journal(tmp_path / "old", TERMS) as journal:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
            journal.add(GOOD)

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        with pytest.raises(OutputError, match="cannot be written"):
            Journal(tmp_path / "new", TERMS)
        with pytest.raises(OutputError, match="cannot be written"):
            add_where_no_room_is()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with Journal(tmp_path / "old", TERMS) as journal:
        assert journal.done == {}
