"""Policies: what they are shown, what they draw, and that it repeats."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from benchwright_agent.evaluation.source import ModelSource
from benchwright_agent.models.model import Message, ModelError
from benchwright_agent.prompts.rules import RULES
from benchwright_agent.prompts.system import system_prompt
from benchwright_agent.protocol.task import Draft, State
from benchwright_agent.replies.parse import read_testbench
from benchwright_trainer.rollouts.choice import choose_policies
from benchwright_trainer.rollouts.options import RolloutOptions, TeacherOptions
from benchwright_trainer.rollouts.patience import PatientSource
from benchwright_trainer.rollouts.policies import (
    ConstrainedPolicy,
    LoopPolicy,
    ModelPolicy,
    Policies,
    Policy,
    Question,
    WeakPolicy,
)
from tests.agent.evaluation.small import row
from tests.trainer.rollouts.scripted import ScriptedModel, ScriptedSource
from tests.trainer.rollouts.test_cache import task_of

PROMPT = (Message("system", system_prompt(rules=False)), Message("user", "module gate (...);"))


def questions(folder: Path, *amounts: int, instance: str = "dut") -> list[Question]:
    """About a small design, each with a seed of its own."""
    state = State(task_of(folder, row("gate", dut_instance_name=instance)))
    return [Question(state, PROMPT, 10 + n, amount) for n, amount in enumerate(amounts)]


def test_a_model_is_asked_each_answer_with_its_own_seed(tmp_path: Path) -> None:
    policy, model = ModelPolicy("student", ScriptedSource(), 0.5, 300), ScriptedModel()
    asked = questions(tmp_path, 3, 2)
    answers = policy.answers(asked, model)
    assert [len(each) for each in answers] == [3, 2]
    samplings = [request.sampling for request in model.requests]
    assert len({sampling.seed for sampling in samplings}) == 5
    assert {(s.temperature, s.max_tokens) for s in samplings} == {(0.5, 300)}
    assert all(request.messages == PROMPT for request in model.requests)
    assert policy.answers(asked, ScriptedModel()) == answers


def test_rules_are_shown_and_nothing_else_changes(tmp_path: Path) -> None:
    model = ScriptedModel()
    ModelPolicy("teacher", ScriptedSource(), rules=True).answers(questions(tmp_path, 1), model)
    (request,) = model.requests
    assert request.messages[0].content == f"{PROMPT[0].content}\n{RULES}"
    assert request.messages[1:] == PROMPT[1:]


def test_an_answer_has_at_most_half_of_the_context(tmp_path: Path) -> None:
    model = ScriptedModel()
    ModelPolicy("m", ScriptedSource(), answer_tokens=50_000).answers(questions(tmp_path, 1), model)
    assert model.requests[0].sampling.max_tokens == 16_384


def test_a_constrained_policy_holds_answers_to_the_grammar_of_the_design(tmp_path: Path) -> None:
    model = ScriptedModel()
    policy = ConstrainedPolicy("student", ScriptedSource())
    policy.answers(questions(tmp_path, 2, instance="u_gate"), model)
    assert all("gate u_gate (" in request.grammar for request in model.requests)
    assert [request.messages for request in model.requests] == [PROMPT, PROMPT]
    assert policy.terms == {**ModelPolicy("student", ScriptedSource()).terms, "constrained": True}


def test_a_model_policy_needs_its_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the policy student has no model"):
        ModelPolicy("student", ScriptedSource()).answers(questions(tmp_path, 1), None)


@pytest.mark.parametrize("policy", [LoopPolicy(2_000), WeakPolicy()])
def test_a_policy_without_a_model_writes_testbenches_that_repeat(
    tmp_path: Path, policy: Policy
) -> None:
    asked = questions(tmp_path, 2, 1, instance="u_gate")
    answers = policy.answers(asked, None)
    assert [len(each) for each in answers] in ([2, 1], [1, 1])
    for each in answers:
        for answer in each:
            found = read_testbench(answer.text, asked[0].state.task)
            assert isinstance(found, Draft), found
            assert "gate u_gate" in found.text.replace("  ", " ")
    assert policy.answers(asked, None) == answers


def test_policies_travel() -> None:
    source = ModelSource("a.gguf")
    asking = (ModelPolicy("m", source), ConstrainedPolicy("m", source))
    for policy in (LoopPolicy(1), WeakPolicy(), *asking):
        assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301 - our own


def test_parts_are_those_of_the_recipe() -> None:
    teacher, student = LoopPolicy(1), ModelPolicy("student", ScriptedSource())
    policies = Policies(teacher, student, WeakPolicy())
    assert policies.of("teacher") is teacher
    assert policies.of("student") is policies.drafting("student") is student
    assert policies.drafting("teacher") == WeakPolicy()
    assert Policies(teacher).drafting("teacher") is teacher
    with pytest.raises(ModelError, match="there is none"):
        Policies(teacher).of("student")


def test_the_loop_is_chosen_with_someone_who_drafts_badly() -> None:
    policies = choose_policies(TeacherOptions(budget_cycles=7), RolloutOptions())
    assert policies == Policies(LoopPolicy(7), None, WeakPolicy())


def test_a_served_teacher_is_waited_for_and_shown_rules_where_the_stage_says() -> None:
    told: list[str] = []
    teacher = TeacherOptions("openai", "qwen", "http://localhost:1/v1", 0.3, 4096, patience_s=5)
    policies = choose_policies(
        teacher, RolloutOptions(rules=True), on_pause=lambda why, _: told.append(why)
    )
    assert isinstance(policies.teacher, ModelPolicy)
    assert policies.teacher.terms == {
        "name": "qwen",
        "digest": None,
        "temperature": 0.3,
        "answer_tokens": 8192,
        "rules": True,
    }
    source = policies.teacher.source
    assert isinstance(source, PatientSource)
    assert source.source == ModelSource("openai:qwen", "http://localhost:1/v1", 4096)
    assert source.is_served
    again = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own
    assert (again, again.on_pause) == (source, None)
    assert choose_policies(teacher, RolloutOptions()).teacher.terms["rules"] is False


def test_a_student_is_known_by_its_content(tmp_path: Path) -> None:
    from tests.tiny_model import tiny_gguf

    source = ModelSource(str(tiny_gguf()))
    policies = choose_policies(TeacherOptions(), RolloutOptions(), student=source)
    assert policies.student is not None
    assert policies.student.source == source
    assert policies.student.name == "student"
    assert policies.student.terms["digest"] == source.digest
    with pytest.raises(ModelError):
        choose_policies(
            TeacherOptions(), RolloutOptions(), student=ModelSource(str(tmp_path / "no.gguf"))
        )
