"""The dialect of a model that is there already, told by what its tokenizer has one token for."""

from __future__ import annotations

from pathlib import Path

from benchwright_agent.models.dialect.canonical import INPUTS, NAME
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import read_json_if_any
from benchwright_trainer.sft.options import Dialect, StudentOptions


def dialect_of(model: Path, student: StudentOptions) -> Dialect:
    """The dialect that a model is trained and run in.

    Args:
        model: its folder.
        student: what a recipe says; its dialect is empty where it says nothing.

    Raises:
        TrainerError: a student from scratch shall be canonical, but this model cannot be one.
    """
    if _has_aliases(model):
        return "canonical"
    if student.from_scratch and student.dialect:
        raise TrainerError(
            f"student.dialect is {student.dialect!r}, but {model} has no tokens for {NAME} names",
            hint="leave student.dialect out, or name a model that was trained in it",
        )
    return student.dialect


def _has_aliases(model: Path) -> bool:
    rules = read_json_if_any(model / "tokenizer.json")
    added = rules.values.get("added_tokens") or ()
    return INPUTS[0] in {token.get("content") for token in added if isinstance(token, dict)}
