"""What a server means by an error, in whichever words it says so.

There is one protocol and many servers: status, body and wording of the same refusal differ. What
decides is therefore the status first, then patterns collected from OpenAI, llama-server, vLLM,
SGLang, TGI, Ollama, LM Studio, Mistral, Anthropic and Gemini.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from benchwright_agent.models.served.retries import asked_pause

Kind = Literal["lost", "absent", "key", "not found", "context", "parameter", "request"]
"""What it comes to: worth another try as it is; nobody listens there; the key; model or path
unknown; prompt too long; worth another try without one parameter; anything else that is wrong."""

LONGEST_WORDS = 400
"""Characters of a server's message that are passed on."""

PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 that another try may not meet again."""

CONTEXT = re.compile(
    r"context[_ ](length|size|window)|maximum (context|model) length|max(imum)?[_ ]model[_ ]len"
    r"|max context|prompt is too long|exceed_context|too many (input )?tokens"
    r"|input token count .*exceeds|inputs?`? tokens.* must be <=|context the overflows",
    re.IGNORECASE,
)
UNSUPPORTED = re.compile(
    r"un(supported|known|recogni[sz]ed|expected|available|permitted)"
    r"|not (support(ed)?|permitted|allowed|available|valid)|n't support|forbidden"
    r"|use '?max_completion",
    re.IGNORECASE,
)
STRUCTURE = re.compile(r"response_format|json[_ ]?schema|grammar|guided|structured", re.IGNORECASE)

OPTIONAL = ("stream_options", "temperature", "seed")
"""What a request can do without, if need be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one try brought no answer.

    Attributes:
        kind: what it comes to.
        words: the server's, or the system's; one line, bounded, without the key.
        parameter: the one that the server does not take.
        pause_s: that the server asks for.
    """

    kind: Kind
    words: str
    parameter: str = ""
    pause_s: float = 0.0


def of_status(
    status: int, body: object, sent: Collection[str], key: str, retry_after: str | None = None
) -> Refusal:
    """Understands a status from 400 on; llama-cpp-python's server answers 500 to most mistakes.

    Args:
        status: of HTTP.
        body: decoded JSON, without the wrapping `error`, or text.
        sent: names of the parameters of the request.
        key: to be kept out of the words.
        retry_after: header of that name.
    """
    words = told(body, key) or f"HTTP status {status}"
    fields = body if isinstance(body, Mapping) else {}
    code, kind = fields.get("code"), fields.get("type")
    if status in {401, 403}:
        return Refusal("key", words)
    if status == 404:
        return Refusal("not found", words)
    if status not in PASSING and CONTEXT.search(f"{code} {kind} {words}"):
        return Refusal("context", words)
    named = status in {400, 422} or (status == 500 and "response_format" in words)
    if named and (parameter := _parameter(body, words, sent)):
        return Refusal("parameter", words, parameter)
    if (status >= 500 or status in PASSING) and code != "insufficient_quota":
        return Refusal("lost", words, pause_s=asked_pause(retry_after))
    return Refusal("request", words)


def told(body: object, key: str) -> str:
    """The message in an error's body: one line, bounded, without the key."""
    while isinstance(body, Mapping) and body:
        inner = next((body[name] for name in ("message", "detail", "error") if body.get(name)), "")
        body = inner or json.dumps(body, default=str)
    words = body if isinstance(body, str) else json.dumps(body, default=str) if body else ""
    if key:
        words = words.replace(key, "[key]")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= LONGEST_WORDS else f"{line[:LONGEST_WORDS]}..."


def _parameter(body: object, words: str, sent: Collection[str]) -> str:
    """The parameter that the server names as one that it does not take, empty when none is."""
    named = body.get("param") if isinstance(body, Mapping) else None
    if "response_format" in sent and (STRUCTURE.search(words) or named == "response_format"):
        return "response_format"
    if not UNSUPPORTED.search(words):
        return ""
    if "max_tokens" in sent and "max_completion_tokens" in words:
        return "max_tokens"
    wanted = (name for name in OPTIONAL if name in sent)
    return next((n for n in wanted if n == named or re.search(rf"\b{n}\b", words)), "")
