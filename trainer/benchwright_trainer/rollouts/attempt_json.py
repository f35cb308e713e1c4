"""A judged testbench as plain data: all that a prompt or a figure needs of it, and no time.

What depends on the machine's speed is left out before anything is kept, so that a result that is
read is the one that was made: how far a testbench came that ran out of time, and what it covered
until then. Files of the design are named relative to its root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from benchwright_agent.protocol.task import Attempt, Draft, Outcome
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.simulation import Feedback, Status
from benchwright_sim.verilate import Diagnostic

DAMAGED = (LookupError, TypeError, ValueError, AttributeError)
"""What reading raises for data that are no attempt."""


def settled(attempt: Attempt) -> Attempt:
    """The attempt without what another run of it may have different."""
    feedback = attempt.feedback
    if feedback is None:
        return attempt
    if attempt.outcome != "ok":
        feedback = replace(feedback, coverage=Coverage())
    if attempt.outcome == "timeout":
        feedback = replace(feedback, log=feedback.log.rstrip("\n").rpartition("\n")[2] + "\n")
    return replace(attempt, feedback=feedback)


def attempt_to_json(attempt: Attempt, root: Path) -> dict[str, Any]:
    """Plain JSON values; the draft is not among them.

    Args:
        attempt: settled.
        root: of the design.
    """
    feedback = attempt.feedback
    return {
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "feedback": None if feedback is None else _feedback_to_json(feedback, root),
    }


def attempt_from_json(data: Mapping[str, Any], draft: Draft, root: Path) -> Attempt:
    """What `attempt_to_json` gave.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is not such an object.
    """
    outcome = data["outcome"]
    if outcome not in get_args(Outcome):
        raise ValueError(f"{outcome!r} is no outcome")
    feedback = data["feedback"]
    return Attempt(
        draft,
        outcome,
        None if feedback is None else _feedback_from_json(feedback, root),
        str(data["reason"]),
    )


def _feedback_to_json(feedback: Feedback, root: Path) -> dict[str, Any]:
    return {
        "status": feedback.status,
        "bins": [_bin_to_json(bin_, count) for bin_, count in feedback.coverage.items()],
        "log": feedback.log,
        "diagnostics": [_diagnostic_to_json(each, root) for each in feedback.diagnostics],
        "cpu_s": round(feedback.cpu_s, 3),
    }


def _feedback_from_json(data: Mapping[str, Any], root: Path) -> Feedback:
    return Feedback(
        status=Status(data["status"]),
        coverage=Coverage(dict(_bin_from_json(row) for row in data["bins"])),
        log=str(data["log"]),
        diagnostics=tuple(_diagnostic_from_json(row, root) for row in data["diagnostics"]),
        wall_s=0.0,
        cpu_s=float(data["cpu_s"]),
    )


def _bin_to_json(bin_: Bin, count: int) -> list[str | int]:
    place: list[str | int] = [bin_.file, bin_.line, bin_.column, bin_.kind, bin_.name]
    return [*place, bin_.instance, bin_.module, bin_.span, count]


def _bin_from_json(row: Sequence[Any]) -> tuple[Bin, int]:
    file, line, column, kind, name, instance, module, span, count = row
    return Bin(file, line, column, Kind(kind), name, instance, module, span), int(count)


def _diagnostic_to_json(diagnostic: Diagnostic, root: Path) -> list[str | int | None]:
    file = diagnostic.file
    own = file is not None and file.is_relative_to(root)
    name = None if file is None else str(file.relative_to(root) if own and file else file)
    place: list[str | int | None] = ["design" if own else "", name]
    return [
        *place,
        diagnostic.line,
        diagnostic.column,
        diagnostic.severity,
        diagnostic.code,
        diagnostic.text,
    ]


def _diagnostic_from_json(row: Sequence[Any], root: Path) -> Diagnostic:
    where, name, line, column, severity, code, text = row
    file = None if name is None else root / name if where else Path(name)
    return Diagnostic(file, line, column, severity, code, text)
