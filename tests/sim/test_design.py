"""Tests of gathering a design from files, folders and the project file."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.errors import ParameterError, SourceError
from benchwright_sim.project import clock_option, read_project, reset_option

GATE = "module gate(input a, output y); assign y = a; endmodule\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _write(path: Path, text: str = GATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_one_file(tmp_path: Path) -> None:
    file = _write(tmp_path / "rtl" / "gate.sv")
    design = load_design([Path("rtl/gate.sv")])
    assert design.sources == (file,)
    assert design.root == file.parent
    assert design.include_dirs == (file.parent,)


def test_folder_takes_sources_sorted_and_leaves_included_hidden_and_empty_ones(
    tmp_path: Path,
) -> None:
    b = _write(tmp_path / "rtl" / "b.v", '`include "defs.v"\n' + GATE)
    a = _write(tmp_path / "rtl" / "deep" / "a.sv")
    _write(tmp_path / "rtl" / "defs.v", "`define W 4\n")
    _write(tmp_path / "rtl" / ".git" / "old.sv")
    _write(tmp_path / "rtl" / "empty.sv", "\n")
    _write(tmp_path / "rtl" / "notes.txt")
    assert load_design([tmp_path / "rtl"]).sources == (b, a)


def test_same_file_twice_is_one_source(tmp_path: Path) -> None:
    file = _write(tmp_path / "gate.sv")
    assert load_design([file, tmp_path, Path("gate.sv")]).sources == (file,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x7fELF\0\0\0", "binary"),
        ("module é".encode("utf-16"), "UTF-16"),
    ],
)
def test_file_that_is_no_source(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.sv"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message) as caught:
        load_design([path])
    assert caught.value.location is not None
    assert caught.value.location.file == path
    assert caught.value.hint


def test_missing_file_and_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        load_design([tmp_path / "nowhere.sv"])
    with pytest.raises(SourceError, match="no sources"):
        load_design([])
    (tmp_path / "hollow").mkdir()
    with pytest.raises(SourceError, match="below this folder"):
        load_design([tmp_path / "hollow"])


def test_project_file_of_the_current_folder(tmp_path: Path) -> None:
    file = _write(tmp_path / "rtl" / "gate.sv")
    _write(
        tmp_path / "benchwright.toml",
        'sources = ["rtl"]\ntop = "gate"\ninclude_dirs = ["inc"]\n'
        'clocks = ["ck:negedge"]\nresets = ["rst_n", "por:1"]\n'
        "defines = { FAST = true, W = 4 }\nparameters = { N = 3 }\n",
    )
    design = load_design([])
    assert design.sources == (file,)
    assert design.top == "gate"
    assert design.include_dirs == (tmp_path / "inc", file.parent)
    assert design.defines == (("FAST", "1"), ("W", "4"))
    assert design.parameters == (("N", "3"),)
    assert design.clocks == (("ck", "negedge"),)
    assert design.resets == (("rst_n", 0), ("por", 1))


def test_what_is_given_overrides_the_project_file(tmp_path: Path) -> None:
    _write(tmp_path / "rtl" / "gate.sv")
    other = _write(tmp_path / "other.sv")
    project = _write(
        tmp_path / "my.toml",
        'sources = ["rtl"]\ntop = "gate"\ndefines = { A = 1, B = 2 }\nclocks = ["ck"]\n',
    )
    design = load_design(
        [other], project=project, top="other", defines=[("B", "3")], clocks=[("c", "both")]
    )
    assert design.sources == (other,)
    assert design.top == "other"
    assert design.defines == (("A", "1"), ("B", "3"))
    assert design.clocks == (("c", "both"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('sorces = ["a"]', ["sorces", "sources"]),
        ('sources = "a"', ["sources", "list of strings"]),
        ("top = 3", ["top", "string"]),
        ("parameters = [1]", ["parameters", "table"]),
        ('clocks = ["clk:rising"]', ["clocks", "posedge"]),
        ('resets = ["rst:2"]', ["resets", "LEVEL"]),
        ("top = ", ["TOML"]),
    ],
)
def test_wrong_project_file(tmp_path: Path, text: str, words: list[str]) -> None:
    path = _write(tmp_path / "benchwright.toml", text)
    with pytest.raises(ParameterError) as caught:
        read_project(path)
    assert caught.value.location is not None
    assert caught.value.location.file == path
    assert all(word in str(caught.value) for word in words)


def test_clock_and_reset_options() -> None:
    assert clock_option("clk") == ("clk", "posedge")
    assert reset_option("rst_n") == ("rst_n", 0)
    assert reset_option("aresetn") == ("aresetn", 0)
    assert reset_option("rst") == ("rst", 1)
    assert reset_option("odd:low") == ("odd", 0)


def test_wrong_edge_and_level(tmp_path: Path) -> None:
    file = _write(tmp_path / "gate.sv")
    with pytest.raises(ParameterError, match="posedge"):
        load_design([file], clocks=[("a", "up")])
    with pytest.raises(ParameterError, match="active level"):
        load_design([file], resets=[("a", 2)])
