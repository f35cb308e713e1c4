"""The journal of an evaluation: outcomes as they come, a line each (see `ledger`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.ledger import Form, Ledger, begins_as
from benchwright_agent.evaluation.outcome import Outcome, outcome_from_json, outcome_to_json

FORMAT = "benchwright-eval-jobs"
VERSION = 2
JOURNAL = "jobs.jsonl"

_FORM = Form(FORMAT, VERSION, "an evaluation", "outcome", " with --output")


def is_journal(path: Path) -> bool:
    """Whether a file is the journal of an evaluation, and not that of other work."""
    return begins_as(path, _FORM)


class Journal(Ledger):
    """The journal in a folder, open; a context manager.

    Args:
        folder: made when it is not there.
        terms: all that outcomes depend on, plain JSON values; they must be those that the journal
            was begun with.

    Attributes:
        done: outcomes by row and sample.

    Raises:
        OutputError: see `Ledger`.
    """

    def __init__(self, folder: Path, terms: Mapping[str, Any]) -> None:
        self.done: dict[tuple[str, int], Outcome] = {}
        super().__init__(folder / JOURNAL, _FORM, terms)

    def add(self, outcome: Outcome) -> None:
        """Writes one outcome down."""
        self.done[outcome.id, outcome.sample] = outcome
        self._append(outcome_to_json(outcome))

    def _take(self, data: Mapping[str, Any], offset: int) -> None:
        outcome = outcome_from_json(data)
        self.done[outcome.id, outcome.sample] = outcome
