"""Folders of designs: one file, one sub-folder, one project or one fitting file is a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import SuiteError, materialise
from benchwright_agent.evaluation.suites import load_suite
from benchwright_sim.elaborate import elaborate
from tests.agent.evaluation.small import COUNTER, GATE, LATCH, PAIR
from tests.built import ROOT


def files(folder: Path, **texts: str) -> None:
    """Files of a folder; `__` in a name is a slash, and the first `_` before its suffix a dot."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_examples_are_a_suite() -> None:
    suite = load_suite(str(ROOT / "examples"))
    assert [row.id for row in suite.rows][:2] == ["01_lock", "02_fifo"]
    cpu = next(row for row in suite.rows if row.id == "08_cpu")
    assert cpu.module == "cpu"
    assert [file.name for file in cpu.specs] == ["spec.md"]
    assert cpu.files[0].name == "cpu_pkg.sv"


def test_each_file_and_each_folder_is_a_design(tmp_path: Path) -> None:
    files(
        tmp_path,
        gate_dot_sv=GATE,
        pair__pair_dot_sv=PAIR,
        pair__sub__latch_dot_sv=LATCH,
        pair__notes_dot_txt="not a specification",
        pair__spec_dot_txt="the specification",
        docs__readme_dot_md="no design",
        _old__gate_dot_sv=GATE,
    )
    suite = load_suite(str(tmp_path))
    assert [row.id for row in suite.rows] == ["gate", "pair"]
    gate, pair = suite.rows
    assert [file.name for file in pair.specs] == ["spec.txt"]
    assert [file.name for file in pair.files] == ["pair.sv", "sub/latch.sv"]
    assert elaborate(materialise(pair, tmp_path)).interface.module == "pair"
    assert elaborate(materialise(gate, tmp_path)).interface.module == "gate"


def test_a_pattern_picks_designs_among_their_testbenches(tmp_path: Path) -> None:
    files(
        tmp_path,
        Logic__gate__verified_gate_dot_v=GATE.replace("logic", ""),
        Logic__gate__testbench_dot_v="module tb; endmodule\n",
        Logic__gate__design_description_dot_txt="An AND gate.",
        flat__Prob1_ref_dot_sv=GATE,
        flat__Prob2_ref_dot_sv=COUNTER,
        flat__spec_dot_md="of which one?",
    )
    suite = load_suite(str(tmp_path), pattern="verified_*.v")
    assert [row.id for row in suite.rows] == ["Logic/gate/verified_gate"]
    assert [file.text for file in suite.rows[0].specs] == ["An AND gate."]
    suite = load_suite(str(tmp_path), pattern="*_ref.sv")
    assert [row.id for row in suite.rows] == ["flat/Prob1_ref", "flat/Prob2_ref"]
    assert suite.rows[0].specs == ()


def test_headers_belong_to_what_a_model_is_shown(tmp_path: Path) -> None:
    files(
        tmp_path,
        d__a_dot_sv='`include "w.svh"\nmodule a (input x, output y);\nassign y = x;\nendmodule\n',
        d__w_dot_svh="`define W 1\n",
    )
    (row,) = load_suite(str(tmp_path)).rows
    assert [file.name for file in row.files] == ["w.svh", "a.sv"]


def test_a_folder_without_designs_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no design below this folder"):
        load_suite(str(tmp_path))
    with pytest.raises(SuiteError, match="no file that fits"):
        load_suite(str(tmp_path), pattern="*.v")


def test_a_design_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.sv").write_bytes(b"\0\1")
    with pytest.raises(SuiteError, match="binary") as error:
        load_suite(str(tmp_path))
    assert error.value.location is not None
    assert error.value.location.file.name == "binary.sv"


PROJECT = """\
sources = ["gate.sv"]
include_dirs = ["inc"]
filelists = ["lib.f"]
defines = { W = "1" }
parameters = { N = "1" }
clocks = ["a:posedge"]
resets = ["b:1"]
"""


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("benchwright.toml", 'W = "1"', 'W = "2"'),
        ("benchwright.toml", 'N = "1"', 'N = "2"'),
        ("benchwright.toml", "posedge", "negedge"),
        ("benchwright.toml", "b:1", "b:0"),
        ("inc/w.svh", "X 1", "X 2"),
        ("lib/part.v", "y = a", "y = ~a"),
        ("one.v", "y = a", "y = ~a"),
    ],
)
def test_the_digest_is_of_all_that_a_design_depends_on(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    part = "module part (input a, output y);\nassign y = a;\nendmodule\n"
    for top in ("here", "there"):
        files(
            tmp_path / top / "suite" / "d",
            gate_dot_sv='`include "w.svh"\n' + GATE,
            inc__w_dot_svh="`define X 1\n",
            lib__part_dot_v=part,
            one_dot_v=part.replace("part", "one"),
            lib_dot_f="-y lib\n-v one.v\n",
            benchwright_dot_toml=PROJECT,
        )
    here, there = (tmp_path / top / "suite" for top in ("here", "there"))
    assert load_suite(str(here)).sha256 == load_suite(str(there)).sha256
    changed = there / "d" / name
    text = changed.read_text()
    assert before in text
    changed.write_text(text.replace(before, after))
    assert load_suite(str(here)).sha256 != load_suite(str(there)).sha256
