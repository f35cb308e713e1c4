"""Texts in place of files: read by slang and Verilator alike, under the files' own names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import SourceError
from benchwright_sim.testbench import Status, simulate

TOP = "module top(input logic a, output logic y);\n  leaf u (.*);\nendmodule\n"
LEAF = 'module leaf(input logic a, output logic y);\n`include "../inc/body.svh"\nendmodule\n'
BODY = "always_comb if (a) y = 1; else y = 0;\n"
BENCH = "module tb; logic a = 1, y; top dut (.*); initial #1 $finish; endmodule\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    """A design of a top, a library and an included file; none is on disk as it should be."""
    texts = {
        tmp_path / "rtl" / "top.sv": TOP,
        tmp_path / "lib" / "leaf.sv": LEAF,
        tmp_path / "inc" / "body.svh": BODY,
    }
    for file in texts:
        file.parent.mkdir()
        file.write_text("")
    return texts


def test_a_library_and_an_included_file_are_read_from_texts(files: dict[Path, str]) -> None:
    top, leaf, body = files
    design = load_design([top], overlay=tuple(files.items()))
    design = replace(design, library_dirs=(leaf.parent,))
    elaboration = elaborate(design)
    read = simulate(elaboration.design, BENCH, modules=elaboration.modules)
    assert read.status is Status.OK, read.log
    for file, text in files.items():
        file.write_text(text)
    saved = simulate(replace(elaboration.design, overlay=()), BENCH, modules=elaboration.modules)
    assert read.coverage == saved.coverage
    assert {bin_.line for bin_ in saved.coverage if bin_.file.endswith(body.name)} == {1}


def test_a_file_that_was_never_saved_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "new.sv"
    design = load_design([file], overlay=((file, "module fresh(input logic a); endmodule\n"),))
    assert elaborate(design).interface.module == "fresh"


def test_an_error_names_the_file(files: dict[Path, str]) -> None:
    top = next(iter(files))
    with pytest.raises(SourceError) as caught:
        elaborate(load_design([top], overlay=((top, TOP.replace("leaf", "gone")),)))
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (top, 2)
