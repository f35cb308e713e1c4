"""The journal of a rollout: what each job drew, a line each (see the agent's `ledger`).

Traces are long and many, so only where they stand in the file is kept in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.ledger import Form, Ledger
from benchwright_trainer.rollouts.drawn import Drawn, Spent, drawn_from_json, drawn_to_json

JOURNAL = "jobs.jsonl"

_FORM = Form("benchwright-rollout-jobs", 1, "a rollout", "job", "")


class RolloutJournal(Ledger):
    """The journal in a folder, open; a context manager.

    Args:
        folder: made when it is not there.
        terms: all that traces depend on, plain JSON values.

    Attributes:
        spent: of all jobs in it.
        statuses: how often jobs ended in each way.

    Raises:
        OutputError: see `Ledger`.
    """

    def __init__(self, folder: Path, terms: Mapping[str, Any]) -> None:
        self._offsets: dict[str, int] = {}
        self.spent = Spent()
        self.statuses: Counter[str] = Counter()
        super().__init__(folder / JOURNAL, _FORM, terms)

    def __contains__(self, key: str) -> bool:
        return key in self._offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, key: str) -> Drawn:
        return drawn_from_json(self._at(self._offsets[key]))

    def add(self, drawn: Drawn) -> None:
        """Writes down what a job drew."""
        self._note(drawn, self._append(drawn_to_json(drawn)))

    def _take(self, data: Mapping[str, Any], offset: int) -> None:
        self._note(drawn_from_json(data), offset)

    def _note(self, drawn: Drawn, offset: int) -> None:
        if drawn.key in self._offsets:
            raise ValueError(f"{drawn.key} stands there twice")
        self._offsets[drawn.key] = offset
        self.spent += drawn.spent
        self.statuses[drawn.status] += 1
