"""Tokens of a prompt that a server will read: counted by the server where it can, else estimated.

llama-server renders a prompt at `/apply-template` and counts at `/tokenize`; vLLM does both at
`/tokenize`. Others count nowhere: the estimate starts at a token for two bytes, which is more than
prose or Verilog needs (2.5 to 4), and then follows the densest prompt that the server has counted
in a reply. It is meant to err upwards, but it is no bound: a table of digits may have a token for
each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from benchwright_agent.models.model import Message
from benchwright_agent.models.served.endpoint import Endpoint, Refused

PER_MESSAGE = 8
"""More tokens than a chat template spends on one turn, twice that for the prompt."""

FIRST_DENSITY = 0.5
"""Tokens per byte before any reply was counted."""

MARGIN = 1.1
"""On the densest prompt seen."""

LEARN_BYTES = 1_000
"""Prompts from this size on say how dense text is; shorter ones are mostly template."""

SPARED_S = 30.0
"""A server that could not be asked is not asked again for so long."""

CACHED = 512
"""Prompts whose counts are kept."""


class TokenCount:
    """Counts the prompts of one served model; `count` from one event loop only."""

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._way: Callable[[tuple[Message, ...]], Awaitable[int | None]] | None = self._find
        self._cache: dict[tuple[Message, ...], int] = {}
        self._density = 0.0
        self._spared_until = 0.0

    async def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt."""
        prompt = tuple(messages)
        if prompt in self._cache or self._way is None or time.monotonic() < self._spared_until:
            return self.estimate(prompt)
        try:
            counted = await self._way(prompt)
        except Refused:
            self._spared_until = time.monotonic() + SPARED_S
            return self.estimate(prompt)
        if counted is None:
            self._way = None
            return self.estimate(prompt)
        if len(self._cache) >= CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[prompt] = counted
        return counted

    def estimate(self, messages: Sequence[Message]) -> int:
        """As counted before, else guessed, without asking."""
        if (counted := self._cache.get(tuple(messages))) is not None:
            return counted
        density = min(1.0, self._density * MARGIN) or FIRST_DENSITY
        return math.ceil(n_bytes(messages) * density) + template_tokens(messages)

    def learn(self, messages: Sequence[Message], prompt_tokens: int) -> None:
        """Takes note of what the server counted in a reply."""
        if (size := n_bytes(messages)) >= LEARN_BYTES:
            self._density = max(self._density, prompt_tokens / size)

    async def _find(self, prompt: tuple[Message, ...]) -> int | None:
        """Counts, and settles which way this server counts."""
        counted = await self._whole(prompt)
        if counted is not None:
            self._way = self._whole
            return counted
        counted = await self._rendered(prompt)
        self._way = self._rendered
        return counted

    async def _whole(self, prompt: tuple[Message, ...]) -> int | None:
        """As vLLM; llama-server answers with no tokens, and without a count."""
        asked = {"model": self._model, "messages": turns(prompt)}
        counted = fields(await self._post("/tokenize", asked)).get("count")
        return counted if type(counted) is int else None

    async def _rendered(self, prompt: tuple[Message, ...]) -> int | None:
        """As llama-server, whose older versions have no template to apply."""
        asked = {"messages": turns(prompt)}
        text = fields(await self._post("/apply-template", asked)).get("prompt")
        extra = 0 if isinstance(text, str) else template_tokens(prompt)
        if not isinstance(text, str):
            text = "\n".join(turn.content for turn in prompt)
        special = {"content": text, "add_special": True, "parse_special": True}
        tokens = fields(await self._post("/tokenize", special)).get("tokens")
        return len(tokens) + extra if isinstance(tokens, list) else None

    async def _post(self, path: str, body: Mapping[str, Any]) -> object:
        """The server's answer, None where it does not know the path."""
        try:
            return await self._endpoint.ask(path, body)
        except Refused as error:
            if error.refusal.kind == "lost":
                raise
            return None


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as the protocol has them; what is no Unicode text becomes question marks."""
    return [
        {"role": turn.role, "content": turn.content.encode(errors="replace").decode()}
        for turn in messages
    ]


def template_tokens(messages: Sequence[Message]) -> int:
    """More than what a chat template adds."""
    return PER_MESSAGE * (len(messages) + 2)


def n_bytes(messages: Sequence[Message]) -> int:
    """Size of a prompt's texts in UTF-8."""
    return sum(len(turn.content.encode(errors="replace")) for turn in messages)


def fields(answer: object) -> Mapping[str, Any]:
    """The fields of an answer, none if it is no object."""
    return answer if isinstance(answer, Mapping) else {}
