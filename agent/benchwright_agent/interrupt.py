"""Ctrl-C during a search means: stop and keep what was found. A second one means: stop now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from benchwright_agent.budget import Budget


@contextmanager
def interruptible(budget: Budget) -> Iterator[None]:
    """Turns the first SIGINT into an exhausted budget; outside the main thread does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if budget.interrupted:
            raise KeyboardInterrupt
        budget.interrupted = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
