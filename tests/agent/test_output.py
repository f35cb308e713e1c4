"""Output files appear whole, all of them or none, and replace nothing unasked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_sim.errors import OutputError


def test_files_are_written_with_the_users_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_outputs({tmp_path / "a": "text\n", tmp_path / "b": "größer"}, force=False)
    finally:
        os.umask(mask)
    assert (tmp_path / "a").read_text() == "text\n"
    assert (tmp_path / "b").read_text(encoding="utf-8") == "größer"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 2


def test_what_exists_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_outputs({path: "new"}, force=False)
    assert path.read_text() == "mine"
    write_outputs({path: "new"}, force=True)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_one_that_exists_keeps_all_from_being_written(
    order: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(OutputError):
        write_outputs({tmp_path / name: "new" for name in order}, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "mine"


def test_a_place_that_is_missing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_outputs({tmp_path / "a": "x", tmp_path / "none" / "b": "x"}, force=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    write_outputs({tmp_path / "a": "x"}, force=False)
    assert (tmp_path / "a").read_text() == "x"
    with pytest.raises(OutputError, match="exists already"):
        write_outputs({tmp_path / "a": "y"}, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["", "none/tb.sv", "a" * 300])
def test_places_that_cannot_be_written_are_found_out_first(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        check_writable(GenerateOptions(tmp_path / name))


def test_devices_are_not_replaced_even_by_force() -> None:
    with pytest.raises(OutputError, match="device"):
        check_writable(GenerateOptions(Path(os.devnull), force=True))


def test_a_place_that_is_free_is_left_as_it_is(tmp_path: Path) -> None:
    check_writable(GenerateOptions(tmp_path / "tb.sv"))
    assert list(tmp_path.iterdir()) == []
