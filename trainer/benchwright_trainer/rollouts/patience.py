"""A model that one waits for while its server is away, and what it says of that.

A server that goes away pauses the run: its question is asked again after growing waits, and only
when it has been away for longer than a bound does the run end. Nothing that is done is lost by
either.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchwright_agent.evaluation.work import Source
from benchwright_agent.models.model import (
    Borrowed,
    Cancelled,
    Model,
    ModelError,
    ModelLost,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
_LOOK_S = 0.2

OnPause = Callable[[str, float], None]
"""Told why a model does not answer, and how many seconds later it is asked again; from any thread.
"""


class Patient(Borrowed):
    """Asks a model again and again while it is lost; any number of threads may.

    Args:
        model: that is asked; closed with this.
        patience_s: from the first failure on, until the question has been given up.
        on_pause: told before each wait, once for all threads that wait together.
        first_wait_s: doubles from one wait to the next, up to five minutes.
    """

    def __init__(
        self,
        model: Model,
        *,
        patience_s: float,
        on_pause: OnPause | None = None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        super().__init__(model)
        self._patience_s = patience_s
        self._on_pause = on_pause
        self._first_wait_s = first_wait_s
        self._telling = threading.Lock()
        self._told_until = 0.0

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The model's.

        Raises:
            ModelError: it was lost for longer than the patience, or refuses.
        """
        lost_at, wait_s = 0.0, self._first_wait_s
        while True:
            try:
                return super().answer(request, on_text=on_text, cancelled=cancelled)
            except ModelLost as error:
                lost_at = lost_at or time.monotonic()
                away_s = time.monotonic() - lost_at
                wait_s = min(wait_s, LONGEST_WAIT_S, self._patience_s - away_s)
                if wait_s <= 0:
                    raise ModelError(
                        f"the model {self.name} has been away for {away_s:.0f} s: {error.message}",
                        hint="what is done is kept: start its server and go on by the same command",
                    ) from error
                self._tell(error, wait_s)
            if not _slept(wait_s, cancelled):
                return Reply("", "cancelled", 0, 0)
            wait_s *= 2

    def close(self) -> None:
        """Closes the model."""
        self._model.close()

    def _tell(self, error: ModelLost, wait_s: float) -> None:
        with self._telling:
            now = time.monotonic()
            if self._on_pause is not None and now >= self._told_until:
                self._told_until = now + wait_s
                self._on_pause(error.message, wait_s)


@dataclass(frozen=True, slots=True)
class PatientSource:
    """A source whose model is waited for; on another machine it waits without a word.

    Attributes:
        source: of the model.
        patience_s: see `Patient`.
        on_pause: see `Patient`.
        first_wait_s: see `Patient`.
    """

    source: Source
    patience_s: float
    on_pause: OnPause | None = field(default=None, compare=False)
    first_wait_s: float = FIRST_WAIT_S

    @property
    def is_served(self) -> bool:
        """The source's."""
        return self.source.is_served

    def open(self) -> Model:
        """The model, which is patient.

        Raises:
            ModelError: it cannot be opened.
        """
        return Patient(
            self.source.open(),
            patience_s=self.patience_s,
            on_pause=self.on_pause,
            first_wait_s=self.first_wait_s,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels without the callback, which belongs to the process that shows something."""
        return type(self), (self.source, self.patience_s, None, self.first_wait_s)


def _slept(seconds: float, cancelled: Cancelled) -> bool:
    """Whether the time went by without a cancel."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if cancelled():
            return False
        time.sleep(min(left, _LOOK_S))
    return not cancelled()
