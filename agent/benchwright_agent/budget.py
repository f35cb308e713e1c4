"""How much may be tried: seconds of wall time and cycles of simulation.

Cycles are what makes a run repeatable: a run that its seconds ended reports the cycles that it had
spent by then, and the same seed with `--budget-cycles` of that number does the same again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

CANDIDATE_COST = 64
"""Cycles that a candidate is charged beside its own: what restoring and judging it costs."""


@dataclass(slots=True)
class Budget:
    """Spent and allowed effort; asked between batches only, so that a batch is never cut.

    Attributes:
        seconds: of wall time, None for no bound.
        cycles: of effort, None for no bound.
        spent: cycles charged so far.
        timed_out: the seconds ended the run at some point.
        interrupted: the user ended it.
        cut_at: cycles spent when the search was told to end for one of these two reasons; what a
            policy spends afterwards, to finish, does not count.
    """

    seconds: float | None
    cycles: int | None = None
    spent: int = 0
    timed_out: bool = False
    interrupted: bool = False
    cut_at: int | None = None
    started: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """Starts the clock again: the seconds are for the search, not for compiling."""
        self.started = time.monotonic()

    def charge(self, cycles: int) -> None:
        """Adds one candidate's cycles."""
        self.spent += cycles + CANDIDATE_COST

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def exhausted(self) -> bool:
        """Whether the run must end now."""
        if self.cycles is not None and self.spent >= self.cycles:
            return True
        if self.seconds is not None and self.elapsed_s >= self.seconds:
            self.timed_out = True
        if not (self.timed_out or self.interrupted):
            return False
        if self.cut_at is None:
            self.cut_at = self.spent
        return True
