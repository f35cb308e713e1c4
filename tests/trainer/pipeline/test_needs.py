"""What a plan says of memory and time holds for rows as they may come."""

from __future__ import annotations

from benchwright_trainer.pipeline.amounts import amounts_of
from benchwright_trainer.pipeline.needs import Training, needs_of
from benchwright_trainer.recipe.reading import read_recipe


def trainings(*changes: str) -> dict[str, Training]:
    recipe = read_recipe("llm4cov-4b", changes)
    return {training.step: training for training in needs_of(recipe).trainings}


def test_memory_is_that_of_the_longest_row_and_time_that_of_usual_ones() -> None:
    plain = trainings()["stage0.sft"]
    short = trainings("plan.design_tokens=500")["stage0.sft"]
    assert plain.memory_bytes == short.memory_bytes
    assert plain.seconds > short.seconds
    less = trainings("stage0.rollouts.prompt_tokens=4096")["stage0.sft"]
    assert plain.memory_bytes > 1.3 * less.memory_bytes
    assert plain.seconds == less.seconds
    cut = trainings("stage0.sft.max_length=12288")["stage0.sft"]
    assert cut.memory_bytes == less.memory_bytes


def test_a_filter_that_keeps_the_best_of_many_answers_leaves_no_more_than_one_of_each_state() -> (
    None
):
    def samples(*changes: str) -> int:
        recipe = read_recipe("nano", ("plan.kept=1.0", "stage2.rollouts.questions=0", *changes))
        return next(a.samples for a in amounts_of(recipe) if a.step == "stage2.sft")

    few = samples("stage2.rollouts.n_designs=10", "stage2.rollouts.drafts=3")
    assert few == 10 * (1 + 3)
    assert samples("stage2.rollouts.n_designs=10", "stage2.filter.execution=false") > few


def test_a_union_has_the_rows_of_all_stages_so_far() -> None:
    changes = [f"stage{n}.rollouts.prompt_tokens={tokens}" for n, tokens in ((0, 9000), (1, 4096))]
    staged, union = trainings(*changes), trainings(*changes, "stages.mode=union")
    assert staged["stage1.sft"].memory_bytes < staged["stage0.sft"].memory_bytes
    assert union["stage1.sft"].memory_bytes == union["stage0.sft"].memory_bytes
