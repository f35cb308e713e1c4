"""The other side of `pool`: a process that does jobs and asks its caller's model."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import NoReturn

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.models.model import (
    Cancelled,
    Message,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of the model without asking it."""

    name: str
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the model; the answer is a `Reply`, or a `Failure`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Count:
    """A prompt to be counted; the answer is a number, or a `Failure`."""

    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Broken:
    """The last word of a worker that cannot go on."""

    reason: str


class RemoteModel:
    """The caller's model. Who waits for its answer is ended by a signal, not by `cancelled`."""

    def __init__(self, pipe: Connection, card: Card) -> None:
        self._pipe = pipe
        self._card = card

    @property
    def name(self) -> str:
        """The model's."""
        return self._card.name

    @property
    def context_tokens(self) -> int:
        """The model's."""
        return self._card.context_tokens

    def count(self, messages: Sequence[Message]) -> int:
        """The model's."""
        answer = self._asked(Count(messages))
        assert isinstance(answer, int)  # noqa: S101 - what `Count` is answered with
        return answer

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's, in one piece."""
        answer = self._asked(Ask(request))
        assert isinstance(answer, Reply)  # noqa: S101 - what `Ask` is answered with
        on_text(answer.text)
        return answer

    def close(self) -> None:
        """Does nothing: the model is the caller's."""

    def _asked(self, question: Ask | Count) -> object:
        self._pipe.send(question)
        answer = self._pipe.recv()
        if isinstance(answer, Failure):
            raise answer.error()
        return answer


def serve(pipe: Connection, card: Card | None) -> None:
    """Does jobs as they come, until the caller is gone; does not return.

    The process ends with 0 only where the caller has closed the pipe.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_follow_parent, daemon=True).start()
    model = None if card is None else RemoteModel(pipe, card)
    status = 1
    try:
        while True:
            pipe.send(pipe.recv().run(model))
    except (EOFError, OSError):
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the caller says it, this process ends
        with suppress(OSError):
            pipe.send(Broken(f"{type(error).__name__}: {error}"))
    finally:
        # Without the interpreter's own end, at which slang's bindings print what they leak.
        os._exit(status)


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """Lets `finally` clauses run, which end simulations and remove temporary files."""
    raise SystemExit(128 + signum)


def _follow_parent() -> None:
    """Ends this process when its parent has gone without a word (SIGKILL)."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
