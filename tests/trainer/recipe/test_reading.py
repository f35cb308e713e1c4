"""Recipes are read whole or refused with the place, the key, its value and what is legal."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_trainer.recipe.reading import read_options, read_recipe, shipped_recipes
from benchwright_trainer.recipe.recipe import Recipe
from benchwright_trainer.recipe.recipe_error import RecipeError
from benchwright_trainer.recipe.writing import recipe_text

START = '[corpus]\ngenerated = { n = 4 }\n[student]\ninit = "some/model"\n'
SCRATCH = "[corpus]\ngenerated = { n = 4 }\n[student]\ncontext = 1024\n"
SCRATCH += "[rollouts]\nprompt_tokens = 512\nanswer_tokens = 256\n"
SCRATCH += "[pretrain]\nmax_length = 512\n"

BAD = {
    # text -> line, and pieces that the message must have
    "[corpus": (1, ["no TOML"]),
    "name = 'a'\nname = 'b'\n": (2, ["no TOML"]),
    "[corpus]\nsources = []\n": (2, ["corpus.sources", "no designs", "generate"]),
    f"{START}[sftt]\n": (5, ["sftt", "did you mean 'sft'", "rollouts"]),
    f"{START}[sft]\nlearning_rat = 1\n": (6, ["sft.learning_rat", "did you mean 'learning_rate'"]),
    f"{START}[stage1.sft]\nbach = 1\n": (6, ["stage1.sft.bach", "did you mean 'batch'", "epochs"]),
    f"{START}[stage3]\nx = 1\n": (5, ["stage3", "stage2"]),
    f"{START}sft = 3\n": (5, ["student.sft", "init"]),
    f"sft = 3\n{START}": (1, ["sft", "is 3", "a table"]),
    f"{START}[sft]\nbatch = '24'\n": (6, ["sft.batch", 'is "24"', "a whole number"]),
    f"{START}[sft]\nbatch = 2.5\n": (6, ["sft.batch", "is 2.5", "a whole number"]),
    f"{START}[sft]\nbatch = true\n": (6, ["sft.batch", "is true", "a whole number"]),
    f"{START}[sft]\nlearning_rate = nan\n": (6, ["sft.learning_rate", "nan", "a number"]),
    f"{START}[sft]\npacking = 1\n": (6, ["sft.packing", "is 1", "true or false"]),
    f"{START}[sft]\nlearning_rate = -1\n": (6, ["sft.learning_rate", "is -1.0", "above 0"]),
    f"{START}[sft]\nbatch = 24\nmicro_batch = 7\n": (6, ["sft.batch", "is 24", "multiple", "7"]),
    f"{START}[sft]\nmethod = 'qlora'\n": (6, ["sft.method", "qlora", '"full", "lora"']),
    f"{START}[sft]\nschedule = 3\n": (6, ["sft.schedule", "is 3", '"cosine"']),
    f"{START}[stages]\nmode = 'onion'\n": (6, ["stages.mode", "onion", '"staged", "union"']),
    f"{START}[stages]\nn = 4\n": (6, ["stages.n", "is 4", "1 to 3"]),
    f"{START}[rollouts.selection]\nstrategy = 'wurst'\n": (6, ["strategy", "wurst", '"worst"']),
    f"{START}[rollouts]\nselection = {{ gap = 2.0 }}\n": (6, ["selection.gap", "is 2.0", "0 to 1"]),
    f"{START}[rollouts]\nmin_tokens = 9\nmax_tokens = 5\n": (7, ["max_tokens", "is 5", "9"]),
    f"{START}[stage0.rollouts]\nintermediate = 'pupil'\n": (
        6,
        ["intermediate", "pupil", "teacher"],
    ),
    f"{START}[filter]\nfloor = 50\n": (6, ["filter.floor", "50", "0 to 1"]),
    f"{START}[balance]\nkeep_direct = 3\n": (6, ["balance.keep_direct", "3", "0 to 1"]),
    f"{START}[teacher]\npolicy = 'openai'\n": (5, ["teacher.model", "is ''", "served model"]),
    f"{START}[teacher]\npolicy = 'gpt'\n": (6, ["teacher.policy", "gpt", '"loop", "openai"']),
    f"{START}[evaluation]\nks = [1, 9]\n": (6, ["evaluation.ks", "[1, 9]", "samples (5)"]),
    f"{START}[evaluation]\nks = 5\n": (6, ["evaluation.ks", "is 5", "a list of whole numbers"]),
    f"{START}[evaluation]\nof = ['stage9']\n": (6, ["evaluation.of", "stage9", '"stage0"']),
    f"{START}[evaluation]\nrounds = 1\n": (6, ["evaluation.rounds", "is 1", "at least 2"]),
    f"{START}[stages]\nn = 1\n[evaluation]\nof = ['stage2']\n": (8, ['names "stage2"', "stages.n"]),
    f"{START}[export]\nquantisations = ['Q2_K']\n": (6, ["export.quantisations", "Q2_K", "Q8_0"]),
    f"{START}[export]\nquantisations = ['Q8_0']\n": (5, ["export.in_use", "Q4_K_M", "f16, Q8_0"]),
    f"{START}[export]\nname = 'a/b'\n": (6, ["export.name", 'is "a/b"', "letters, digits"]),
    f"name = 'two words'\n{START}": (1, ["name", 'is "two words"', "letters, digits"]),
    f"{START}[suites.x]\n": (5, ["suites.x", "neither"]),
    f"{START}[suites.x]\nsource = 'a'\ngenerated = {{ n = 1 }}\n": (5, ["suites.x", "both"]),
    f"{START}[suites.'A b']\nsource = 'a'\n": (5, ["no name", "lower-case"]),
    f"{START}[suites.x]\ngenerated = {{ n = 4 }}\n": (6, ["trained on", "families", "names"]),
    f"{START}[suites.x.generated]\nn = 4\nsplit = 'test'\n": (7, ["split", "test", "families"]),
    "[corpus]\ngenerated = { n = 4, split = 'names' }\n": (2, ["split", "held out", "train"]),
    f"{START}[base]\ngenerated = {{ n = 4, split = 'names' }}\n": (6, ["held out", "train"]),
    f"{START}[suites.x]\ngenerated = {{ n = 4, seed = 7 }}\n[base.generated]\nn = 1\nseed = 7\n": (
        6,
        ["trained on", "base"],
    ),
    "[corpus]\ngenerated = { n = 4, families = ['elephant'] }\n": (2, ["families", "elephant"]),
    f"{SCRATCH}[student]\n": (10, ["no TOML"]),
    f"{SCRATCH}[sft]\nmax_length = 2048\n": (11, ["sft.max_length", "2048", "(1024)"]),
    f"{SCRATCH}[sft]\nmax_length = 512\n[stage0.rollouts]\ntransition = 'student'\n": (
        13,
        ["stage0.rollouts.transition", "no student yet", "teacher"],
    ),
    f"{SCRATCH}[sft]\nmax_length = 512\n[suites.x]\nsource = 'a'\n": (
        0,
        ["evaluation.max_tokens", "is 8192", "(1024)"],
    ),
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_bad_recipe_is_refused_with_place_key_value_and_what_is_legal(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    line, pieces = BAD[text]
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (path, line)
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize("name", ["llm4cov-4b", "nano", "smoke"])
def test_a_shipped_recipe_is_read_and_written_and_read_again(name: str, tmp_path: Path) -> None:
    recipe = read_recipe(name)
    path = tmp_path / "again.toml"
    path.write_text(recipe_text(recipe), "utf-8")
    assert read_recipe(path) == recipe
    assert recipe.name == name == recipe.model_name


def test_shipped_recipes_are_known_by_their_names() -> None:
    assert set(shipped_recipes()) >= {"llm4cov-4b", "nano", "smoke"}


def test_the_papers_recipe_has_the_papers_figures() -> None:
    recipe = read_recipe("llm4cov-4b")
    pairs = [
        (recipe.stage(name).rollouts.intermediate, recipe.stage(name).rollouts.transition)
        for name in recipe.stage_names
    ]
    assert pairs == [("teacher", "teacher"), ("student", "teacher"), ("student", "student")]
    for name in recipe.stage_names:
        sft = recipe.stage(name).sft
        assert (sft.learning_rate, sft.batch, sft.epochs, sft.warmup) == (1e-5, 24, 1, 0.03)
        assert (sft.schedule, sft.max_length, sft.method) == ("cosine", 40_960, "full")
    assert [recipe.stage(name).filter.floor for name in recipe.stage_names] == [0.5, None, None]
    assert [recipe.stage(name).rollouts.rules for name in recipe.stage_names] == [
        True,
        False,
        False,
    ]
    assert recipe.stage2.rollouts.direct == 0
    assert recipe.stages.mode == "staged"
    assert (recipe.evaluation.rounds, recipe.evaluation.samples) == (3, 5)
    assert (recipe.evaluation.temperature, recipe.evaluation.max_tokens) == (0.7, 8192)


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_stage_has_its_own_word_before_what_all_stages_share(tmp_path: Path) -> None:
    text = f"{START}[sft]\nbatch = 48\nseed = 7\n[stage1.sft]\nbatch = 12\n"
    recipe = read_recipe(write(tmp_path, text))
    assert [recipe.stage(name).sft.batch for name in recipe.stage_names] == [48, 12, 48]
    assert {recipe.stage(name).sft.seed for name in recipe.stage_names} == {7}


def test_each_stage_draws_by_a_seed_of_its_own() -> None:
    recipe = read_recipe("nano")
    assert len({recipe.stage(name).rollouts.seed for name in recipe.stage_names}) == 3


def test_a_change_comes_before_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, f"{START}[rollouts]\ndrafts = 5\n")
    changes = ["rollouts.drafts=7", "stages.mode=union", "about=two words"]
    recipe = read_recipe(path, changes)
    assert recipe.stage2.rollouts.drafts == 7
    assert (recipe.stages.mode, recipe.about) == ("union", "two words")


@pytest.mark.parametrize(
    ("change", "pieces"),
    [
        ("stages.mode=onion", ["--set stages.mode", "onion", "staged"]),
        ("rollouts.drafts=many", ["--set rollouts.drafts", "many", "a whole number"]),
        ("rolouts.drafts=1", ["--set rolouts.drafts: rolouts", "did you mean 'rollouts'"]),
        ("drafts", ["no change", "KEY=VALUE"]),
        ("name.x=1", ["name.x", "is no table"]),
    ],
)
def test_a_bad_change_is_named(change: str, pieces: list[str], tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(write(tmp_path, f"name = 'a'\n{START}"), [change])
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("nanno", ["did you mean 'nano'", "smoke"]),
        ("no/such.toml", ["no recipe no/such.toml", "llm4cov-4b"]),
        (".", ["is a folder"]),
    ],
)
def test_a_recipe_that_is_not_there_is_named(source: str, pieces: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(source)
    for piece in pieces:
        assert piece in str(caught.value)


def test_a_recipe_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"bytes\.toml: it cannot be read"):
        read_recipe(path)


def test_paths_are_as_seen_from_the_recipes_folder(tmp_path: Path) -> None:
    (tmp_path / "rtl").mkdir()
    text = "[corpus]\nsources = ['rtl', 'rtl/*.v', 'hf:some/set']\n[student]\ninit = 'some/model'\n"
    recipe = read_recipe(write(tmp_path, text))
    rtl = str(tmp_path / "rtl")
    assert recipe.corpus.sources == (rtl, f"{rtl}/*.v", "hf:some/set")
    assert recipe.student.init == "some/model"


def test_values_of_all_kinds_are_written_as_they_are_read(tmp_path: Path) -> None:
    text = 'about = "a\\"b\\\\c\\nü\\u007f"\n' + START + "[evaluation]\nks = [1, 2]\n"
    recipe = read_recipe(write(tmp_path, text))
    assert recipe.about == 'a"b\\c\nü\x7f'
    assert read_recipe(write(tmp_path, recipe_text(recipe))) == recipe
    assert isinstance(recipe, Recipe)


def test_a_step_alone_needs_no_whole_recipe(tmp_path: Path) -> None:
    assert read_options(None, ["sft.batch=48"]).stage1.sft.batch == 48
    assert read_options(str(write(tmp_path, "[sft]\nbatch = 48\n"))).stage0.sft.batch == 48
    with pytest.raises(RecipeError, match=r"--set sft\.bach: .* did you mean 'batch'"):
        read_options(None, ["sft.bach=48"])
