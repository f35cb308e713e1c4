"""Steps come in an order in which each has what it needs, and depend on no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchwright_trainer.pipeline.step import Step
from benchwright_trainer.pipeline.steps import steps_of
from benchwright_trainer.recipe.reading import read_recipe


def steps(recipe: str | Path, *changes: str) -> dict[str, Step]:
    return {step.name: step for step in steps_of(read_recipe(recipe, changes))}


def changed(recipe: str, change: str) -> set[str]:
    """Steps that are made anew after a change; outputs are taken for their inputs' hashes."""
    before, after = steps(recipe), steps(recipe, change)
    return {name for name in after if _inputs(before).get(name) != _inputs(after)[name]}


def _inputs(found: dict[str, Step]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for step in found.values():
        outputs[step.name] = step.inputs(outputs)
    return outputs


@pytest.mark.parametrize("recipe", ["llm4cov-4b", "nano", "smoke"])
@pytest.mark.parametrize("change", ["stages.mode=staged", "stages.mode=union"])
def test_every_step_comes_after_what_it_needs(recipe: str, change: str) -> None:
    found = steps(recipe, change)
    names = list(found)
    for step in found.values():
        assert all(names.index(need) < names.index(step.name) for need in step.needs)
    folders = [folder for step in found.values() for folder in step.folders]
    assert len(set(folders)) == len(folders)


def test_stages_follow_each_other_and_the_union_begins_at_the_base() -> None:
    staged, union = steps("smoke"), steps("smoke", "stages.mode=union")
    assert set(staged["stage2.sft"].needs) == {"stage2.dataset", "stage1.sft"}
    assert set(union["stage2.sft"].needs) == {
        *("stage0.dataset", "stage1.dataset", "stage2.dataset", "base"),
    }
    assert "stage1.gguf" in staged["stage2.rollouts"].needs
    assert "stage0.gguf" in staged["stage1.rollouts"].needs
    assert not any("gguf" in need for need in staged["stage0.rollouts"].needs)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ("evaluation.seed=9", ["corpus", "base", "stage2.sft", "stage2.gguf"]),
        ("export.name=other", ["stage2.evaluation", "stage2.sft"]),
        ("stage1.filter.min_gain=0.5", ["stage1.rollouts", "stage0.evaluation", "base"]),
        ("stage2.sft.seed=9", ["stage2.dataset", "stage1.evaluation"]),
        ("suites.unseen-families.generated.n=3", ["corpus", "base", "stage0.sft"]),
        ("teacher.budget_cycles=1000", ["corpus", "base", "base.evaluation"]),
        ("corpus.generated.seed=9", ["suites"]),
    ],
)
def test_a_change_makes_anew_what_depends_on_it(change: str, kept: Sequence[str]) -> None:
    anew = changed("smoke", change)
    assert anew
    assert not anew & set(kept)


@pytest.mark.parametrize("change", ["teacher.patience_s=5", "plan.kept=0.1", "about=other words"])
def test_what_nothing_depends_on_makes_nothing_anew(change: str) -> None:
    assert changed("smoke", change) <= {"export"}


def test_fewer_stages_are_fewer_steps() -> None:
    found = steps("smoke", "stages.n=1", 'evaluation.of=["base"]')
    assert "stage0.sft" in found
    assert not any(name.startswith(("stage1", "stage2")) for name in found)
    assert "stage0.evaluation" not in found
    assert "stage0.evaluation" in steps("smoke", "stages.n=1")


def test_an_option_that_is_not_set_changes_no_hash() -> None:
    terms = steps("smoke")["stage0.rollouts"].terms["rollouts"]
    assert "constrained" not in terms
    assert steps("smoke")["stage2.rollouts"].terms["rollouts"]["constrained"] is True
