"""Jobs over worker processes of this machine, each job apart from the others.

A worker does one job after another; a job that crashes its worker or hangs costs that job alone.
The model stays in the calling process, and workers ask through it: a local model, which needs the
memory of several workers and all processors anyway, is loaded once and answers one at a time, while
a server is asked by as many as there are workers. A worker that waits for an answer uses no
processor, so that more workers than processors keep these busy where a server is slow.

A worker has a session of its own, so that Ctrl-C reaches the caller alone, and ends when the caller
does, however that ends. A job that says nothing for `stall_s` while it is not waiting for the model
has hung: everything in it is bounded more tightly.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Generator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Generic, cast

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.work import Result, Work
from benchwright_agent.evaluation.worker import Ask, Broken, Card, Count, serve
from benchwright_agent.models.model import Model, ModelError
from benchwright_sim.errors import SimError

STALL_S = 900.0
_GRACE_S = 3.0
_TRIES = 2


class _Lost(Exception):
    """The worker ended or hung in the middle of a job."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class _Shared:
    """What all slots of a pool have in common.

    Attributes:
        model: that workers ask.
        turn: held while the model answers, None for one that answers many at once.
        stall_s: see the module.
        stopping: the caller wants no more.
    """

    model: Model | None
    turn: threading.Lock | None
    stall_s: float
    stopping: threading.Event = field(default_factory=threading.Event)


def run_locally(
    jobs: Sequence[Work[Result]],
    model: Model | None,
    *,
    n_workers: int,
    one_at_a_time: bool = True,
    stall_s: float = STALL_S,
) -> Generator[Result]:
    """Does jobs and gives what became of them, in the order in which they end.

    Closing the iterator, or an exception in it, ends all workers.

    Args:
        jobs: in the order in which they are begun.
        model: None where the policy asks none; closing it is the caller's.
        n_workers: jobs at once.
        one_at_a_time: the model answers one request at a time.
        stall_s: see the module.

    Raises:
        SimError: something that no job is to blame for; what is yielded before counts.
    """
    shared = _Shared(model, threading.Lock() if one_at_a_time else None, stall_s)
    waiting: queue.SimpleQueue[Work[Result]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Result | Failure | BaseException] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    slots = [
        threading.Thread(target=_slot, args=(shared, waiting, ended), daemon=True)
        for _ in range(min(n_workers, len(jobs)))
    ]
    for slot in slots:
        slot.start()
    try:
        for _ in jobs:
            item = ended.get()
            if isinstance(item, Failure):
                raise item.error()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        shared.stopping.set()
        for slot in slots:
            slot.join()


def _slot(
    shared: _Shared,
    waiting: queue.SimpleQueue[Work[Result]],
    ended: queue.SimpleQueue[Result | Failure | BaseException],
) -> None:
    """One worker at a time, and the jobs that it does."""
    worker: _Worker[Result] | None = None
    try:
        while not shared.stopping.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            for _ in range(_TRIES):
                worker = worker or _Worker(shared)
                try:
                    item: Result | Failure = worker.run(job)
                except _Lost as lost:
                    worker.close()
                    worker = None
                    item = job.lost(lost.status, str(lost))
                    if lost.status != "crashed":
                        break
                else:
                    if not (isinstance(item, Failure) and item.lost):
                        break
            ended.put(item)
    except BaseException as error:  # noqa: BLE001 - raised again by the caller
        # A thread's exception would vanish with it, and the caller wait for ever.
        ended.put(error)
    finally:
        if worker is not None:
            worker.close()


class _Worker(Generic[Result]):
    """One worker process, from this side."""

    def __init__(self, shared: _Shared) -> None:
        context = multiprocessing.get_context("spawn")
        self._shared = shared
        self._pipe, far = context.Pipe()
        model = shared.model
        card = None if model is None else Card(model.name, model.context_tokens)
        self._process = context.Process(target=serve, args=(far, card), daemon=True)
        self._process.start()
        far.close()

    def run(self, job: Work[Result]) -> Result | Failure:
        """One job to its end.

        Raises:
            _Lost: there is no result.
        """
        pipe = self._pipe
        try:
            pipe.send(job)
            while True:
                message = self._message()
                if isinstance(message, Broken):
                    raise _Lost("crashed", f"the worker process failed: {message.reason}")
                if not isinstance(message, Ask | Count):
                    return message
                pipe.send(self._served(message))
        except (EOFError, OSError) as error:
            self._process.join(_GRACE_S)
            code = self._process.exitcode
            raise _Lost("crashed", f"the worker process ended with {code}") from error

    def _message(self) -> Ask | Broken | Count | Result | Failure:
        pipe, waited_s = self._pipe, 0.0
        while not pipe.poll(0.2):
            waited_s += 0.2
            if self._shared.stopping.is_set():
                raise _Lost("stopped", "no more is wanted")
            if waited_s >= self._shared.stall_s:
                raise _Lost("hung", f"nothing came from it for {self._shared.stall_s:g} s")
        return cast("Ask | Broken | Count | Result | Failure", pipe.recv())

    def _served(self, message: Ask | Count) -> object:
        """The model's answer, or what it failed with."""
        shared, model = self._shared, self._shared.model
        if model is None:
            return Failure(ModelError.__name__, "there is no model to ask")
        try:
            if isinstance(message, Count):
                return model.count(message.messages)
            with shared.turn or nullcontext():
                return model.answer(message.request, cancelled=shared.stopping.is_set)
        except SimError as error:
            return Failure.of(error)

    def close(self) -> None:
        """Ends the process and what it started."""
        self._process.terminate()
        self._process.join(_GRACE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
        self._process.close()
