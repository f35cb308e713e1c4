"""One request to a served model, asked until there is an answer or no hope of one.

What the server turns out not to take (`max_tokens`, a JSON schema, a seed) is left out, said in
words or under its other name from then on; what passes by itself is waited for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchwright_agent.models.model import ContextError, ModelError, ModelLost, Request
from benchwright_agent.models.served.chat_stream import AGAIN, BROKEN_OFF, Event
from benchwright_agent.models.served.endpoint import Endpoint, Refused
from benchwright_agent.models.served.refusals import Refusal
from benchwright_agent.models.served.retries import pauses
from benchwright_agent.models.served.token_count import turns

Tell = Callable[[Event], None]

_ABSENT_RETRIES = 3
"""While nobody has ever answered there: the URL may be wrong, or the server starting."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    Attributes:
        retries: how often a request is made again.
        pause_s: before the first retry; doubles from one to the next.
        first_token_s: silence before the first token, while a long prompt is read or others are
            served.
        silence_s: silence after which an answer that has begun counts as cut.
    """

    retries: int
    pause_s: float
    first_token_s: float
    silence_s: float


class Conversation:
    """Asks one model of one server; used from one event loop only."""

    def __init__(self, endpoint: Endpoint, model: str, patience: Patience) -> None:
        self._endpoint = endpoint
        self._model = model
        self._patience = patience
        self._unsupported: set[str] = set()
        self._met = False

    async def ask(self, request: Request, tell: Tell) -> None:
        """Tells each event of an answer that is complete; `AGAIN` voids those told before it.

        Raises:
            ContextError: prompt and answer exceed the context.
            ModelLost: no answer in any of the tries.
            ModelError: the server refuses.
        """
        waits = pauses(self._patience.pause_s, f"{request.sampling.seed} {request.messages}")
        left = self._patience.retries if self._met else min(self._patience.retries, _ABSENT_RETRIES)
        n_tries = 0
        while (refusal := await self._try(self._body(request), tell)) is not None:
            tell(AGAIN)
            if refusal.kind == "parameter":
                log.warning("the server takes no %s: %s", refusal.parameter, refusal.words)
                self._unsupported.add(refusal.parameter)
                continue
            if refusal.kind != "absent" and not self._met:
                self._met, left = True, self._patience.retries
            n_tries += 1
            if refusal.kind not in ("lost", "absent") or not left:
                raise await self._error(refusal, n_tries)
            pause_s = max(next(waits), refusal.pause_s)
            log.info("again in %.1f s, %d tries left: %s", pause_s, left, refusal.words)
            await asyncio.sleep(pause_s)
            left -= 1

    async def _try(self, body: Mapping[str, Any], tell: Tell) -> Refusal | None:
        """Asks once; what fails after the answer has ended does not matter."""
        finish = ""
        patience = self._patience
        events = self._endpoint.events(
            body, first_s=patience.first_token_s, silence_s=patience.silence_s
        )
        try:
            async for event in events:
                finish = event.finish or finish
                tell(event)
        except Refused as error:
            if not finish:
                return error.refusal
        if finish and finish not in BROKEN_OFF:
            return None
        return Refusal("lost", "its answer breaks off" if not finish else f"it says {finish!r}")

    def _body(self, request: Request) -> dict[str, Any]:
        """The request in the protocol's terms, as far as this server takes them."""
        sampling = request.sampling
        messages = turns(request.messages)
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "max_tokens": sampling.max_tokens,
        }
        if request.schema is not None:
            body["response_format"] = response_format(request.schema)
        for name in self._unsupported:
            body.pop(name, None)
        if "max_tokens" not in body:
            body["max_completion_tokens"] = sampling.max_tokens
        if request.schema is not None and "response_format" not in body:
            messages[-1]["content"] += in_words(request.schema)
        return body

    async def _error(self, refusal: Refusal, n_tries: int) -> ModelError:
        """What the caller is told."""
        server, words = self._endpoint.shown, refusal.words
        if refusal.kind in ("lost", "absent"):
            return ModelLost(
                f"{server} gave no answer in {n_tries} tries: {words}",
                hint="see whether the server runs and is not overloaded",
            )
        if refusal.kind == "key":
            return ModelError(
                f"{server} refuses the key: {words}",
                hint="set OPENAI_API_KEY to a key of this server",
            )
        if refusal.kind == "context":
            return ContextError(
                f"prompt and answer exceed the context of {self._model}: {words}",
                hint="shorten the prompt, or allow fewer new tokens",
            )
        if refusal.kind == "not found":
            return await self._unknown(words)
        return ModelError(f"{server} refuses the request: {words}")

    async def _unknown(self, words: str) -> ModelError:
        """The model does not exist there, or the URL leads to no such server."""
        server = self._endpoint.shown
        try:
            names = [str(model.get("id")) for model in await self._endpoint.offered()]
        except Refused:
            names = []
        if not names:
            return ModelError(
                f"{server} serves no chat completions: {words}",
                hint="give the URL up to the version, such as http://localhost:8080/v1",
            )
        return ModelError(
            f"{server} does not serve {self._model!r}: {words}",
            details=tuple(f"offered: {name}" for name in sorted(names)[:20]),
            hint="name one that is offered",
        )


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as the protocol has it; its title names it."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(schema.get("title") or "answer"))[:64]
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": dict(schema), "strict": True},
    }


def in_words(schema: Mapping[str, Any]) -> str:
    """What asks for the schema where the server cannot be told."""
    text = json.dumps(schema, separators=(",", ":"))
    return f"\n\nAnswer with nothing but one JSON value that satisfies this JSON schema:\n{text}"
