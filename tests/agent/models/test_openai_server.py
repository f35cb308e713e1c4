"""A served model as its callers meet it: many at once, impatient, with keys and proxies."""

from __future__ import annotations

import logging
import socket
import statistics
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.model import (
    Message,
    ModelError,
    ModelLost,
    Reply,
    Request,
)
from benchwright_agent.models.served.openai_server import USUAL_CONTEXT, OpenAIServer
from tests.agent.models.served import TEXT, request, saying, served
from tests.model_script import Script, n_tokens, template
from tests.model_server import model_server

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_answers_with_text_counts_and_times() -> None:
    pieces: list[str] = []
    script = Script(TEXT, chunk=7, pace_s=0.01, cached_tokens=5)
    with served(saying(script)) as (server, model):
        reply = model.answer(request(seed=7, temperature=0.0), on_text=pieces.append)
    prompt = template(server.requests[0]["messages"])
    assert reply == Reply(TEXT, "stop", n_tokens(prompt), n_tokens(TEXT), 5)
    assert 0 < reply.first_token_s < reply.seconds
    assert "".join(pieces) == TEXT
    assert len(pieces) > 3
    sent = {name: server.requests[0][name] for name in ("seed", "temperature", "max_tokens")}
    assert sent == {"seed": 7, "temperature": 0.0, "max_tokens": 8192}
    assert "response_format" not in server.requests[0]


def test_a_server_is_held_to_no_grammar() -> None:
    with (
        served(saying(Script(TEXT))) as (server, model),
        pytest.raises(ModelError, match="cannot be held to a grammar") as caught,
    ):
        model.answer(Request((Message("user", "x"),), grammar='root ::= "x"'))
    assert "--constrained" in caught.value.hint
    assert not server.requests


def test_says_when_the_answer_was_cut_at_its_limit() -> None:
    with served(saying(Script(TEXT))) as (_, model):
        reply = model.answer(request(max_tokens=3))
    assert (reply.finish, reply.new_tokens) == ("length", 3)


def test_what_a_reasoning_model_thinks_is_no_text() -> None:
    pieces: list[str] = []
    with served(saying(Script("42", reasoning="what is six times seven"))) as (_, model):
        reply = model.answer(request(), on_text=pieces.append)
    assert (reply.text, pieces) == ("42", ["42"])


def test_many_threads_ask_one_object_at_once() -> None:
    together = threading.Barrier(16, timeout=20)

    def script(asked: Mapping[str, Any], _n_call: int) -> Script:
        together.wait()
        return Script(f"re {asked['messages'][-1]['content']}", chunk=3)

    questions = [f"question {n}" for n in range(32)]
    with served(script) as (server, model), ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(lambda text: model.answer(request(text)), questions))
    assert [reply.text for reply in replies] == [f"re {text}" for text in questions]
    assert server.at_once == 16


LATENCY_S = 3.0
"""Far less than what is cancelled would take; benchmarks/bench_cancel.py measures how quick."""


def latency_s(model: OpenAIServer, after_s: float) -> tuple[float, Reply]:
    """How long an answer outlives being cancelled."""
    end = time.monotonic() + after_s
    reply = model.answer(request(), cancelled=lambda: time.monotonic() >= end)
    return time.monotonic() - end, reply


@pytest.mark.parametrize(
    ("script", "text"),
    [
        pytest.param(Script(TEXT, delay_s=30), "", id="nothing comes"),
        pytest.param(Script(TEXT, stall_after=9), TEXT[:9], id="stalled"),
        pytest.param(Script(TEXT * 999, chunk=1, pace_s=0.001), None, id="flowing"),
        pytest.param(Script(status=429, retry_after=30), "", id="waiting as asked"),
        pytest.param(Script(reasoning="hm " * 9, stall_after=0), "", id="thinking"),
    ],
)
def test_cancel_is_immediate_wherever_it_is(script: Script, text: str | None) -> None:
    with served(saying(script)) as (_, model):
        measured = [latency_s(model, 0.1) for _ in range(5)]
    assert statistics.median(seconds for seconds, _ in measured) < LATENCY_S
    assert {reply.finish for _, reply in measured} == {"cancelled"}
    assert text is None or {reply.text for _, reply in measured} == {text}


def test_cancel_is_immediate_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        address = deaf.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}/v1"
        with OpenAIServer("scripted", base_url=url) as model:
            measured = [latency_s(model, 0.1) for _ in range(5)]
        for one in waiting:
            one.close()
    assert statistics.median(seconds for seconds, _ in measured) < LATENCY_S
    assert {reply.finish for _, reply in measured} == {"cancelled"}


def test_a_cancelled_answer_leaves_nothing_behind() -> None:
    script = saying(*[Script(TEXT, stall_after=9)] * 20, Script(TEXT))
    with served(script) as (server, model):
        for _ in range(20):
            latency_s(model, 0.06)
        assert model.answer(request()).text == TEXT
        end = time.monotonic() + 10
        while server.hung_up < 20 and time.monotonic() < end:
            time.sleep(0.01)
    assert server.hung_up == 20


def test_asks_nothing_when_cancelled_before() -> None:
    with served(saying(Script(TEXT))) as (server, model):
        assert model.answer(request(), cancelled=lambda: True).finish == "cancelled"
    assert server.requests == []


def test_wall_time_ends_an_answer_with_the_text_so_far() -> None:
    with served(saying(Script(TEXT, stall_after=9))) as (_, model):
        reply = model.answer(request(timeout_s=0.3))
    assert (reply.finish, reply.text) == ("timeout", TEXT[:9])
    assert 0.3 <= reply.seconds < 5
    assert (reply.prompt_tokens > 0, reply.new_tokens) == (True, 1)


