"""The policies that a recipe names, ready to be asked."""

from __future__ import annotations

from benchwright_agent.evaluation.source import ModelSource
from benchwright_agent.evaluation.work import Source
from benchwright_trainer.rollouts.options import RolloutOptions, TeacherOptions
from benchwright_trainer.rollouts.patience import OnPause, PatientSource
from benchwright_trainer.rollouts.policies import (
    ConstrainedPolicy,
    LoopPolicy,
    ModelPolicy,
    Policies,
    Policy,
    WeakPolicy,
)

STUDENT = "student"
"""What traces call it, whatever its file is called."""


def choose_policies(
    teacher: TeacherOptions,
    options: RolloutOptions,
    *,
    student: ModelSource | None = None,
    on_pause: OnPause | None = None,
) -> Policies:
    """The policies of a stage.

    Args:
        teacher: see there.
        options: of the stage.
        student: the model of the stage before, None in stage 0.
        on_pause: told while a server is away.

    Raises:
        ModelError: the student's file is missing or cannot be read.
    """

    def patient(source: ModelSource) -> Source:
        if not source.is_served:
            return source
        return PatientSource(source, teacher.patience_s, on_pause)

    learner = None
    if student is not None:
        asked = ConstrainedPolicy if options.constrained else ModelPolicy
        learner = asked(
            STUDENT,
            patient(student),
            temperature=options.temperature,
            answer_tokens=options.answer_tokens,
            digest=student.digest or student.name,
        )
    if teacher.policy == "loop":
        return Policies(LoopPolicy(teacher.budget_cycles), learner, WeakPolicy())
    source = ModelSource(f"openai:{teacher.model}", teacher.server or None, teacher.context_tokens)
    model: Policy = ModelPolicy(
        source.name,
        patient(source),
        temperature=teacher.temperature,
        answer_tokens=options.answer_tokens,
        rules=options.rules,
    )
    return Policies(model, learner)
