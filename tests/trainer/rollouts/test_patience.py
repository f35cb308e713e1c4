"""A model that is away is waited for, not for ever, and every wait is told."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import pytest

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.models.model import Message, ModelError, ModelLost, Reply, Request
from benchwright_agent.models.served.openai_server import OpenAIServer
from benchwright_trainer.rollouts.options import RolloutOptions
from benchwright_trainer.rollouts.patience import Patient, PatientSource
from benchwright_trainer.rollouts.policies import ModelPolicy, Policies
from benchwright_trainer.rollouts.rollout import TRACES, roll_out
from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import row
from tests.model_server import model_server
from tests.trainer.rollouts.scripted import ScriptedModel, ScriptedSource

REQUEST = Request((Message("user", "module gate"),))


class _Told(list[tuple[str, float]]):
    """Remembers pauses."""

    def __call__(self, why: str, seconds: float) -> None:
        self.append((why, seconds))


def test_waits_grow_until_it_answers() -> None:
    told = _Told()
    model = Patient(
        ScriptedModel(("good",), n_lost=3), patience_s=60, on_pause=told, first_wait_s=0.01
    )
    assert "module tb_gate" in model.answer(REQUEST).text
    assert told == [("nobody is there", 0.01), ("nobody is there", 0.02), ("nobody is there", 0.04)]


def test_patience_ends_with_what_to_do() -> None:
    told = _Told()
    lost = ScriptedModel(n_lost=99)
    model = Patient(lost, patience_s=0.05, on_pause=told, first_wait_s=0.02)
    with pytest.raises(
        ModelError, match="scripted has been away for 0 s: nobody is there"
    ) as error:
        model.answer(REQUEST)
    assert not isinstance(error.value, ModelLost)
    assert "what is done is kept" in error.value.hint
    waits = [seconds for _, seconds in told]
    assert waits[0] == 0.02
    assert sum(waits) <= 0.05


def test_patience_counts_what_asking_takes() -> None:
    class Slow(ScriptedModel):
        def answer(self, *_args: object, **_kwargs: object) -> Reply:
            time.sleep(0.2)
            raise ModelLost("nobody is there")

    told = _Told()
    model = Patient(Slow(), patience_s=0.3, on_pause=told, first_wait_s=0.01)
    with pytest.raises(ModelError, match="away"):
        model.answer(REQUEST)
    assert len(told) <= 2


def test_a_wait_of_many_threads_is_told_once() -> None:
    told, n = _Told(), 4
    model = Patient(ScriptedModel(n_lost=n), patience_s=60, on_pause=told, first_wait_s=1)
    threads = [threading.Thread(target=model.answer, args=(REQUEST,)) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [("nobody is there", 1)]


def test_without_patience_the_first_loss_is_the_last() -> None:
    with pytest.raises(ModelError, match="away"):
        Patient(ScriptedModel(n_lost=1), patience_s=0).answer(REQUEST)


def test_a_cancel_ends_a_wait() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    model = Patient(ScriptedModel(n_lost=9), patience_s=600, first_wait_s=60)
    assert model.answer(REQUEST, cancelled=stop.is_set) == Reply("", "cancelled", 0, 0)
    assert time.monotonic() - started < 2


def test_a_server_that_comes_back_is_asked_on() -> None:
    with model_server(scripted.always_good) as server:
        port, url = server.server_port, server.base_url
    told = threading.Event()
    inner = OpenAIServer("scripted", base_url=url, retries=0, pause_s=0.01)
    model = Patient(
        inner, patience_s=30, on_pause=lambda why, seconds: told.set(), first_wait_s=0.05
    )
    replies: list[Reply] = []
    asking = threading.Thread(target=lambda: replies.append(model.answer(REQUEST)))
    asking.start()
    assert told.wait(20)
    with model_server(scripted.always_good, port=port):
        asking.join(20)
    model.close()
    assert "module tb_gate" in replies[0].text


def test_a_run_that_has_lost_its_teacher_keeps_what_is_done(tmp_path: Path) -> None:
    rows = [row("gate"), row("counter")]
    options = RolloutOptions(drafts=0, direct=1)

    def rolled(folder: str, n_lost: int, patience_s: float) -> bytes:
        source = PatientSource(ScriptedSource(("good",), n_lost), patience_s, first_wait_s=0.01)
        policies = Policies(ModelPolicy("teacher", source))
        backend = partial(on_this_machine, 1)
        roll_out(rows, options, policies, tmp_path / folder, backend, cache=tmp_path / "cache")
        return (tmp_path / folder / TRACES).read_bytes()

    with pytest.raises(ModelError, match="away") as error:
        rolled("one", 99, 0.02)
    assert "same command" in error.value.hint
    assert rolled("one", 1, 5) == rolled("two", 0, 0)
