"""Suites of folders become text, and a corpus must have designs for every stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import materialise
from benchwright_agent.evaluation.suites import load_suite
from benchwright_sim.elaborate import elaborate
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline.designs import make_corpus, make_suites, suite_file
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import Event, Warned
from benchwright_trainer.recipe.reading import read_recipe
from benchwright_trainer.recipe.recipe import SuiteOptions

TOP = """\
`include "wide.svh"
module top (input [`WIDE-1:0] a, output y);
  inverter u (.a(a[0]), .y(y));
endmodule
"""
INVERTER = "module inverter (input a, output y);\n  assign y = ~a;\nendmodule\n"
PROJECT = 'top = "top"\nfilelists = ["top.f"]\ninclude_dirs = ["include"]\n'


def project(folder: Path, more: str = "", top: str = TOP) -> Path:
    """A suite of one design with a library and headers of its own."""
    files = {
        "src/top.sv": top,
        "lib/inverter.v": INVERTER,
        "include/wide.svh": "`define WIDE 4\n",
        "top.f": "src/top.sv\n-y lib\n+libext+.v\n",
        "benchwright.toml": PROJECT + more,
    }
    for name, text in files.items():
        path = folder / "one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def make(source: Path, folder: Path) -> Path:
    """The file that a training makes of a suite."""
    recipe = replace(read_recipe("smoke"), suites={"held": SuiteOptions(source=str(source))})
    make_suites(recipe, Place(folder, 1, None, lambda event: None))
    return suite_file(folder, "held")


def test_a_project_of_a_suite_takes_its_library_and_headers_along(tmp_path: Path) -> None:
    made = make(project(tmp_path / "suite"), tmp_path / "run")
    (row,) = load_suite(str(made)).rows
    assert {Path(file.name).name for file in row.files} == {"top.sv", "inverter.v", "wide.svh"}
    alone = elaborate(materialise(row, tmp_path / "alone"))
    assert alone.interface.module == "top"
    assert [port.width for port in alone.interface.inputs] == [4]


def test_a_design_that_needs_its_project_file_is_refused(tmp_path: Path) -> None:
    top = TOP.replace("`WIDE-1", "`ONLY_THERE-1")
    more = '[defines]\nONLY_THERE = "4"\n'
    suite = project(tmp_path / "suite", more, top)
    with pytest.raises(TrainerError, match=r"suites\.held: .*ONLY_THERE") as caught:
        make(suite, tmp_path / "run")
    assert "without the defines" in caught.value.hint


def test_a_stage_without_designs_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    changes = ["corpus.generated.n=1", "suites={}", "stage2.rollouts.min_tokens=90000"]
    told: list[Event] = []
    place = Place(tmp_path, 1, None, told.append)
    with pytest.raises(TrainerError, match=r"stage2\.rollouts: none of 1 designs has 90000 to any"):
        make_corpus(read_recipe("smoke", changes), place)
    make_corpus(read_recipe("smoke", [*changes, "student.dialect="]), place)
    (warning,) = [event.text for event in told if isinstance(event, Warned)]
    assert "stage2.rollouts: none of 1 designs" in warning
