"""A model tells its dialect where a recipe does not."""

from __future__ import annotations

import pytest

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.sft.dialect import dialect_of
from benchwright_trainer.sft.options import StudentOptions
from tests.tiny_model import tiny_folder
from tests.trainer.sft.students import small_student

NOTHING, SAID = StudentOptions(), StudentOptions(dialect="canonical")


def test_aliases_among_the_tokens_tell_it() -> None:
    assert dialect_of(small_student(), NOTHING) == "canonical"
    assert dialect_of(small_student(), SAID) == "canonical"
    assert dialect_of(tiny_folder(), NOTHING) == ""


def test_a_student_from_elsewhere_may_be_taught_it_without_tokens_of_its_own() -> None:
    with pytest.raises(TrainerError, match="no tokens for canonical names"):
        dialect_of(tiny_folder(), SAID)
    other = StudentOptions(init="some/model", dialect="canonical")
    assert dialect_of(tiny_folder(), other) == "canonical"