def test_a_watcher_that_fails_ends_the_answer() -> None:
    with served(saying(Script(TEXT, stall_after=9))) as (_, model):
        with pytest.raises(ZeroDivisionError):
            model.answer(request(), on_text=lambda _: 1 / 0)  # type: ignore[arg-type]  # raises
        assert model.answer(request(timeout_s=0.1)).finish == "timeout"


def test_no_server_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    with OpenAIServer("scripted", base_url=url, pause_s=0.01, retries=1) as model:
        with pytest.raises(ModelLost, match=r"127\.0\.0\.1.*2 tries.*(refused|failed)"):
            model.answer(request())
        assert model.context_tokens == USUAL_CONTEXT
        assert model.count([Message("user", "x" * 100)]) > 50


def test_a_refused_key_is_never_shown(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(saying(Script(TEXT)), server={"key": "another"}, api_key=KEY) as (server, model):
        with pytest.raises(ModelError, match="refuses the key") as caught:
            model.answer(request())
        shown = "".join(traceback.format_exception(caught.value)) + repr(model) + caplog.text
        model.count([Message("user", "hi")])
        assert model.context_tokens == USUAL_CONTEXT
    assert "OPENAI_API_KEY" in str(caught.value)
    assert server.requests == []
    assert KEY not in shown + str(vars(model)) + "".join(capsys.readouterr())
    assert caught.value.exit_code == 12


def test_the_environment_gives_server_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(saying(Script(TEXT)), key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
        with OpenAIServer("scripted", base_url=None) as model:
            assert model.answer(request()).text == TEXT


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two\nlines"])
def test_a_key_that_no_header_can_carry(key: str) -> None:
    with pytest.raises(ModelError, match="characters"):
        OpenAIServer("scripted", base_url="http://localhost:1/v1", api_key=key)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x/v1", "http://", "http://[::1", "x"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ModelError, match="must begin with http"):
        OpenAIServer("scripted", base_url=url)


@pytest.mark.parametrize("kind", ["llama-server", "vllm"])
def test_the_server_counts(kind: str) -> None:
    messages = [Message("system", "a b c"), Message("user", TEXT)]
    turns = [{"role": turn.role, "content": turn.content} for turn in messages]
    options = {"kind": kind, "context_tokens": 9_216}
    with served(saying(Script(TEXT)), server=options) as (server, model):
        assert model.context_tokens == 9_216
        assert model.count(messages) == n_tokens(template(turns))
        asked = len(server.paths)
        assert model.count(messages) == n_tokens(template(turns))
        assert model.context_tokens == 9_216
        assert len(server.paths) == asked
        assert model.answer(Request(tuple(messages))).prompt_tokens == model.count(messages)


def test_an_estimate_learns_from_replies() -> None:
    digits = Message("user", "8 " * 2_000)
    with served(saying(Script(TEXT)), server={"kind": "plain"}) as (server, model):
        before = model.count([digits])
        reply = model.answer(Request((digits,)))
        asked = len(server.paths)
        after = model.count([digits])
        assert len(server.paths) == asked
        assert model.context_tokens == USUAL_CONTEXT
    assert before < reply.prompt_tokens < after < 1.3 * reply.prompt_tokens


def test_the_caller_may_want_less_context() -> None:
    with served(saying(Script(TEXT)), context_tokens=4_096) as (_, model):
        assert model.context_tokens == 4_096


def test_a_name_is_no_path() -> None:
    with OpenAIServer("/srv/models/Qwen3-4B", base_url="http://localhost:1/v1") as model:
        assert model.name == "Qwen3-4B"


def test_closing_ends_what_runs() -> None:
    with (
        served(saying(Script(TEXT, stall_after=9))) as (server, model),
        ThreadPoolExecutor() as run,
    ):
        reply = run.submit(model.answer, request())
        while not server.requests:
            time.sleep(0.01)
        model.close()
        with pytest.raises(ModelLost, match="closed"):
            reply.result(5)
        with pytest.raises(ModelError, match="closed"):
            model.answer(request())
        model.close()


def test_a_proxy_is_used_for_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(saying(Script(TEXT))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.root)
        with served(saying(Script(TEXT))) as (_, model):
            assert model.answer(request()).text == TEXT
        assert proxy.paths == []
        with (
            OpenAIServer("scripted", base_url="http://models.invalid/v1") as model,
            pytest.raises(ModelError),
        ):
            model.answer(request())
        assert proxy.paths[0] == "http://models.invalid/v1/chat/completions"


def test_user_and_password_of_a_url_are_not_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://me:{KEY}@127.0.0.1:{port}/v1?token={KEY}"
    with (
        OpenAIServer("scripted", base_url=url, retries=0) as model,
        pytest.raises(ModelLost) as caught,
    ):
        model.answer(request())
    assert KEY not in "".join(traceback.format_exception(caught.value))


def scripted(_request: Mapping[str, Any], n_call: int) -> Script:
    """What the server below says when it runs as a process of its own."""
    return Script(f"answer {n_call}")


def test_the_server_runs_as_a_process_and_can_be_killed() -> None:
    command = [sys.executable, "-m", "tests.model_server", "--script", f"{__name__}:scripted"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with OpenAIServer("scripted", base_url=url, pause_s=0.01, retries=1) as model:
            assert model.answer(request()).text == "answer 0"
            process.kill()
            process.wait()
            with pytest.raises(ModelLost):
                model.answer(request())
