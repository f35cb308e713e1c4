"""What a plan says of memory and time holds for rows as they may come."""

from __future__ import annotations

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


def test_a_union_has_the_rows_of_all_stages_so_far() -> None:
    changes = [f"stage{n}.rollouts.prompt_tokens={tokens}" for n, tokens in ((0, 9000), (1, 4096))]
    staged, union = trainings(*changes), trainings(*changes, "stages.mode=union")
    assert staged["stage1.sft"].memory_bytes < staged["stage0.sft"].memory_bytes
    assert union["stage1.sft"].memory_bytes == union["stage0.sft"].memory_bytes
