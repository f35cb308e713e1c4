"""An OpenAI-compatible server on loopback that answers by script: all real, but for the model.

A script is a function from the request's body and the number of the call (from 0, over all
clients) to a `Script`: what is answered, how slowly, and what goes wrong::

    def script(request: Mapping[str, Any], n_call: int) -> Script:
        return Script("hello") if n_call else Script(status=429, retry_after=0.1)

    with model_server(script) as server:
        model = OpenAIServer("scripted", base_url=server.base_url)

As a process of its own: ``python -m tests.model_server --script module:function --port 0`` prints
the base URL and serves until it is ended.

Like a real server it cuts an answer at `max_tokens` and refuses a prompt beyond its context.
"""

from __future__ import annotations

import argparse
import importlib
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tests.model_script import Answer, Json, Script, bounded, limit, n_tokens, template, usage

Kind = Literal["llama-server", "vllm", "plain"]
"""Whose extra paths and wordings; "plain" has none, as the commercial ones."""


class ModelServer(ThreadingHTTPServer):
    """Serves until closed; all attributes may be read while it does.

    Attributes:
        requests: bodies of the chat completions, in the order of their numbers.
        paths: of every request, chat or not.
        at_once: the most chat completions that were in progress together.
        hung_up: how many answers the client did not wait for.
    """

    request_queue_size = 128

    def __init__(
        self,
        script: Answer,
        *,
        port: int = 0,
        key: str | None = None,
        kind: Kind = "llama-server",
        models: Sequence[str] = ("scripted",),
        context_tokens: int = 32_768,
        tokenize: bool = True,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.script = script
        self.key = key
        self.kind: Kind = kind
        self.models = tuple(models)
        self.context_tokens = context_tokens
        self.tokenize = tokenize and kind != "plain"
        self.requests: list[Json] = []
        self.paths: list[str] = []
        self.at_once = 0
        self.hung_up = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self._in_progress = 0

    @property
    def root(self) -> str:
        """The URL without the version."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def base_url(self) -> str:
        """What clients are given."""
        return f"{self.root}/v1"

    @contextmanager
    def call(self, request: Json) -> Iterator[int]:
        """Numbers and records a chat completion."""
        with self.lock:
            number = len(self.requests)
            self.requests.append(request)
            self._in_progress += 1
            self.at_once = max(self.at_once, self._in_progress)
        try:
            yield number
        except ConnectionError:
            with self.lock:
                self.hung_up += 1
            raise
        finally:
            with self.lock:
                self._in_progress -= 1

    def close(self) -> None:
        """Stops listening and cuts what is still connected, as a killed server does."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self.lock:
            for connection in self.connections:
                cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints what a script raised, but not that a client went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection, which may carry many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ModelServer

    def setup(self) -> None:
        """Registers the connection, so that closing the server cuts it."""
        super().setup()
        with self.server.lock:
            self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forgets the connection."""
        with self.server.lock:
            self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        """The list of models, and llama-server's properties."""
        if not self._enter():
            self._error(401, "no valid API key")
        elif self.path == "/v1/models":
            extra = {"max_model_len": self.server.context_tokens} if self._is("vllm") else {}
            data = [{"id": name, "object": "model", **extra} for name in self.server.models]
            self._json(200, {"object": "list", "data": data})
        elif self.path == "/props" and self._is("llama-server"):
            n_ctx = self.server.context_tokens
            self._json(200, {"default_generation_settings": {"n_ctx": n_ctx}})
        else:
            self._error(404, "not found")

    def do_POST(self) -> None:
        """Chat completions, and how many tokens something has."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._enter():
            self._error(401, f"Incorrect API key: {self.headers.get('Authorization')}")
        elif self.path == "/v1/chat/completions":
            self._chat(body)
        elif self.path == "/tokenize" and self.server.tokenize:
            of_messages = self._is("vllm") and "messages" in body
            text = template(body["messages"]) if of_messages else body.get("content", "")
            tokens = list(range(n_tokens(text)))
            self._json(200, {"tokens": tokens} | ({"count": len(tokens)} if of_messages else {}))
        elif self.path == "/apply-template" and self.server.tokenize and self._is("llama-server"):
            self._json(200, {"prompt": template(body["messages"])})
        else:
            self._error(404, "not found")

    def _is(self, kind: Kind) -> bool:
        return self.server.kind == kind

    def _enter(self) -> bool:
        with self.server.lock:
            self.server.paths.append(self.path)
        key = self.server.key
        return key is None or self.headers.get("Authorization") == f"Bearer {key}"

    def _chat(self, request: Json) -> None:
        refusal = self._refusal(request)
        with self.server.call(request) as number:
            script = refusal or self.server.script(request, number)
            self._wait(script.delay_s)
            if script.cut_after == 0:
                self._cut()
            elif script.body is not None:
                self._send(script.status, script.body, script.content_type, script.retry_after)
            elif script.status >= 400:
                self._error(script.status, script.message, script.error, script.retry_after)
            elif request.get("stream"):
                self._stream(request, script)
            else:
                self._whole(request, script)

    def _refusal(self, request: Json) -> Script | None:
        if not self._is("llama-server") and request.get("model") not in self.server.models:
            message = f"The model `{request.get('model')}` does not exist."
            return Script(status=404, message=message, error={"code": "model_not_found"})
        context = self.server.context_tokens
        n_prompt = n_tokens(template(request["messages"]))
        if self._is("llama-server") and n_prompt >= context:
            message = "the request exceeds the available context size, try increasing it"
            return Script(status=400, message=message, error={"type": "exceed_context_size_error"})
        n_all = n_prompt + limit(request)
        if not self._is("llama-server") and n_all > context:
            message = f"This model's maximum context length is {context} tokens. However, you "
            return Script(status=400, message=f"{message}requested {n_all} tokens.")
        return None

    def _stream(self, request: Json, script: Script) -> None:
        text, finish = bounded(request, script)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event(choices=[choice({"role": "assistant", "content": ""})])
        for piece in script.reasoning.split():
            self._event(choices=[choice({"reasoning_content": piece})])
        for start, piece in script.pieces():
            if start == script.stall_after:
                self._wait(script.stall_s)
            if start == script.cut_after:
                return self._cut()
            if kept := text[start : start + len(piece)]:
                self._event(choices=[choice({"content": kept})])
            self._wait(script.pace_s)
        if finish is not None:
            self._event(choices=[choice({}, finish)])
        if (request.get("stream_options") or {}).get("include_usage") and script.usage:
            self._event(choices=[], usage=usage(request, text, script))
        self._piece(b"data: [DONE]\n\n")
        return self._piece(b"")

    def _whole(self, request: Json, script: Script) -> None:
        text, finish = bounded(request, script)
        if script.stall_after is not None:
            self._wait(script.stall_s)
        if script.cut_after is not None:
            self._send(200, b"{", "application/json", n_bytes=99)
            return self._cut()
        answer = {"role": "assistant", "content": text}
        counts = {"usage": usage(request, text, script)} if script.usage else {}
        choices = [{"index": 0, "message": answer, "finish_reason": finish}]
        return self._json(200, {"object": "chat.completion", "choices": choices, **counts})

    def _wait(self, seconds: float) -> None:
        """Sleeps, but not on when the client or the server goes away."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            gone, _, _ = select.select([self.connection], [], [], min(left, 0.05))
            if self.server.closing.is_set() or (gone and not self.connection.recv(1)):
                raise ConnectionAbortedError

    def _cut(self) -> None:
        self.close_connection = True
        cut(self.connection)

    def _error(
        self,
        status: int,
        message: str,
        fields: Json | None = None,
        retry_after: float | str | None = None,
    ) -> None:
        body = json.dumps({"error": {"message": message, "code": status, **(fields or {})}})
        self._send(status, body.encode(), "application/json", retry_after)

    def _json(self, status: int, value: Json) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str,
        retry_after: float | str | None = None,
        n_bytes: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(n_bytes or len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(body)

    def _event(self, **fields: Any) -> None:
        event = {"object": "chat.completion.chunk", **fields}
        self._piece(f"data: {json.dumps(event)}\n\n".encode())

    def _piece(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def choice(delta: Json, finish: str | None = None) -> Json:
    """The one choice of a streamed chunk."""
    return {"index": 0, "delta": delta, "finish_reason": finish}


def cut(connection: socket.socket) -> None:
    """Ends a connection in both directions at once."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


@contextmanager
def model_server(script: Answer, **options: Any) -> Iterator[ModelServer]:
    """Serves the script meanwhile; options are those of `ModelServer`."""
    server = ModelServer(script, **options)
    thread = threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def main() -> None:
    """Serves the script named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.model_server")
    parser.add_argument("--script", required=True, metavar="MODULE:FUNCTION")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key")
    arguments = parser.parse_args()
    module, _, function = arguments.script.partition(":")
    script: Answer = getattr(importlib.import_module(module), function)
    server = ModelServer(script, port=arguments.port, key=arguments.key)
    sys.stdout.write(f"{server.base_url}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
