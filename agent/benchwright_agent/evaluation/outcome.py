"""What became of one job, as plain data that goes between processes and into the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from benchwright_agent.models.model import ContextError, ModelError, ModelLost
from benchwright_sim.coverage import Tally, overall_average
from benchwright_sim.errors import OutputError, SimError, ToolchainError

ROW_ERROR = "row_error"
"""The row's design or one of its targets is at fault, and no testbench can be judged."""

_ERRORS: tuple[type[SimError], ...] = (
    *(ContextError, ModelLost, ModelError),
    *(OutputError, ToolchainError),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sample of one design.

    Attributes:
        id: of the row.
        sample: from 0.
        status: of the best testbench, else of the last (`task.Outcome`); or `row_error`; or why
            there is none: `context` (the prompt does not fit), `crashed`, `hung`, `error`.
        passed: all applicable targets are met; None where none is applicable to the design.
        tallies: metric -> (covered, total) of the best testbench, empty when none ran.
        closed: bins that are covered, proven unreachable or waived, of all.
        targets: numbers of those met, missed and not applicable; all 0 where the design's bins
            are not known, since nothing could be simulated.
        simulations: testbenches that were compiled and run.
        prompt_tokens: that the model read.
        new_tokens: that it wrote.
        rounds: of the protocol that were taken.
        error: what went wrong, for people.
        seconds: wall time.
    """

    id: str
    sample: int
    status: str
    passed: bool | None = False
    tallies: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    closed: tuple[int, int] = (0, 0)
    targets: tuple[int, int, int] = (0, 0, 0)
    simulations: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0
    rounds: int = 0
    error: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def ran(self) -> bool:
        """A testbench compiled and came to its end (Sim Pass)."""
        return self.status == "ok"

    @property
    def applies(self) -> bool | None:
        """Whether any target applies to the design; None where this sample cannot tell."""
        if self.passed is None:
            return False
        return True if self.ran or any(self.targets[:2]) else None

    @property
    def average(self) -> Fraction | None:
        """Overall average from 0 to 1; 0 where the simulation failed, None without code bins."""
        if not self.ran:
            return Fraction(0)
        return overall_average({name: Tally(*pair) for name, pair in self.tallies.items()})

    @property
    def closure(self) -> Fraction | None:
        """From 0 to 1; 0 where the simulation failed, None without bins."""
        return Tally(*self.closed).fraction if self.ran else Fraction(0)


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Plain JSON values, keys in a fixed order."""
    return asdict(outcome) | {"seconds": round(outcome.seconds, 3)}


def outcome_from_json(data: Mapping[str, Any]) -> Outcome:
    """What `outcome_to_json` gave, as JSON gives it back.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    met, missed, absent = data["targets"]
    return Outcome(
        id=str(data["id"]),
        sample=int(data["sample"]),
        status=str(data["status"]),
        passed=data["passed"],
        tallies={str(name): (int(pair[0]), int(pair[1])) for name, pair in data["tallies"].items()},
        closed=(int(data["closed"][0]), int(data["closed"][1])),
        targets=(int(met), int(missed), int(absent)),
        simulations=int(data["simulations"]),
        prompt_tokens=int(data["prompt_tokens"]),
        new_tokens=int(data["new_tokens"]),
        rounds=int(data["rounds"]),
        error=str(data["error"]),
        seconds=float(data["seconds"]),
    )


@dataclass(frozen=True, slots=True)
class Done:
    """A finished job.

    Attributes:
        outcome: for the journal.
        files: path below the evaluation's folder -> text.
    """

    outcome: Outcome
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that no job is to blame for, in a form that goes between processes."""

    kind: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: SimError) -> Failure:
        """Keeps what its own text says; the class where the other side must know it."""
        known = next((kind for kind in _ERRORS if isinstance(error, kind)), SimError)
        return cls(known.__name__, error.message, error.hint)

    @property
    def lost(self) -> bool:
        """Another try may succeed."""
        return self.kind == ModelLost.__name__

    def error(self) -> SimError:
        """The error again."""
        known = {kind.__name__: kind for kind in _ERRORS}
        return known.get(self.kind, SimError)(self.message, hint=self.hint)
