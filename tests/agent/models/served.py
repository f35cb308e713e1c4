"""A scripted server and a client of it, for tests of served models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchwright_agent.models.model import (
    Message,
    Request,
    Sampling,
)
from benchwright_agent.models.served.openai_server import OpenAIServer
from tests.model_script import Answer, Script
from tests.model_server import ModelServer, model_server

TEXT = "module tb; // Zeilen\u2028 und 字\n  initial $finish;\nendmodule\n"


def request(text: str = "hi", *, schema: Mapping[str, Any] | None = None, **how: Any) -> Request:
    messages = (Message("system", "You write testbenches."), Message("user", text))
    return Request(messages, Sampling(**how), schema)


def saying(*scripts: Script) -> Answer:
    """One script after the other, the last one for ever."""
    return lambda _request, n_call: scripts[min(n_call, len(scripts) - 1)]


@contextmanager
def served(
    script: Answer, *, server: Mapping[str, Any] | None = None, **client: Any
) -> Iterator[tuple[ModelServer, OpenAIServer]]:
    """A server and a client that loses no time between tries."""
    options = {"pause_s": 0.01} | client
    with (
        model_server(script, **(server or {})) as one,
        OpenAIServer("scripted", base_url=one.base_url, **options) as model,
    ):
        yield one, model
