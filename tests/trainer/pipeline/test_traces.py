"""A stage without samples is warned of; a training without any ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import Event, Warned
from benchwright_trainer.pipeline.traces import NOTHING, make_dataset
from benchwright_trainer.recipe.reading import read_recipe
from benchwright_trainer.rollouts.rollout import TRACES
from benchwright_trainer.rollouts.trace import Trace, write_traces
from tests.trainer.traces import direct, failed, ran


def test_a_training_without_any_sample_ends(tmp_path: Path) -> None:
    recipe = read_recipe("smoke")
    told: list[Event] = []
    place = Place(tmp_path, 1, None, told.append)

    def made(stage: str, trace: Trace) -> str:
        folder = tmp_path / stage / "rollouts"
        folder.mkdir(parents=True, exist_ok=True)
        write_traces(folder / TRACES, [trace])
        return make_dataset(recipe, stage, place).output

    assert made("stage0", direct("m/0", failed())) == NOTHING
    assert made("stage1", direct("m/0", failed())) == NOTHING
    warnings = [event.text for event in told if isinstance(event, Warned)]
    assert [text.partition(" ")[0] for text in warnings] == ["stage0", "stage1"]
    with pytest.raises(TrainerError, match=r"no stage kept a sample \(stage2: compile_error 1\)"):
        made("stage2", direct("m/0", failed()))
    assert made("stage1", direct("m/0", ran(90))) != NOTHING
    assert made("stage2", direct("m/0", failed())) == NOTHING
