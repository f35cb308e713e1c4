"""What one job of a rollout gave, as data that goes between processes and into the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from benchwright_trainer.rollouts.trace import Trace, trace_from_json, trace_to_json

Status = Literal["ok", "row_error", "context", "unanswered", "crashed", "hung", "error", "machine"]
"""Answers were drawn; the design cannot be read; the prompt does not fit; the policy can do nothing
with the design; the job took its worker down, said nothing, or met a bug; a tool or the machine
failed."""

STATUSES: tuple[Status, ...] = get_args(Status)

LASTING: frozenset[Status] = frozenset({"ok", "row_error", "context", "unanswered"})
"""Another try would give the same."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What work cost; adds up.

    Attributes:
        simulations: testbenches that the simulator was called for.
        hits: results that were in the cache.
        prompt_tokens: that models read.
        new_tokens: that they wrote.
        seconds: wall time of jobs.
        cpu_s: processor time of jobs and of what they started.
    """

    simulations: int = 0
    hits: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.simulations + other.simulations,
            self.hits + other.hits,
            self.prompt_tokens + other.prompt_tokens,
            self.new_tokens + other.new_tokens,
            self.seconds + other.seconds,
            self.cpu_s + other.cpu_s,
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished job.

    Attributes:
        key: of the job: design/phase.
        status: see `Status`.
        traces: one for each answer, in the order in which they were drawn.
        error: what went wrong, for people.
        spent: see there.
    """

    key: str
    status: Status
    traces: tuple[Trace, ...] = ()
    error: str = ""
    spent: Spent = field(default_factory=Spent, compare=False)


def drawn_to_json(drawn: Drawn) -> dict[str, Any]:
    """Plain JSON values, keys in a fixed order."""
    return {
        "key": drawn.key,
        "status": drawn.status,
        "traces": [trace_to_json(trace) for trace in drawn.traces],
        "error": drawn.error,
        "spent": asdict(drawn.spent),
    }


def drawn_from_json(data: Mapping[str, Any]) -> Drawn:
    """What `drawn_to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    status = data["status"]
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; legal: {', '.join(STATUSES)}")
    return Drawn(
        key=str(data["key"]),
        status=status,
        traces=tuple(trace_from_json(each) for each in data["traces"]),
        error=str(data["error"]),
        spent=Spent(**data["spent"]),
    )
