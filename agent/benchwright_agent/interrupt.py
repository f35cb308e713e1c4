"""Ctrl-C during a search means: stop and keep what was found. A second one means: stop now.

What cannot look at a budget while it runs, such as a simulation, is ended by the first one.
"""

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
    with _on_sigint(budget, at_once=False):
        yield


@contextmanager
def interruptible_at_once(budget: Budget) -> Iterator[None]:
    """As `interruptible`, but the first SIGINT is a KeyboardInterrupt as well."""
    with _on_sigint(budget, at_once=True):
        yield


@contextmanager
def _on_sigint(budget: Budget, *, at_once: bool) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        again = budget.interrupted
        budget.interrupted = True
        if again or at_once:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
