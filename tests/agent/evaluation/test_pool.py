"""The pool: a job that takes its worker down, hangs or loses its model costs no other job."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import psutil
import pytest

from benchwright_agent.evaluation.jobs import Job
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Done
from benchwright_agent.evaluation.pool import run_locally
from benchwright_agent.evaluation.source import ModelSource
from benchwright_agent.models.model import ModelError
from benchwright_agent.models.served.openai_server import OpenAIServer
from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import row
from tests.model_script import Script
from tests.model_server import ModelServer, model_server

DIRECT = EvalOptions(rounds=1, samples=1, ks=(1,))
JOBS = [Job(row(name), 0, DIRECT) for name in ("counter", "pair", "gate")]


def workers() -> list[psutil.Process]:
    """Worker processes of this one."""
    found = psutil.Process().children()
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def statuses(done: list[Done]) -> dict[str, str]:
    """Module -> how its job ended."""
    return {item.outcome.id.split("_")[1]: item.outcome.status for item in done}


class _Killer:
    """A script that kills the worker that asks about one design, the first `n` times."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, request: Mapping[str, Any], n_call: int) -> Script:
        if scripted.module_of(request) == "pair" and self.left:
            self.left -= 1
            for worker in workers():
                worker.kill()
        return scripted.always_good(request, n_call)


def run(server: ModelServer, jobs: list[Job], **options: Any) -> list[Done]:
    """Jobs with the model of a server."""
    model = OpenAIServer("scripted", base_url=server.base_url, retries=1, pause_s=0.05)
    try:
        return list(run_locally(jobs, model, **options))
    finally:
        model.close()


def test_a_worker_that_is_killed_is_replaced() -> None:
    with model_server(_Killer(1)) as server:
        done = run(server, JOBS, n_workers=1)
    assert statuses(done) == {"counter": "ok", "pair": "ok", "gate": "ok"}
    assert workers() == []


def test_a_job_that_kills_every_worker_costs_itself() -> None:
    with model_server(_Killer(2)) as server:
        done = run(server, JOBS, n_workers=1)
    assert statuses(done) == {"counter": "ok", "pair": "crashed", "gate": "ok"}
    (crashed,) = [item.outcome for item in done if item.outcome.status == "crashed"]
    assert crashed.error == "the worker process ended with -9"
    assert crashed.passed is False


def test_a_job_that_hangs_costs_itself() -> None:
    def script(request: Mapping[str, Any], n_call: int) -> Script:
        good = scripted.always_good(request, n_call)
        return replace(good, text=good.text.replace("$finish", "forever #1"))

    jobs = [Job(row("gate"), 0, DIRECT), Job(row("broken"), 0, DIRECT)]
    with model_server(script) as server:
        done = run(server, jobs, n_workers=2, stall_s=12)
    assert statuses(done) == {"broken": "row_error", "gate": "hung"}
    assert workers() == []


def test_waiting_for_the_model_is_not_hanging() -> None:
    def script(request: Mapping[str, Any], n_call: int) -> Script:
        return replace(scripted.always_good(request, n_call), delay_s=16)

    with model_server(script) as server:
        done = run(server, JOBS[2:], n_workers=1, stall_s=12)
    assert statuses(done) == {"gate": "ok"}


def test_a_model_that_refuses_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with (
        model_server(scripted.always_good, key="secret") as server,
        pytest.raises(ModelError, match="key"),
    ):
        run(server, JOBS, n_workers=2)
    assert workers() == []


def test_leaving_early_ends_workers_and_their_questions() -> None:
    def script(request: Mapping[str, Any], n_call: int) -> Script:
        answer = scripted.always_good(request, n_call)
        return replace(answer, delay_s=0 if scripted.module_of(request) == "gate" else 30)

    with model_server(script) as server:
        model = OpenAIServer("scripted", base_url=server.base_url)
        done = run_locally(JOBS, model, n_workers=3, one_at_a_time=False)
        assert next(done).outcome.id == "ours_gate_0001"
        started = time.monotonic()
        done.close()
        assert time.monotonic() - started < 5
        model.close()
    assert workers() == []


def test_one_model_answers_one_at_a_time_where_it_must() -> None:
    with model_server(scripted.always_slow) as server:
        run(server, JOBS, n_workers=3, one_at_a_time=True)
        assert server.at_once == 1
    with model_server(scripted.always_slow) as server:
        run(server, JOBS, n_workers=3, one_at_a_time=False)
        assert server.at_once > 1
    assert threading.active_count() < 20


def test_a_local_model_is_loaded_once_and_repeats() -> None:
    pytest.importorskip("llama_cpp")
    from tests.tiny_model import tiny_gguf

    options = replace(DIRECT, max_tokens=40, samples=2)
    jobs = [Job(row("gate"), sample, options) for sample in (0, 1)]
    found = []
    for n_workers in (1, 2):
        with closing(ModelSource(str(tiny_gguf()), context_tokens=2048).open()) as model:
            done = list(run_locally(jobs, model, n_workers=n_workers))
        outcomes = sorted((item.outcome for item in done), key=lambda outcome: outcome.sample)
        assert all(outcome.new_tokens > 0 for outcome in outcomes)
        found.append(outcomes)
    assert found[0] == found[1]
