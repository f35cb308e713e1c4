"""The same refusal in the words of many servers."""

from __future__ import annotations

from typing import Any

import pytest

from benchwright_agent.models.served.refusals import LONGEST_WORDS, of_status, told

SENT = ("max_tokens", "temperature", "seed", "stream_options", "response_format")


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens "
        "(808 in the messages, 8192 in the completion). Please reduce the length.",
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
        "length is 4096 tokens and your request has 20 input tokens",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "input is larger than the max context size. skipped",
        "Requested token count exceeds the model's maximum context length of 4096 tokens.",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "Trying to keep the first 111490 tokens when context the overflows. However, the model is "
        "loaded with context length of only 32768 tokens",
        "prompt is too long: 200001 tokens > 200000 maximum",
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "the input length exceeds the context length",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_prompt_that_is_too_long(words: str, status: int) -> None:
    assert of_status(status, {"message": words}, SENT, "").kind == "context"


def test_a_rate_in_tokens_is_no_context() -> None:
    words = "Rate limit reached: too many tokens per minute"
    assert of_status(429, {"message": words}, SENT, "", "7").pause_s == 7


@pytest.mark.parametrize(
    ("status", "body", "parameter"),
    [
        (400, {"message": "This response_format type is unavailable now"}, "response_format"),
        (400, {"message": "Failed to parse grammar"}, "response_format"),
        (400, {"message": "Invalid schema", "param": "response_format"}, "response_format"),
        (500, {"message": "literal_error: ('body', 'response_format', 'type')"}, "response_format"),
        (
            400,
            {"message": "'max_tokens' is not supported. Use 'max_completion_tokens' instead."},
            "max_tokens",
        ),
        (400, {"message": "'temperature' does not support 0.2 with this model"}, "temperature"),
        (400, {"message": "Unknown parameter", "param": "stream_options"}, "stream_options"),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs not permitted"}]}, "seed"),
    ],
)
def test_a_parameter_that_is_not_taken(status: int, body: Any, parameter: str) -> None:
    refusal = of_status(status, body, SENT, "")
    assert (refusal.kind, refusal.parameter) == ("parameter", parameter)
    without = [name for name in SENT if name != parameter]
    assert of_status(status, body, without, "").kind != "parameter"


@pytest.mark.parametrize(
    "words",
    [
        "temperature must be between 0 and 1",
        "max_tokens is too large: 99999. This model supports at most 16384 completion tokens",
        "messages: roles must alternate",
    ],
)
def test_what_stays_wrong(words: str) -> None:
    assert of_status(400, {"message": words}, SENT, "").kind == "request"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "key"), (403, "key"), (404, "not found"), (413, "request"), (418, "request")]
    + [(passing, "lost") for passing in (408, 425, 429, 500, 502, 503, 504, 529)],
)
def test_a_status_alone_says_enough(status: int, kind: str) -> None:
    refusal = of_status(status, None, SENT, "")
    assert (refusal.kind, refusal.words) == (kind, f"HTTP status {status}")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "plain"}, "plain"),
        ({"detail": "FastAPI"}, "FastAPI"),
        ({"error": {"message": "nested"}}, "nested"),
        ({"error": "Ollama"}, "Ollama"),
        ({"message": None, "odd": 1}, '{"message": null, "odd": 1}'),
        ([1, 2], "[1, 2]"),
        ("two\n lines\x1b[31m", "two lines [31m"),
        (b"", ""),
        (None, ""),
        ({}, ""),
        ("your key sk-1 is wrong", "your key [key] is wrong"),
    ],
)
def test_the_words_of_a_body(body: object, words: str) -> None:
    assert told(body, "sk-1") == words


def test_words_are_bounded() -> None:
    assert len(told("x" * 9_000, "")) == LONGEST_WORDS + len("...")
