"""The paper's rounds, with a real simulator and a real server that answers by script."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.events import Event, ModelText, Note, Phase, RoundDone
from benchwright_agent.models.choice import open_model
from benchwright_agent.models.model import Sampling
from benchwright_agent.policies.llm import is_enough
from benchwright_agent.protocol.protocol import (
    ProtocolOptions,
    ProtocolRun,
    next_state,
    round_seed,
    run_protocol,
)
from benchwright_agent.protocol.task import Attempt, Draft, State, Task
from benchwright_sim.waivers import parse_waivers
from tests.model_script import Answer, Script
from tests.model_server import ModelServer, model_server
from tests.replies import (
    ALL,
    BROKEN,
    ENDLESS,
    FATAL,
    LESS,
    NOTHING,
    SOME,
    STUCK,
    SYSTEM,
    gate_task,
    in_turn,
    prompt_of,
)

OPTIONS = ProtocolOptions(sampling=Sampling(max_tokens=2_000), timeout_s=2.0)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return gate_task(tmp_path_factory.mktemp("gate"))


def protocol(
    task: Task, script: Answer, options: ProtocolOptions = OPTIONS, **more: Any
) -> tuple[ProtocolRun, ModelServer]:
    """A run with a server that answers by script."""
    with model_server(script) as server:
        model = open_model("scripted", server=server.base_url)
        try:
            run = run_protocol(task, model, options, **more)
        finally:
            model.close()
    return run, server


def test_every_outcome_is_a_round_and_the_next_prompt_says_what_it_was(task: Task) -> None:
    answers = (NOTHING, BROKEN, SYSTEM, STUCK, FATAL, ENDLESS, SOME)
    run, server = protocol(task, in_turn(*answers), replace(OPTIONS, rounds=len(answers)))
    assert [attempt.outcome for attempt in run.attempts] == [
        *("no_testbench", "compile_error", "refused", "no_progress"),
        *("runtime_error", "timeout", "ok"),
    ]
    assert run.stopped == "rounds"
    assert run.simulations == 5
    assert run.best is run.attempts[-1]
    prompts = [prompt_of(request) for request in server.requests]
    assert run.attempts[0].reason in prompts[1]
    assert "undeclared_thing" in prompts[2]
    assert "system" in prompts[3]
    assert "gives up" in prompts[5]


def test_the_model_sees_the_last_attempt_and_nothing_before_it(task: Task) -> None:
    run, server = protocol(task, in_turn(SOME, LESS, BROKEN), replace(OPTIONS, rounds=4))
    marks = ("covers some", "covers less", "is broken")
    seen = [[mark in prompt_of(request) for mark in marks] for request in server.requests]
    assert seen == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert run.best_round == 1
    assert run.best is run.attempts[0]


def test_a_reply_without_a_testbench_leaves_the_draft_that_there_was(task: Task) -> None:
    state = State(task, Attempt(Draft("tb.sv", "module tb; endmodule\n", "tb"), "refused"))
    after = next_state(state, Attempt(None, "no_testbench", reason="no code"))
    assert after.attempt is not None
    assert state.attempt is not None
    assert after.attempt.draft is state.attempt.draft
    assert (after.attempt.outcome, after.attempt.reason) == ("no_testbench", "no code")
    _, server = protocol(task, in_turn(BROKEN, NOTHING, ALL))
    assert "undeclared_thing" in prompt_of(server.requests[2])


def test_it_ends_when_everything_is_covered(task: Task) -> None:
    run, server = protocol(task, in_turn(ALL))
    assert (run.stopped, len(server.requests)) == ("covered", 1)
    assert run.best is not None
    assert run.best.score == 1


def test_it_ends_at_a_target_or_when_the_rest_is_waived(task: Task) -> None:
    run, _ = protocol(
        task, in_turn(LESS, SOME), enough=lambda attempt: is_enough(attempt, target_pct=50)
    )
    assert (run.stopped, len(run.rounds)) == ("covered", 2)
    waivers = parse_waivers(
        '[[waiver]]\nbins = "*"\nreason = "not needed"\nauthor = "me"\n', Path("waivers.toml")
    )
    assert is_enough(run.attempts[0], waivers=waivers)
    assert not is_enough(run.attempts[0])


def test_each_round_has_a_seed_of_its_own_that_anyone_can_compute(task: Task) -> None:
    assert [round_seed(1, 0, n) for n in (1, 2)] == [1344693924, 2099024332]
    assert len({round_seed(s, i, t) for s in range(9) for i in range(9) for t in range(9)}) == 729
    _, server = protocol(
        task, in_turn(NOTHING), replace(OPTIONS, sampling=Sampling(0.2, 7, 99), sample=3)
    )
    assert [request["seed"] for request in server.requests] == [
        round_seed(7, 3, number) for number in (1, 2, 3)
    ]
    assert {request["temperature"] for request in server.requests} == {0.2}
    assert server.requests[0] != server.requests[1]


def test_the_tokens_of_all_answers_are_bounded(task: Task) -> None:
    options = replace(OPTIONS, budget_tokens=30, rounds=9)
    run, server = protocol(task, in_turn("word " * 10, "word " * 500), options)
    assert run.stopped == "tokens"
    assert run.new_tokens == 30
    assert [round_.reply.finish for round_ in run.rounds] == ["stop", "length"]
    assert "cut off after 10 tokens" in run.attempts[1].reason
    limits = [r.get("max_tokens") or r.get("max_completion_tokens") for r in server.requests]
    assert limits == [30, 10]


def test_the_seconds_of_answering_and_simulating_are_bounded(task: Task) -> None:
    slow = Script("never mind " * 50, pace_s=0.05)
    run, _ = protocol(task, in_turn(slow), replace(OPTIONS, budget_s=0.6))
    assert run.stopped == "seconds"
    assert [round_.reply.finish for round_ in run.rounds] == ["timeout"]
    assert 0.5 < run.seconds < 1.5


@pytest.mark.parametrize("slow", [Script(ALL, pace_s=0.1, chunk=4), Script(ALL, delay_s=30)])
def test_a_cancelled_answer_ends_the_run_at_once(task: Task, slow: Script) -> None:
    asked_at: list[float] = []
    cancel = threading.Event()

    def script(request: object, n_call: int) -> Script:
        if n_call == 0:
            return Script(SOME)
        asked_at.append(time.monotonic())
        threading.Timer(0.5, cancel.set).start()
        return slow

    run, _ = protocol(task, script, cancelled=cancel.is_set)
    assert time.monotonic() - asked_at[0] < 0.5 + 0.2 + 0.3
    assert run.stopped == "cancelled"
    assert [attempt.outcome for attempt in run.attempts] == ["ok"]


def test_a_model_that_fails_ends_the_run_and_keeps_what_there_is(task: Task) -> None:
    run, _ = protocol(task, in_turn(SOME, Script(status=400, message="no such thing")))
    assert (run.stopped, len(run.rounds)) == ("model", 1)
    assert run.error is not None
    assert "no such thing" in str(run.error)
    assert run.best is not None


def test_a_cut_connection_is_tried_again_by_the_client(task: Task) -> None:
    faults = (Script(ALL, cut_after=40), Script(status=429, retry_after=0.01), Script(ALL))
    run, server = protocol(task, in_turn(*faults))
    assert (run.stopped, len(run.rounds), len(server.requests)) == ("covered", 1, 3)


def test_text_that_no_file_can_hold_is_made_harmless(task: Task) -> None:
    run, _ = protocol(task, in_turn(ALL.replace("covers all", "\ud800 lone")))
    assert run.attempts[0].draft is not None
    assert "? lone" in run.attempts[0].draft.text


def test_events_tell_each_step_and_all_that_the_model_writes(task: Task) -> None:
    events: list[Event] = []
    run, _ = protocol(task, in_turn(BROKEN, ALL), on_event=events.append)
    told = [event for event in events if not isinstance(event, ModelText | Note)]
    assert [event.name for event in told if isinstance(event, Phase)] == [
        f"round {n} of 3: {doing}" for n in (1, 2) for doing in ("the model writes", "simulate")
    ]
    done = [event for event in told if isinstance(event, RoundDone)]
    assert [(event.number, event.outcome) for event in done] == [(1, "compile_error"), (2, "ok")]
    assert done[1].tallies["toggle"].covered == 6
    for number, answer in ((1, BROKEN), (2, ALL)):
        pieces = [e.text for e in events if isinstance(e, ModelText) and e.round == number]
        assert "".join(pieces) == answer
        assert len(pieces) > 3
    assert run.new_tokens == sum(event.new_tokens for event in done)


def test_a_judge_may_be_put_in_the_simulators_place(task: Task) -> None:
    asked: list[Draft] = []

    def cached(draft: Draft, _task: Task) -> Attempt:
        asked.append(draft)
        return Attempt(draft, "refused", reason="known to be bad")

    run, _ = protocol(task, in_turn(ALL, SOME), replace(OPTIONS, rounds=2), judged=cached)
    assert [draft.top for draft in asked] == ["tb_gate", "tb_gate"]
    assert run.best is None
