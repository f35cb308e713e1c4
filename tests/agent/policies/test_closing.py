"""The model's turn in the loop: what search leaves open, closed by stimulus that a model wrote."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.events import Event, ModelText, Phase
from benchwright_agent.loop import generate
from benchwright_agent.models.model import Model, ModelError
from benchwright_agent.models.served.openai_server import OpenAIServer
from benchwright_agent.options import GenerateOptions, ModelOptions
from benchwright_agent.result import GenerateResult, ModelUse
from tests.built import elaborated
from tests.model_script import Script
from tests.model_server import model_server

LOCK = "examples/01_lock"
"""Four right keys in a row open it: more than so short a search finds."""

CYCLES = 100


def keys(*values: int) -> list[dict[str, Any]]:
    """Actions that enter these keys."""
    actions: list[dict[str, Any]] = []
    for key in values:
        actions += [{"drive": {"key_valid": 1, "key": key}}, {"cycles": 1}]
    return actions


def answer(*actions: object) -> str:
    return json.dumps({"segments": [{"purpose": "open the lock", "actions": list(actions)}]})


OPENS = answer(*keys(0x3A, 0x91, 0x5C, 0xE7), {"drive": {"key_valid": 0}}, {"cycles": 300})


def opened(url: str) -> Callable[[], Model]:
    return lambda: OpenAIServer("scripted", base_url=url, api_key="none", retries=0)


def run(folder: Path, *, on_event: Callable[[Event], None], model: ModelOptions) -> GenerateResult:
    options = GenerateOptions(
        folder / "tb_lock.sv", budget_s=None, budget_cycles=CYCLES, force=True, model=model
    )
    return generate(elaborated(LOCK), options, on_event)


def closed(
    folder: Path, script: Callable[[Mapping[str, Any], int], Script], **limits: Any
) -> tuple[GenerateResult, list[Event], list[Mapping[str, Any]]]:
    """A run whose model answers by script; its events, and what the model was asked."""
    events: list[Event] = []
    with model_server(script) as server:
        options = ModelOptions(opened(server.base_url), **{"seconds": None, **limits})
        result = run(folder, on_event=events.append, model=options)
        return result, events, list(server.requests)


def test_what_the_model_thought_of_is_covered_by_the_testbench(tmp_path: Path) -> None:
    result, events, requests = closed(tmp_path, lambda request, n: Script(OPENS))
    assert result.model is not None
    assert result.model.helpful >= 1
    assert result.model.bins > 20
    covered = {bin_.name for bin_ in result.coverage.covered}
    assert "state_q: DIGIT_4 -> OPEN" in covered
    text = result.testbench.read_text()
    assert "Aim: open the lock." in text
    assert "".join(e.text for e in events if isinstance(e, ModelText)).startswith(OPENS)
    phases = [e.name for e in events if isinstance(e, Phase)]
    assert phases.count("load the model") == 1
    assert any("reads" in name and "question 1" in name for name in phases)
    assert requests[0]["response_format"]["type"] == "json_schema"


def test_the_question_holds_the_design_and_the_conditions_of_open_bins(tmp_path: Path) -> None:
    _, _, requests = closed(tmp_path, lambda request, n: Script(OPENS), tokens=1)
    prompt = "\n".join(message["content"] for message in requests[0]["messages"])
    assert "module lock" in prompt
    assert "key_valid, key[7:0], close" in prompt
    assert "Not covered yet:\nlock.sv" in prompt
    assert "needs state_q == DIGIT_3" in prompt
    assert len(requests) == 1


def test_the_same_answers_give_the_same_testbench(tmp_path: Path) -> None:
    texts = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        result, _, _ = closed(tmp_path / name, lambda request, n: Script(OPENS))
        texts.add(result.testbench.read_text())
    assert len(texts) == 1


@pytest.mark.parametrize("text", ["", "I cannot.", answer({"drive": {"nothing": 1}}), "{" * 999])
def test_a_model_that_does_not_help_is_asked_a_few_times_only(tmp_path: Path, text: str) -> None:
    result, _, requests = closed(tmp_path, lambda request, n: Script(text))
    assert result.model is not None
    assert (result.model.helpful, result.model.bins) == (0, 0)
    assert 1 < len(requests) < 10
    assert "earlier answers" in requests[-1]["messages"][-1]["content"]


def test_a_model_that_fails_costs_its_turn_and_not_the_run(tmp_path: Path) -> None:
    result, _, _ = closed(tmp_path, lambda request, n: Script(status=500))
    assert result.coverage.covered
    assert any("the model did not help" in warning for warning in result.warnings)
    assert result.model is not None
    assert result.model.answers == 0


def test_an_answer_that_failed_is_none_that_was_given(tmp_path: Path) -> None:
    result, _, requests = closed(
        tmp_path, lambda request, n: Script(status=500) if n else Script("I cannot.")
    )
    assert len(requests) == 2
    assert result.model is not None
    assert result.model.answers == 1
    assert result.model.note.startswith("did not help: ")


def test_an_answer_that_was_cancelled_is_none_that_was_given(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, ModelText) and event.round == 2:
            signal.raise_signal(signal.SIGINT)

    with model_server(lambda request, n: Script("no " * 400, delay_s=0.001)) as server:
        options = ModelOptions(opened(server.base_url), seconds=None)
        result = run(tmp_path, on_event=interrupt, model=options)
    assert result.status == "interrupted"
    assert result.model is not None
    assert result.model.answers == 1


def test_a_model_that_was_interrupted_in_its_first_answer_says_so(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, ModelText):
            signal.raise_signal(signal.SIGINT)

    with model_server(lambda request, n: Script("no " * 400, delay_s=0.001)) as server:
        options = ModelOptions(opened(server.base_url), seconds=None)
        result = run(tmp_path, on_event=interrupt, model=options)
    assert result.model is not None
    assert result.model.note == "interrupted before it had answered"


def test_a_model_that_cannot_be_opened_costs_its_turn_only(tmp_path: Path) -> None:
    def missing() -> Model:
        raise ModelError("the file is gone", hint="pull it again")

    result = run(tmp_path, on_event=lambda event: None, model=ModelOptions(missing))
    assert result.coverage.covered
    assert any("the file is gone" in warning for warning in result.warnings)
    assert result.model == ModelUse(note="did not help: the file is gone")


def test_tokens_bound_its_turn(tmp_path: Path) -> None:
    result, _, requests = closed(tmp_path, lambda request, n: Script("no " * 400), tokens=300)
    assert result.model is not None
    assert result.model.new_tokens <= 300
    assert {request["max_tokens"] for request in requests} <= set(range(1, 301))


def test_a_model_that_had_no_time_to_begin_is_not_blamed(tmp_path: Path) -> None:
    result, _, requests = closed(tmp_path, lambda request, n: Script(OPENS, delay_s=9), seconds=0.5)
    assert len(requests) == 1
    assert result.model is not None
    assert result.model.answers == 0
    assert result.model.note == "its time was over before it began to answer"
    assert any("--model-budget" in warning for warning in result.warnings)


def test_a_question_fits_the_tokens_that_it_may_have(tmp_path: Path) -> None:
    _, _, long = closed(tmp_path, lambda request, n: Script(OPENS), tokens=1)
    _, _, short = closed(tmp_path, lambda request, n: Script(OPENS), tokens=1, prompt_tokens=1_800)
    lengths = [sum(len(m["content"]) for m in asked[0]["messages"]) for asked in (long, short)]
    assert lengths[1] < lengths[0]
    assert "Not covered yet" in short[0]["messages"][-1]["content"]


def test_a_design_that_search_covers_needs_no_model(tmp_path: Path) -> None:
    def unwanted() -> Model:
        raise AssertionError

    options = GenerateOptions(
        tmp_path / "tb.sv", budget_s=None, budget_cycles=10**6, model=ModelOptions(unwanted)
    )
    result = generate(elaborated("tests/rtl/sync_reset.sv"), options)
    assert result.status == "closed"
    assert result.model == ModelUse(note="not asked: the search covered all that is wanted")
    assert not result.warnings


def test_a_target_that_search_reaches_needs_no_model(tmp_path: Path) -> None:
    def unwanted() -> Model:
        raise AssertionError

    options = GenerateOptions(
        tmp_path / "tb.sv", budget_cycles=100, target_pct=1, model=ModelOptions(unwanted)
    )
    assert generate(elaborated(LOCK), options).model == ModelUse(
        note="not asked: the target is reached"
    )


def test_what_an_answer_costs_is_bounded_however_long_it_runs(tmp_path: Path) -> None:
    wait = {"repeat": {"n": 256, "body": [{"drive": {"close": 1}}, {"cycles": 10_000}]}}
    text = json.dumps({"segments": [{"purpose": "wait", "actions": [wait]}] * 3})
    result, _, requests = closed(tmp_path, lambda request, n: Script(text))
    assert result.model is not None
    assert result.cycles < len(requests) * 10_000_000
