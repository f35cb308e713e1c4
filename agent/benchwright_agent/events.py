"""What the loop tells whoever watches: the terminal shows bars, an editor its own progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Tally


@dataclass(frozen=True, slots=True)
class Phase:
    """A new phase has begun (`build`, `search`, `minimise`, `verify`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Coverage so far, as the harness counts it.

    Attributes:
        policy: which one is at work.
        cycles: of effort spent.
        elapsed_s: since the run began.
        tallies: metric -> (covered, total).
        bins_left: not yet covered.
    """

    policy: str
    cycles: int
    elapsed_s: float
    tallies: Mapping[str, Tally]
    bins_left: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which bins are covered so far, as the harness counts them; told now and then.

    Attributes:
        bins: of the design, sorted; the same all through a run.
        covered: those that are.
    """

    bins: tuple[Bin, ...]
    covered: frozenset[Bin]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know."""

    text: str


@dataclass(frozen=True, slots=True)
class ModelText:
    """A piece of what a model writes, as it comes.

    Attributes:
        round: that it is written in, from 1.
        text: often a single token's.
    """

    round: int
    text: str


@dataclass(frozen=True, slots=True)
class RoundDone:
    """A model's testbench has been judged.

    Attributes:
        number: of the round, from 1.
        rounds: that there may be.
        outcome: `task.Outcome` of the attempt.
        tallies: metric -> (covered, total), empty unless it ran to its end.
        new_tokens: that the model wrote.
        seconds: of answering and simulating.
    """

    number: int
    rounds: int
    outcome: str
    tallies: Mapping[str, Tally]
    new_tokens: int
    seconds: float


Event = Phase | Progress | Snapshot | Note | ModelText | RoundDone
OnEvent = Callable[[Event], None]


class Throttled:
    """Calls a function at most every `interval_s` seconds, however often it is called itself."""

    def __init__(self, function: Callable[[], None], interval_s: float = 0.1) -> None:
        self._function = function
        self._interval_s = interval_s
        self._next_s = 0.0

    def __call__(self) -> None:
        """Calls the function if it is time."""
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + self._interval_s
            self._function()


def ignore(_event: Event) -> None:
    """The callback of a caller that does not watch."""
