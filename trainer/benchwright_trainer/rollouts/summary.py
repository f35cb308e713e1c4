"""What a rollout came to: amounts, cost, and how busy it kept the processors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchwright_trainer.rollouts.drawn import Spent
from benchwright_trainer.rollouts.trace import Kind
from benchwright_trainer.whole_file import write_whole

SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class RolloutSummary:
    """A finished rollout.

    Attributes:
        designs: that it took.
        jobs: how often jobs ended in each way.
        traces: kind -> how many.
        spent: of all jobs, those of earlier calls among them.
        seconds: wall time of this call.
        cpu_s: processor time of this call's jobs, and of a model on this machine that they asked.
        sha256: of the file of traces.
    """

    designs: int
    jobs: Mapping[str, int]
    traces: Mapping[Kind, int]
    spent: Spent
    seconds: float
    cpu_s: float
    sha256: str

    @property
    def busy(self) -> float:
        """Share of this machine's processors that this call's jobs had, from 0 to 1."""
        return self.cpu_s / (self.seconds * len(os.sched_getaffinity(0)))


def write_summary(folder: Path, summary: RolloutSummary) -> None:
    """Writes `summary.json`, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    values = asdict(summary) | {"busy": round(summary.busy, 3)}
    write_whole(folder / SUMMARY, json.dumps(values, indent=1) + "\n")
