"""Options of rollouts: what is out of range is refused with what is legal."""

from __future__ import annotations

from typing import Any

import pytest

from benchwright_trainer.rollouts.options import RolloutOptions, TeacherOptions


def test_defaults_are_legal() -> None:
    assert RolloutOptions().transition == TeacherOptions().policy.replace("loop", "teacher")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"intermediate": "loop"}, "intermediate is 'loop'; legal: teacher, student"),
        ({"transition": ""}, "transition is ''; legal"),
        ({"n_designs": 0}, "n_designs is 0; legal: 1 and above"),
        ({"drafts": -1}, "drafts is -1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"min_tokens": 10, "max_tokens": 5}, "max_tokens is 5; legal: 10 and above"),
        ({"timeout_s": 0}, "timeout_s is 0; legal: above 0"),
        ({"direct": 0, "answers": 0}, "nothing is drawn"),
    ],
)
def test_a_rollout_refuses(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RolloutOptions(**values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"policy": "llm"}, "legal: loop, openai"),
        ({"policy": "openai"}, "model is ''"),
        ({"budget_cycles": 0}, "budget_cycles is 0"),
        ({"patience_s": -1}, "patience_s is -1"),
        ({"context_tokens": 5}, "context_tokens is 5"),
    ],
)
def test_a_teacher_refuses(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TeacherOptions(**values)
