"""A GGUF file, run by llama.cpp in a child process of our own.

llama.cpp is a million lines of C++ on files from anywhere: a crash, a kill for want of memory or a
computation that cannot be interrupted must end a child and never the caller. The child
(`llamacpp_worker`) is started with the first question, has a process group of its own, and lives
until `close` or until this process ends. When it dies during an answer, that answer raises
`ModelLost` and the next one starts another child, unless several died in a row.

Where the same prompts and seeds must give the same bytes, `Request.reuse_prefix` is off: each
answer then starts from an empty state. What is not covered: another number of threads or another
build of llama.cpp may round differently.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_agent.models.local.grammar import schema_grammar
from benchwright_agent.models.local.line_process import LineProcess
from benchwright_agent.models.local.memory import check_memory
from benchwright_agent.models.model import (
    Cancelled,
    ContextError,
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
from benchwright_sim.closable import Closable
from benchwright_sim.errors import Location

MAX_DEATHS = 3
"""Children that may die in a row before no other is started."""

SMALL_MODEL = 30_000_000
"""Weights below which threads wait for each other longer than they work: of 3 million weights one
thread writes eight times as many tokens a second as two."""

_POLL_S = 0.02
_GRACE_S = 0.12
_STDERR_BYTES = 4096
_STDERR_LINES = 8
_WORKER = "benchwright_agent.models.local.llamacpp_worker"
_ENVIRONMENT = {
    "GGML_NO_BACKTRACE": "1",
    # Threads that wait in a loop make a busy machine ten times slower than threads that sleep.
    "OMP_WAIT_POLICY": "PASSIVE",
}
_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}


class LlamaCpp(Closable):
    """A model in a GGUF file; answers one request at a time, from any thread.

    Args:
        path: of the file.
        name: that records call it by; None for the file's name.
        context_tokens: bound of prompt and answer together; the model's own bound holds as well.
        threads: to compute with; None for the physical cores, or one for a small model.
        memory_bytes: that it may need; None for what the machine has left.

    Raises:
        ModelError: llama-cpp-python is not installed, the file is not a model that writes text, or
            it does not fit into memory.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        context_tokens: int = 40_960,
        threads: int | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        if importlib.util.find_spec("llama_cpp") is None:
            raise ModelError(
                "llama-cpp-python is not installed, which runs models on this machine",
                hint="pip install 'benchwright[local]', or use a model server",
            )
        info = read_gguf(path)
        if not info.chat:
            raise ModelError(
                "the model has no chat template: a base model, which does not follow instructions",
                location=Location(path),
                hint="take its instruct or chat version",
            )
        self._info = info
        self._name = name or path.stem
        self._context_tokens = min(context_tokens, info.context_tokens)
        check_memory(info, self._context_tokens, memory_bytes)
        self._threads = threads or (1 if info.parameters < SMALL_MODEL else _physical_cores())
        self._lock = threading.Lock()
        self._child: LineProcess | None = None
        self._closed = False
        self._n_deaths = 0
        self._last_id = 0

    @property
    def name(self) -> str:
        """What records and tables call it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Prompt and answer together."""
        return self._context_tokens

    @property
    def dialect(self) -> str:
        """The form of prompts that it was trained on, see `models.dialect`; empty for plain."""
        return self._info.dialect

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt, by the model's own template and tokenizer.

        Raises:
            ModelLost: the child died.
            ModelError: the template refuses the messages.
        """
        with self._lock:
            (event,) = self._converse({"op": "count", "messages": _plain(messages)}, _Watch())
            return int(event["tokens"])

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """Answers; see `Model.answer`. The first answer's seconds include the loading.

        Raises:
            ContextError: prompt and answer exceed the context; nothing is computed then.
            ModelLost: the child died; another try may succeed.
            ModelError: the schema cannot be enforced, or the model does not load or compute.
        """
        sampling = request.sampling
        content = {
            "op": "answer",
            "messages": _plain(request.messages),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "grammar": _grammar(request),
            "banned": request.banned,
            "reuse": request.reuse_prefix,
        }
        watch = _Watch(cancelled, sampling.timeout_s)
        pieces: list[str] = []
        facts: dict[str, Any] = {}
        first_token_s = 0.0
        with self._held(watch), closing(self._converse(content, watch)) as events:
            for event in events:
                facts |= event
                if "text" in event:
                    first_token_s = first_token_s or watch.elapsed_s()
                    pieces.append(event["text"])
                    if event["text"]:
                        on_text(event["text"])
        return Reply(
            text="".join(pieces),
            finish=_FINISH.get(facts.get("finish", ""), watch.over() or "cancelled"),
            prompt_tokens=facts.get("prompt", 0),
            new_tokens=facts.get("new", len(pieces)),
            reused_tokens=facts.get("reused", 0),
            first_token_s=first_token_s,
            seconds=watch.elapsed_s(),
        )

    def close(self) -> None:
        """Ends the child; an answer that another thread waits for raises `ModelError`."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        if self._lock.acquire(blocking=False):  # else who holds it sees the child's end
            self._end()
            self._lock.release()

    @contextmanager
    def _held(self, watch: _Watch) -> Iterator[None]:
        """The child for oneself; not waited for longer than the answer may take."""
        while not (mine := self._lock.acquire(timeout=_POLL_S)) and not watch.over():
            pass
        try:
            yield
        finally:
            if mine:
                self._lock.release()

    def _converse(self, content: dict[str, Any], watch: _Watch) -> Generator[dict[str, Any]]:
        """The replies to one request, up to its last; fewer when the watch is over before."""
        if watch.over():
            return
        child = self._running()
        self._last_id = number = self._last_id + 1
        stop = {"id": number, "op": "stop"}
        child.send({"id": number, **content})
        last, stopped_s = False, None
        try:
            while not last:
                event = child.receive(_POLL_S)
                if stopped_s is None and watch.over():
                    child.send(stop)
                    stopped_s = time.monotonic()
                if event is not None and event["id"] in (0, number):
                    last = self._is_last(event)
                    if len(event) > 1:
                        yield event
                elif stopped_s is not None and time.monotonic() - stopped_s > _GRACE_S:
                    self._end()  # within a step that takes long, or still loading
                    return
        except EOFError:
            raise self._lost(child) from None
        finally:
            if not last and self._child is child:
                child.send(stop)
        self._n_deaths = 0

    def _is_last(self, event: dict[str, Any]) -> bool:
        if "error" not in event:
            return "finish" in event or "tokens" in event
        kind, message, hint = event["error"]
        details: tuple[str, ...] = ()
        if event["id"] == 0:  # it did not load
            details = self._said()
            self._end()
        error = ContextError if kind == ContextError.__name__ else ModelError
        raise error(message, location=Location(self._info.path), hint=hint, details=details)

    def _running(self) -> LineProcess:
        if self._child is not None and not self._child.alive and not self._closed:
            self._n_deaths += 1
            self._end()
        if self._closed:
            raise ModelError(f"the model {self._name} was closed")
        if self._child is None:
            if self._n_deaths >= MAX_DEATHS:
                raise ModelError(
                    f"the process of model {self._name} died {self._n_deaths} times in a row",
                    hint="try another model file, or a smaller context",
                )
            self._child = self._start()
        return self._child

    def _start(self) -> LineProcess:
        options = {
            "path": str(self._info.path.absolute()),
            "context_tokens": self._context_tokens,
            "threads": self._threads,
            "parent": os.getpid(),
        }
        # -P: what lies in the user's folder must not be imported
        command = [sys.executable, "-P", "-m", _WORKER, json.dumps(options)]
        return LineProcess(command, _ENVIRONMENT | os.environ)

    def _lost(self, child: LineProcess) -> ModelError:
        how, said = child.how_it_ended(), self._said()
        self._end()
        if self._closed:
            return ModelError(f"the model {self._name} was closed")
        self._n_deaths += 1
        return ModelLost(
            f"the process of model {self._name} ended during an answer ({how})",
            hint="the machine may have run out of memory: take a smaller context or quantisation"
            if how == "SIGKILL"
            else "ask again; if it happens each time, take another model file",
            details=said,
        )

    def _said(self) -> tuple[str, ...]:
        """What llama.cpp last complained of."""
        text = "" if self._child is None else self._child.stderr(_STDERR_BYTES)
        return tuple(line for line in text.splitlines()[-_STDERR_LINES:] if line.strip())

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None


class _Watch:
    """When one answer must end, and why."""

    def __init__(self, cancelled: Cancelled = never, timeout_s: float | None = None) -> None:
        self._cancelled = cancelled
        self._timeout_s = math.inf if timeout_s is None else timeout_s
        self._start_s = time.monotonic()
        self._why: Finish | None = None

    def elapsed_s(self) -> float:
        """Since the question."""
        return time.monotonic() - self._start_s

    def over(self) -> Finish | None:
        """Why it must end, None while it need not."""
        if self._why is None and self._cancelled():
            self._why = "cancelled"
        elif self._why is None and self.elapsed_s() > self._timeout_s:
            self._why = "timeout"
        return self._why


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _grammar(request: Request) -> str:
    return request.grammar if request.schema is None else schema_grammar(request.schema)


def _physical_cores() -> int:
    import psutil  # noqa: PLC0415 - only when a model is opened

    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(usable, psutil.cpu_count(logical=False) or usable)
