"""What a training tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StepBegan:
    """A step begins, or goes on.

    Attributes:
        name: of the step.
        number: of it, from 1.
        total: number of steps.
        again: it goes on where it was interrupted.
    """

    name: str
    number: int
    total: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far the step is.

    Attributes:
        done: units of work.
        total: of them, None where that is not known.
        text: what happens now, for people.
    """

    done: float
    total: float | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is done; `seconds` is None where it was done before."""

    name: str
    number: int
    total: int
    seconds: float | None
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that does not end the run, but that people should know."""

    text: str


Event = StepBegan | StepProgress | StepDone | Warned
OnProgress = Callable[[Event], None]
