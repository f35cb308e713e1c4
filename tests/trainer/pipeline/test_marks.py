"""What a run's folder remembers of its steps holds whatever happens in between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_trainer.pipeline.marks import MARKS, begin, finish, read_mark
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.step import Made, Step, digest, digest_of_files


def make(place: Place) -> Made:
    return Made(digest(str(place)))


STEP = Step("stage0.things", ("stage0/things", "stage0/file"), ("corpus",), {"n": 1}, make)
OTHER = Step("stage0.things", STEP.folders, STEP.needs, {"n": 2}, make)


def done(folder: Path) -> str:
    """The step done once, with a file in each of its places; its inputs."""
    inputs = STEP.inputs({"corpus": "c"})
    assert begin(folder, STEP, inputs) is False
    (folder / "stage0" / "things").mkdir(parents=True)
    (folder / "stage0" / "things" / "a.txt").write_text("a")
    (folder / "stage0" / "file").write_text("b")
    finish(folder, STEP, inputs, Made("out", {"n": 3}), 1.5)
    return inputs


def test_a_step_that_is_done_stays_done(tmp_path: Path) -> None:
    inputs = done(tmp_path)
    mark = read_mark(tmp_path, STEP.name)
    assert mark is not None
    assert mark.is_done(tmp_path, inputs)
    assert (mark.output, mark.seconds, mark.figures) == ("out", 1.5, {"n": 3})
    assert mark.files == {"stage0/things/a.txt": 1}


def test_inputs_are_the_terms_and_the_outputs_that_are_needed() -> None:
    inputs = STEP.inputs({"corpus": "c", "other": "x"})
    assert inputs == STEP.inputs({"other": "y", "corpus": "c"})
    assert inputs != STEP.inputs({"corpus": "d"})
    assert inputs != OTHER.inputs({"corpus": "c"})


@pytest.mark.parametrize("damage", ["removed", "cut", "folder gone"])
def test_a_file_that_was_lost_is_noticed(damage: str, tmp_path: Path) -> None:
    inputs = done(tmp_path)
    file = tmp_path / "stage0" / "things" / "a.txt"
    if damage == "cut":
        file.write_text("")
    else:
        file.unlink()
    if damage == "folder gone":
        file.parent.rmdir()
    mark = read_mark(tmp_path, STEP.name)
    assert mark is not None
    assert not mark.is_done(tmp_path, inputs)
    assert begin(tmp_path, STEP, inputs) is False
    assert not (tmp_path / "stage0" / "file").exists()


def test_a_step_with_a_journal_goes_on_where_something_was_lost(tmp_path: Path) -> None:
    inputs = done(tmp_path)
    (tmp_path / "stage0" / "things" / "a.txt").unlink()
    assert begin(tmp_path, replace(STEP, journal=True), inputs) is True
    assert (tmp_path / "stage0" / "file").exists()


def test_an_interrupted_step_goes_on_with_what_it_has(tmp_path: Path) -> None:
    inputs = STEP.inputs({"corpus": "c"})
    begin(tmp_path, STEP, inputs)
    (tmp_path / "stage0" / "things").mkdir(parents=True)
    (tmp_path / "stage0" / "things" / "half").write_text("half")
    assert begin(tmp_path, STEP, inputs) is True
    assert (tmp_path / "stage0" / "things" / "half").exists()


def test_what_was_made_on_other_inputs_is_taken_away(tmp_path: Path) -> None:
    done(tmp_path)
    (tmp_path / "stage0" / "beside").write_text("mine")
    assert begin(tmp_path, OTHER, OTHER.inputs({"corpus": "c"})) is False
    assert not (tmp_path / "stage0" / "things").exists()
    assert not (tmp_path / "stage0" / "file").exists()
    assert (tmp_path / "stage0" / "beside").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"inputs": 1, "more": 2}', "\ufffd"])
def test_a_damaged_mark_is_none(text: str, tmp_path: Path) -> None:
    inputs = done(tmp_path)
    path = tmp_path / MARKS / f"{STEP.name}.json"
    path.write_text(text)
    assert read_mark(tmp_path, STEP.name) is None
    assert begin(tmp_path, STEP, inputs) is False
    assert not (tmp_path / "stage0" / "things").exists()
    assert json.loads(path.read_text())["inputs"] == inputs


def test_files_are_known_by_name_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    first = digest_of_files(tmp_path)
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    second = digest_of_files(tmp_path)
    (tmp_path / "a" / "y").write_text("2")
    assert len({first, second, digest_of_files(tmp_path)}) == 3
