"""An event loop in a thread of its own: work that can be left at any moment, from any thread.

A thread that blocks in a system call cannot be told to stop; a task of an event loop can, wherever
it waits. So whatever waits for a server does so here, and callers only watch.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

JOIN_S = 2.0
"""What ending waits for connections to close; a name being looked up may take longer."""


class Background:
    """A loop that runs from the first work until `close`; the thread does not keep Python alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begins the work; cancelling the result ends it wherever it is.

        Raises:
            RuntimeError: after `close`.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._serve, args=(self._loop,), daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, last: Callable[[], Awaitable[None]]) -> None:
        """Cancels what runs, does the last work, and ends the thread; once is enough."""
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end(last), loop)
        self._thread.join(JOIN_S)

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end(last: Callable[[], Awaitable[None]]) -> None:
    """Cancels every other task, also those that this begins, and stops the loop."""
    loop = asyncio.get_running_loop()
    try:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await last()
    finally:
        loop.stop()
