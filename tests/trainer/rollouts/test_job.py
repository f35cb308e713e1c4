"""Jobs: whatever goes wrong is the result of that job alone, and has its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.models.model import ContextError, Model, ModelError
from benchwright_sim.errors import DesignRunError, OutputError, ToolchainError
from benchwright_trainer.rollouts.drawn import Drawn
from benchwright_trainer.rollouts.job import JobOptions, RolloutJob, Start
from benchwright_trainer.rollouts.policies import Answer, ModelPolicy, Question
from benchwright_trainer.rollouts.tokens import FileTokenizer, estimate_tokens
from tests.agent.evaluation.scripted import Kind, reply
from tests.agent.evaluation.small import row
from tests.trainer.rollouts.scripted import ScriptedModel, ScriptedSource

ERRORS: Mapping[str, Exception] = {
    "context": ContextError("too long"),
    "unanswered": DesignRunError("it ends by itself"),
    "machine": ToolchainError("the compiler is gone"),
    "error": ZeroDivisionError("ours"),
}


@dataclass(frozen=True)
class _Fixed:
    """Answers what it is told to, or fails."""

    texts: tuple[str, ...] = ()
    error: Exception | None = None
    name: str = "fixed"
    source: None = None

    @property
    def terms(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """The same to all."""
        if self.error is not None:
            raise self.error
        return [[Answer(text, cut_after=7) for text in self.texts] for _ in questions]


def options(folder: Path, **changes: Any) -> JobOptions:
    """With a cache in a folder."""
    return replace(JobOptions(1, 8_000, 30.0, estimate_tokens, folder), **changes)


def job(folder: Path, policy: Any, module: str = "gate", **changes: Any) -> RolloutJob:
    """Direct answers on a small design."""
    starts = (Start(2),)
    return RolloutJob(row(module), 50, "transitions", policy, starts, options(folder, **changes))


def drawn(made: RolloutJob, model: Model | None = None) -> Drawn:
    """Its result, which is no failure of everything."""
    result = made.run(model)
    assert isinstance(result, Drawn), result
    return result


@pytest.mark.parametrize("status", ERRORS)
def test_what_goes_wrong_has_its_name(tmp_path: Path, status: str) -> None:
    result = drawn(job(tmp_path, _Fixed(error=ERRORS[status])))
    assert (result.status, result.traces) == (status, ())
    assert str(ERRORS[status]) in result.error


@pytest.mark.parametrize("error", [ModelError("no key"), OutputError("disk full", hint="free")])
def test_what_ends_everything_is_handed_on(tmp_path: Path, error: ModelError | OutputError) -> None:
    assert job(tmp_path, _Fixed(error=error)).run(None) == Failure.of(error)


def test_a_tokenizer_that_is_gone_is_not_the_designs_fault(tmp_path: Path) -> None:
    count = FileTokenizer(tmp_path / "tokenizer.json")
    result = drawn(job(tmp_path / "cache", _Fixed(), count=count))
    assert result.status == "machine"
    assert "no tokenizer" in result.error


def test_a_design_that_cannot_be_read_is_the_rows(tmp_path: Path) -> None:
    result = drawn(job(tmp_path, _Fixed(), "broken"))
    assert result.status == "row_error"
    assert result.error.startswith("broken.sv:2:14: use of undeclared identifier 'b'")


def test_a_design_that_fits_no_prompt_is_said(tmp_path: Path) -> None:
    result = drawn(job(tmp_path, _Fixed(), prompt_tokens=20))
    assert result.status == "context"
    assert "where 20 fit" in result.error


def test_answers_of_every_kind_are_executed(tmp_path: Path) -> None:
    kinds: tuple[Kind, ...] = ("good", "broken", "empty")
    texts = tuple(str(reply("gate", kind).text) for kind in kinds)
    result = drawn(job(tmp_path, _Fixed(texts)))
    good, broken, empty = (trace.after for trace in result.traces)
    assert good.outcome == "ok"
    assert good.score == 1
    assert broken.outcome == "compile_error"
    assert broken.score == len(broken.tallies) == 0
    assert "syntax error" in broken.reason
    assert "\n" not in broken.reason
    assert (empty.outcome, empty.text) == ("no_testbench", "")
    assert "cut off after 7 tokens" in empty.reason
    assert [trace.answer for trace in result.traces] == list(texts)
    assert [trace.key for trace in result.traces] == [
        f"ours_gate_0001/direct/0/{sample}" for sample in range(3)
    ]
    assert result.spent.simulations == 2


def test_a_prompt_states_what_became_of_the_draft(tmp_path: Path) -> None:
    kinds: tuple[Kind, ...] = ("weak", "broken", "empty")
    texts = tuple(str(reply("counter", kind).text) for kind in kinds)
    drafts = drawn(
        RolloutJob(row("counter"), 50, "drafts", _Fixed(texts), (Start(3),), options(tmp_path))
    ).traces
    assert [trace.prompt for trace in drafts] == [(), (), ()]
    starts = tuple(Start(1, draft) for draft in drafts)
    good = _Fixed((str(reply("counter", "good").text),))
    result = drawn(RolloutJob(row("counter"), 50, "transitions", good, starts, options(tmp_path)))
    prompts = [trace.prompt[-1].content for trace in result.traces]
    assert "Not covered yet:" in prompts[0]
    assert "does not compile" in prompts[1]
    assert "cut off after 7 tokens" in prompts[2]
    assert [trace.key.split("/", 1)[1] for trace in result.traces] == [
        f"agentic/{state}/0" for state in range(3)
    ]
    assert [trace.before for trace in result.traces] == [draft.after for draft in drafts]
    assert result.spent.simulations == 1


def test_tokens_are_counted(tmp_path: Path) -> None:
    policy = ModelPolicy("student", ScriptedSource())
    model = ScriptedModel(("empty",))
    result = drawn(job(tmp_path, policy), model)
    (request, _) = model.requests
    assert result.spent.prompt_tokens == 2 * model.count(request.messages)
    assert result.spent.new_tokens == 2 * (len(result.traces[0].answer) // 4)
    assert (result.spent.simulations, result.spent.hits) == (0, 0)


def test_a_student_of_random_weights_draws_nothing_that_runs(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    from benchwright_agent.evaluation.source import ModelSource
    from tests.tiny_model import tiny_gguf

    source = ModelSource(str(tiny_gguf()), context_tokens=4096)
    policy = ModelPolicy("student", source, answer_tokens=30)
    model = source.open()
    try:
        found = [drawn(job(tmp_path, policy), model) for _ in range(2)]
    finally:
        model.close()
    assert found[0] == found[1]
    assert [trace.after.outcome for trace in found[0].traces] == ["no_testbench"] * 2
    assert found[0].spent.new_tokens > 0
