"""What cards tell of the origin of data and models: names, licences and hashes, and no paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchwright_trainer.pipeline.designs import make_suites
from benchwright_trainer.pipeline.marks import Mark, write_mark
from benchwright_trainer.pipeline.origin import FOREIGN, GENERATED, data_card, portable, sources_of
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.recipe.reading import read_recipe
from benchwright_trainer.recipe.recipe import Recipe, SuiteOptions
from benchwright_trainer.recipe.writing import recipe_text

DESIGN = "module gate (input a, output y);\n  assign y = ~a;\nendmodule\n"


def local_recipe(home: Path) -> Recipe:
    """One that names things of this machine wherever it can."""
    for name in ("rtl", "model", "suite"):
        (home / name).mkdir()
        (home / name / "gate.sv").write_text(DESIGN)
    path = home / "mine.toml"
    path.write_text(
        'corpus.sources = ["rtl", "rtl/*.sv", "hf:owner/name"]\ncorpus.evaluation = ["suite"]\n'
        'suites.held = { source = "suite" }\nstudent.init = "model"\n'
        'teacher = { policy = "openai", model = "m", server = "http://host:1/v1" }\n'
    )
    return read_recipe(path)


def test_a_portable_recipe_names_nothing_of_this_machine(tmp_path: Path) -> None:
    recipe = local_recipe(tmp_path)
    assert str(tmp_path) in recipe_text(recipe)
    shared = portable(recipe)
    text = recipe_text(shared)
    assert str(tmp_path) not in text
    assert "host" not in text
    assert shared.corpus.sources == ("rtl", "rtl/*.sv", "hf:owner/name")
    assert (shared.student.init, shared.suites["held"].source) == ("model", "suite")


def test_a_recipe_of_names_stays_as_it_is() -> None:
    recipe = read_recipe("nano")
    assert portable(recipe) == recipe


def test_sources_have_the_licence_that_is_known() -> None:
    recipe = read_recipe("nano")
    assert sources_of(recipe) == {GENERATED: "Apache-2.0"}
    foreign = replace(recipe, corpus=replace(recipe.corpus, sources=("hf:owner/name",)))
    assert sources_of(foreign) == {GENERATED: "Apache-2.0", "hf:owner/name": FOREIGN}


def test_a_data_card_has_licence_versions_and_hashes_of_steps_that_are_done(tmp_path: Path) -> None:
    write_mark(tmp_path, "corpus", Mark("in", "c0ffee"))
    write_mark(tmp_path, "stage0.rollouts", Mark("in"))
    recipe = read_recipe("nano")
    card = data_card(recipe, "stage0", tmp_path)
    assert card["license"] == "Apache-2.0"
    assert card["hashes"] == {"corpus": "c0ffee"}
    assert "benchwright" in card["versions"]
    foreign = replace(recipe, corpus=replace(recipe.corpus, sources=("hf:owner/name",)))
    assert "license" not in data_card(foreign, "stage0", tmp_path)


def test_a_suite_says_where_it_is_from_by_name(tmp_path: Path) -> None:
    recipe = replace(
        local_recipe(tmp_path), suites={"held": SuiteOptions(source=str(tmp_path / "suite"))}
    )
    make_suites(recipe, Place(tmp_path / "run", 1, None, lambda event: None))
    text = (tmp_path / "run" / "suites" / "held.jsonl").read_text("utf-8")
    assert '"meta": {"source": "suite"}' in text
    assert str(tmp_path) not in text
