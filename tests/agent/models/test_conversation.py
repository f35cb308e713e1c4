"""Every fault and refusal of a server, over real connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benchwright_agent.models.model import (
    ContextError,
    ModelError,
    ModelLost,
)
from benchwright_agent.models.served.openai_server import OpenAIServer
from tests.agent.models.served import TEXT, request, saying, served
from tests.model_script import Answer, Script
from tests.model_server import model_server

SCHEMA = {
    "title": "stimulus program",
    "type": "object",
    "properties": {"cycles": {"type": "integer"}},
    "required": ["cycles"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Script(status=429), id="429"),
        pytest.param(Script(status=408), id="408"),
        pytest.param(Script(status=500), id="500"),
        pytest.param(Script(status=503, message="Loading model"), id="503"),
        pytest.param(Script(TEXT, cut_after=0), id="cut before the status"),
        pytest.param(Script(TEXT, cut_after=20), id="cut in the text"),
        pytest.param(Script(TEXT, stall_after=20), id="stall in the text"),
        pytest.param(Script(TEXT, finish=None), id="ends without a reason"),
        pytest.param(Script("half", finish="abort"), id="given up by the server"),
        pytest.param(Script(body=b""), id="empty stream"),
        pytest.param(Script(body=b"data: [DONE]\n\n"), id="nothing but the end"),
        pytest.param(Script(body=b"data: {not json\n\n"), id="no JSON"),
        pytest.param(Script(body=b"\xff\xfe data:"), id="no UTF-8"),
        pytest.param(Script(body=b'data: {"choices": []}\n\n'), id="empty choices"),
        pytest.param(Script(body=b'data: [1, "x"]\n\ndata: 3\n\n'), id="no object"),
        pytest.param(Script(body=b'data: {"error": {"message": "oom"}}\n\n'), id="error inside"),
        pytest.param(Script(body=b"{", content_type="application/json"), id="half a JSON body"),
        pytest.param(Script(body=b"{}", content_type="application/json"), id="empty JSON body"),
    ],
)
def test_what_passes_is_tried_again(fault: Script) -> None:
    with served(saying(fault, fault, Script(TEXT)), timeout_s=0.2) as (server, model):
        reply = model.answer(request())
    assert (reply.text, reply.finish, len(server.requests)) == (TEXT, "stop", 3)
    assert server.requests[0] == server.requests[2]


def test_a_stall_before_the_first_token_has_a_limit_of_its_own() -> None:
    script = saying(Script(TEXT, stall_after=0, stall_s=0.4))
    with served(script, timeout_s=0.1) as (server, model):
        assert model.answer(request()).text == TEXT
    assert len(server.requests) == 1
    with served(saying(Script(delay_s=9), Script(TEXT)), first_token_s=0.2) as (server, model):
        assert model.answer(request()).text == TEXT
    assert len(server.requests) == 2


def test_pieces_of_a_failed_try_are_void() -> None:
    pieces: list[str] = []
    with served(saying(Script("wrong end", cut_after=5), Script("right"))) as (_, model):
        reply = model.answer(request(), on_text=pieces.append)
    assert (reply.text, reply.new_tokens) == ("right", 1)
    assert "".join(pieces) == "wrongright"


def test_gives_up_in_the_words_of_the_server() -> None:
    fault = Script(status=500, message="CUDA out of memory")
    with served(saying(fault), retries=2) as (server, model):
        with pytest.raises(ModelLost, match="3 tries: CUDA out of memory"):
            model.answer(request())
        assert len(server.requests) == 3


def test_waits_as_long_as_the_server_asks() -> None:
    with served(saying(Script(status=429, retry_after=0.5), Script(TEXT))) as (_, model):
        reply = model.answer(request())
    assert 0.5 <= reply.seconds < 10


def test_a_server_that_comes_later_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    with OpenAIServer("scripted", base_url=url, pause_s=0.2) as model, ThreadPoolExecutor() as pool:
        reply = pool.submit(model.answer, request())
        time.sleep(0.3)
        with model_server(saying(Script(TEXT)), port=port):
            assert reply.result().text == TEXT


def test_an_unknown_model_lists_what_there_is() -> None:
    options = {"kind": "vllm", "models": ("qwen", "llama")}
    with (
        served(saying(Script(TEXT)), server=options) as (_, model),
        pytest.raises(ModelError, match="'scripted'") as caught,
    ):
        model.answer(request())
    assert "offered: llama" in str(caught.value)
    assert "offered: qwen" in str(caught.value)


def test_a_url_without_its_version() -> None:
    with model_server(saying(Script(TEXT))) as server:
        with (
            OpenAIServer("scripted", base_url=server.root) as model,
            pytest.raises(ModelError, match="no chat completions") as caught,
        ):
            model.answer(request())
        assert "/v1" in caught.value.hint


def test_a_web_page_is_no_answer() -> None:
    page = Script(body=b"<html>login</html>", content_type="text/html")
    with (
        served(saying(page)) as (_, model),
        pytest.raises(ModelError, match="web page"),
    ):
        model.answer(request())


@pytest.mark.parametrize("kind", ["llama-server", "vllm"])
def test_a_prompt_beyond_the_context(kind: str) -> None:
    options = {"kind": kind, "context_tokens": 500}
    with (
        served(saying(Script(TEXT)), server=options) as (server, model),
        pytest.raises(ContextError, match="context"),
    ):
        model.answer(request("word " * 600))
    assert len(server.requests) == 1


def test_another_refusal_is_told_bounded() -> None:
    fault = Script(status=400, message="temperature must be\n at most 2 " + "x" * 9_000)
    with served(saying(fault)) as (server, model):
        with pytest.raises(ModelError, match="temperature must be at most 2") as caught:
            model.answer(request(temperature=3.0))
        assert not isinstance(caught.value, ContextError | ModelLost)
        assert len(str(caught.value)) < 600
        assert len(server.requests) == 1


def test_money_that_ran_out_is_not_waited_for() -> None:
    fault = Script(status=429, message="exceeded quota", error={"code": "insufficient_quota"})
    with served(saying(fault)) as (server, model):
        with pytest.raises(ModelError, match="exceeded quota"):
            model.answer(request())
        assert len(server.requests) == 1


def test_a_schema_is_sent() -> None:
    with served(saying(Script('{"cycles": 3}'))) as (server, model):
        model.answer(request(schema=SCHEMA))
    assert server.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "stimulus_program", "schema": SCHEMA, "strict": True},
    }


def without(name: str, message: str) -> Answer:
    """A server that does not take one parameter."""

    def script(asked: Mapping[str, Any], _n_call: int) -> Script:
        return Script(status=400, message=message) if name in asked else Script(TEXT)

    return script


def test_a_schema_is_said_in_words_where_it_cannot_be_sent() -> None:
    refusing = without("response_format", "This response_format type is unavailable now")
    with served(refusing) as (server, model):
        assert model.answer(request(schema=SCHEMA)).text == TEXT
        assert model.answer(request(schema=SCHEMA)).text == TEXT
        model.answer(request())
    assert ["response_format" in asked for asked in server.requests] == [True, False, False, False]
    assert '"cycles"' in server.requests[1]["messages"][-1]["content"]
    assert server.requests[3]["messages"][-1]["content"] == "hi"


@pytest.mark.parametrize(
    ("name", "message", "instead"),
    [
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "max_completion_tokens",
        ),
        ("temperature", "'temperature' does not support 0.7 with this model.", None),
        ("seed", "body.seed: Extra inputs are not permitted", None),
        ("stream_options", "Unknown parameter: stream_options", None),
    ],
)
def test_a_parameter_that_is_not_taken_is_left_out(
    name: str, message: str, instead: str | None
) -> None:
    with served(without(name, message)) as (server, model):
        assert model.answer(request(max_tokens=99)).text == TEXT
        assert model.answer(request(max_tokens=99)).text == TEXT
    assert [name in asked for asked in server.requests] == [True, False, False]
    assert instead is None or server.requests[1][instead] == 99


def test_parameters_are_left_out_under_concurrency() -> None:
    def script(asked: Mapping[str, Any], n_call: int) -> Script:
        refused = without("seed", "seed is not supported")(asked, n_call)
        return (
            refused
            if "seed" in asked
            else without("temperature", "n't support temperature")(asked, n_call)
        )

    with served(script) as (_, model), ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: model.answer(request()), range(8)))
    assert {reply.text for reply in replies} == {TEXT}


def test_a_server_that_does_not_stream_or_count() -> None:
    body = b'{"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}'
    with served(saying(Script(body=body, content_type="application/json"))) as (_, model):
        reply = model.answer(request())
    assert (reply.text, reply.finish, reply.new_tokens) == ("all", "stop", 1)
    assert reply.prompt_tokens > 0


def test_a_cut_after_the_end_of_the_answer_does_not_matter() -> None:
    stream = b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}\n\ndata: {'
    with served(saying(Script(body=stream)), retries=0) as (_, model):
        assert model.answer(request()).text == "a"


def test_text_that_is_no_unicode_is_sent_all_the_same() -> None:
    with served(saying(Script(TEXT))) as (server, model):
        model.answer(request("caf\udce9"))
    assert server.requests[0]["messages"][-1]["content"] == "caf?"
