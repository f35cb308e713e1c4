"""Requests to an OpenAI-compatible server through the `openai` package, one try each.

Every way in which a try can fail becomes a `Refused`, whose words are bounded and free of the key;
the library's own errors, which hold the request and with it the key, go no further.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchwright_agent.models.model import ModelError
from benchwright_agent.models.served.chat_stream import Event, read_event
from benchwright_agent.models.served.refusals import Refusal, of_status, told

if TYPE_CHECKING:
    import openai

ASIDE_S = 10.0
"""For connecting, and for whole requests beside chat completions."""


class Refused(Exception):
    """One try that brought nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


class Endpoint:
    """One server under its base URL.

    Args:
        url: up to and with the version, as in `http://localhost:8080/v1`.
        key: empty for none.

    Attributes:
        shown: the URL as it may be shown: without name, password and query.
        root: the URL without the version, below which llama-server and vLLM have paths of their
            own.

    Raises:
        ModelError: URL or key cannot be used, or the `openai` package is missing.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url.strip().rstrip("/")
        self._key = key.strip()
        self.shown = shown(self._url)
        self.root = self._url.removesuffix("/v1")
        if not (self._key.isascii() and self._key.isprintable()):
            raise ModelError(
                "the API key holds characters that no HTTP header may carry",
                hint="copy it again into OPENAI_API_KEY",
            )
        self._client = connect(self._url, self._key or "none")

    async def events(
        self, body: Mapping[str, Any], *, first_s: float, silence_s: float
    ) -> AsyncIterator[Event]:
        """Posts a chat completion and yields what its answer says.

        Args:
            body: of the request, which asks for a stream.
            first_s: how long it may be silent before the first token.
            silence_s: and after it.

        Raises:
            Refused: the server refuses, is cut off, or is silent for too long.
        """
        import openai  # noqa: PLC0415 - slow to load, and an extra

        with self._understood(body):
            async with asyncio.timeout(first_s):
                stream = await self._client.post(
                    "/chat/completions",
                    body=body,
                    cast_to=object,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                )
            async with stream:
                async for event in _events(stream, first_s, silence_s):
                    yield event

    async def ask(self, path: str, body: Mapping[str, Any] | None = None) -> object:
        """Gets, or with a body posts to, a path below the root; returns the decoded answer.

        Raises:
            Refused: the server refuses or cannot be reached now.
        """
        url = f"{self.root}{path}"
        with self._understood():
            async with asyncio.timeout(ASIDE_S):
                if body is None:
                    return await self._client.get(url, cast_to=object)
                return await self._client.post(url, body=body, cast_to=object)

    async def offered(self) -> Sequence[Mapping[str, Any]]:
        """The models that it serves, as it describes them.

        Raises:
            Refused: as `ask`.
        """
        listing = await self.ask(f"{self._url.removeprefix(self.root)}/models")
        models = listing.get("data") if isinstance(listing, Mapping) else None
        return [model for model in models or () if isinstance(model, Mapping)]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    @contextmanager
    def _understood(self, sent: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Turns every failure of a request into what it comes to."""
        import openai  # noqa: PLC0415 - slow to load, and an extra

        try:
            yield
        except TimeoutError:
            refusal = Refusal("lost", "it has been silent for too long")
        except openai.APIStatusError as error:
            asked = error.response.headers.get("retry-after")
            refusal = of_status(error.status_code, error.body, sent or {}, self._key, asked)
        except openai.APIConnectionError as error:
            refusal = Refusal(
                "absent" if isinstance(root(error), ConnectionRefusedError) else "lost",
                told(cause(error), self._key),
            )
        except openai.APIError as error:
            status = int(error.code) if error.code and error.code.isdecimal() else 500
            refusal = of_status(max(status, 400), error.body, sent or {}, self._key)
        except ValueError:
            refusal = Refusal("lost", "its answer is not what the protocol says (no JSON)")
        else:
            return
        raise Refused(refusal)


async def _events(
    stream: openai.AsyncStream[object], first_s: float, silence_s: float
) -> AsyncIterator[Event]:
    """What a stream says, or the one body of a server that does not stream."""
    response = stream.response
    kind = response.headers.get("content-type", "")
    if "json" in kind or "html" in kind:
        async with asyncio.timeout(first_s):
            text = (await response.aread()).decode()
        if "html" in kind:
            raise Refused(Refusal("not found", "it answers with a web page"))
        yield read_event(json.loads(text))
        return
    limit = first_s
    while True:
        async with asyncio.timeout(limit):
            try:
                event = read_event(await anext(stream))
            except StopAsyncIteration:
                return
        yield event
        if event.text or event.thought:
            limit = silence_s


def connect(url: str, key: str) -> openai.AsyncOpenAI:
    """A client that tries once and waits for ever; a proxy is not asked for this machine."""
    try:
        import openai  # noqa: PLC0415 - slow to load, and an extra
    except ImportError as error:
        raise ModelError(
            "a model behind a server needs the openai package",
            hint="pip install 'benchwright[openai]'",
        ) from error
    direct = openai.DefaultAsyncHttpxClient(trust_env=False) if is_loopback(url) else None
    patience = openai.Timeout(None, connect=ASIDE_S)
    return openai.AsyncOpenAI(
        api_key=key, base_url=url, max_retries=0, timeout=patience, http_client=direct
    )


def shown(url: str) -> str:
    """The URL without what may be secret in it.

    Raises:
        ModelError: it is none of a web server.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in {"http", "https"} or not host:
        raise ModelError(
            "the server's URL must begin with http:// or https:// and name a host",
            hint="such as http://localhost:8080/v1",
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def is_loopback(url: str) -> bool:
    """Whether the URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def root(error: BaseException) -> BaseException:
    """The error that is at the bottom of it."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def cause(error: BaseException) -> str:
    """The words of the error that is at the bottom of it."""
    bottom = root(error)
    return str(bottom) or type(bottom).__name__
