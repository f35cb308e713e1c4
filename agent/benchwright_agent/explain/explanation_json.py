"""Explanations as plain JSON values: what `explain --json` prints and an editor reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from typing import Any

from benchwright_agent.explain.explanation import Explanation, Guard, Seen, Way
from benchwright_agent.explain.inquiry import Answer
from benchwright_sim.bins import Bin, bin_to_json
from benchwright_sim.errors import Location
from benchwright_sim.verdict import Verdict

FORMAT = "benchwright-explanations"
VERSION = 1


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """An answer as plain JSON values, keys in a fixed order."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "benchwright": metadata.version("benchwright"),
        "design": answer.design,
        "testbench": None if answer.testbench is None else str(answer.testbench),
        "failure": None if answer.failure is None else answer.failure[0],
        "covered": [bin_.id for bin_ in answer.covered],
        "bins": [explanation_to_json(e, answer.verdicts) for e in answer.explanations],
        "warnings": list(answer.warnings),
    }


def explanation_to_json(
    explanation: Explanation, verdicts: Mapping[Bin, Verdict] | None = None
) -> dict[str, Any]:
    """One explanation; `verdict` is null where none is known."""
    bin_ = explanation.bin
    return {
        **bin_to_json(bin_),
        "verdict": None if verdicts is None else verdicts[bin_].status,
        "text": explanation.text,
        "note": explanation.note,
        "instances": list(explanation.instances),
        "n_instances": explanation.n_instances,
        "ways": [_way(way) for way in explanation.ways],
        "cone": [asdict(entry) for entry in explanation.cone],
    }


def _way(way: Way) -> dict[str, Any]:
    seen: tuple[Seen | None, ...] = way.seen or (None,) * len(way.guards)
    return {
        **_place(way.location),
        "assignment": way.text,
        "process": way.process,
        "wish": way.wish,
        "guards": [_guard(guard, seen[n]) for n, guard in enumerate(way.guards)],
    }


def _guard(guard: Guard, seen: Seen | None) -> dict[str, Any]:
    return {
        "text": guard.text,
        "wish": guard.wish,
        "kind": guard.kind,
        **_place(guard.location),
        "operands": list(guard.operands),
        "constant": guard.constant,
        "seen": None if seen is None else asdict(seen),
    }


def _place(location: Location) -> dict[str, Any]:
    return {
        "file": location.file.as_posix(),
        "line": location.line,
        "column": location.column,
    }
