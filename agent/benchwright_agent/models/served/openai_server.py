"""A model behind a server that speaks OpenAI's protocol: llama-server, vLLM, Ollama, commercial.

Limits: how well a seed repeats is the server's affair; a server that counts no tokens has them
estimated; Ollama cuts a prompt that is too long without a word.

Source: https://platform.openai.com/docs/api-reference/chat; where servers differ, see `refusals`,
`chat_stream` and `token_count`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import PurePath
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from benchwright_agent.models.model import (
    Cancelled,
    Finish,
    Message,
    ModelError,
    ModelLost,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)
from benchwright_agent.models.served.background import Background
from benchwright_agent.models.served.chat_stream import Event, Hearing
from benchwright_agent.models.served.conversation import Conversation, Patience
from benchwright_agent.models.served.endpoint import Endpoint, Refused
from benchwright_agent.models.served.token_count import TokenCount, fields
from benchwright_sim.closable import Closable

T = TypeVar("T")

OPENAI_URL = "https://api.openai.com/v1"

USUAL_CONTEXT = 32_768
"""Tokens, where neither the caller nor the server says how many."""

POLL_S = 0.05
"""How often a caller that hears nothing looks whether the answer is still wanted."""


def shown_name(model: str) -> str:
    """A model's name at its server as records have it: the last part of one that is a path."""
    return PurePath(model).name if model.startswith("/") else model


class OpenAIServer(Closable):
    """A served model; any number of threads may ask it at once.

    A connection that is refused, cut or stalls, and a server that is too busy or fails, is tried
    again. An answer that breaks off is then asked for from its start: the pieces that `on_text` was
    told until then are void, and those of the new try follow. So `on_text` is for watching; who
    needs the text takes the reply's.

    Args:
        model: its name at the server.
        base_url: up to and with the version, as in `http://localhost:8080/v1`. None takes
            OPENAI_BASE_URL from the environment, and without it OpenAI's own.
        api_key: None takes OPENAI_API_KEY from the environment, and without it sends none.
        context_tokens: the most that prompt and answer may have; None leaves it to the server.
        retries: how often a request is made again.
        timeout_s: silence after which an answer that has begun counts as cut.
        first_token_s: silence before it, while a long prompt is read or others are served.
        pause_s: before the first retry; doubles from one to the next.

    Raises:
        ModelError: the `openai` package is missing, or URL or key cannot be used.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None,
        api_key: str | None = None,
        context_tokens: int | None = None,
        retries: int = 6,
        timeout_s: float = 60.0,
        first_token_s: float = 600.0,
        pause_s: float = 0.5,
    ) -> None:
        url = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        key = api_key or os.environ.get("OPENAI_API_KEY") or ""
        patience = Patience(retries, pause_s, first_token_s, timeout_s)
        self._model = model
        self._most_context = context_tokens
        self._served_context: int | None = None
        self._endpoint = Endpoint(url, key)
        self._conversation = Conversation(self._endpoint, model, patience)
        self._tokens = TokenCount(self._endpoint, model)
        self._background = Background()

    @property
    def name(self) -> str:
        """Its name at the server, the last part of one that is a path there."""
        return shown_name(self._model)

    @property
    def context_tokens(self) -> int:
        """Prompt and answer together; asks the server until it has answered."""
        if self._served_context is None:
            self._served_context = self._done(self._ask_context)
        limits = [limit for limit in (self._served_context, self._most_context) if limit]
        return min(limits, default=USUAL_CONTEXT)

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt: the server's count, or an estimate that is meant to be too high."""
        return self._done(lambda: self._tokens.count(messages))

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """Answers; see `Model`, and for what `on_text` is told, the class.

        Raises:
            ContextError: prompt and answer exceed the context.
            ModelLost: the server was not reached or broke off, in every try.
            ModelError: the server refuses the key, the model or the request.
        """
        if request.grammar or request.banned:
            raise ModelError(
                f"{self.name} cannot be held to a grammar, or kept from words, through a server",
                hint="leave out --constrained, or take a model on this machine",
            )
        hearing = Hearing()
        limit_s = request.sampling.timeout_s

        def unwanted() -> Finish | None:
            if cancelled():
                return "cancelled"
            late = limit_s is not None and time.monotonic() >= hearing.started + limit_s
            return "timeout" if late else None

        cut = unwanted()
        if cut is None:
            heard: SimpleQueue[Event | None] = SimpleQueue()
            running = self._begin(lambda: self._conversation.ask(request, heard.put))
            running.add_done_callback(lambda _: heard.put(None))
            try:
                cut = _follow(heard, lambda event: hearing.hear(event, on_text), unwanted)
                if cut is None:
                    _result(running)
            finally:
                running.cancel()
        if hearing.usage.prompt_tokens is not None:
            self._tokens.learn(request.messages, hearing.usage.prompt_tokens)
        return hearing.reply(cut, self._tokens.estimate(request.messages))

    def close(self) -> None:
        """Breaks off what runs and closes the connections; a second time does nothing."""
        self._background.close(self._endpoint.close)

    async def _ask_context(self) -> int | None:
        """What the server allows: 0 where it does not say, None where it cannot be asked now."""
        try:
            models = await self._endpoint.offered()
            own = [model for model in models if model.get("id") == self._model] or models[:1]
            tokens = next((model.get("max_model_len") for model in own), None)
            if type(tokens) is int:
                return tokens
            settings = fields(await self._endpoint.ask("/props"))
            tokens = fields(settings.get("default_generation_settings")).get("n_ctx")
            return tokens if type(tokens) is int else 0
        except Refused as error:
            return None if error.refusal.kind == "lost" else 0

    def _begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        try:
            return self._background.start(work())
        except RuntimeError as error:
            raise ModelError(f"the connection to {self._endpoint.shown} is closed") from error

    def _done(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        running = self._begin(work)
        try:
            return _result(running)
        finally:
            running.cancel()


def _follow(
    heard: SimpleQueue[Event | None],
    hear: Callable[[Event], None],
    unwanted: Callable[[], Finish | None],
) -> Finish | None:
    """Hears events until there are no more (None), or until they are not wanted any more."""
    while (cut := unwanted()) is None:
        try:
            event = heard.get(timeout=POLL_S)
        except Empty:
            continue
        if event is None:
            return None
        hear(event)
    return cut


def _result(running: Future[T]) -> T:
    """The result, of work that another thread may have ended by `close`."""
    try:
        return running.result()
    except CancelledError as error:
        raise ModelLost("the model was closed while it answered") from error
