"""An evaluation from its suite to its figures: the jobs that are not yet done, then the tables.

The folder of an evaluation holds `jobs.jsonl` (see `journal`), `trajectories/` of the protocol,
`testbenches/` (the best one of each sample), and at the end `result.json` and `table.md`. The same
call with the same folder goes on where an earlier one ended, however that ended. The result does
not depend on how many jobs run at once, nor where, fields of time apart (a search that is bounded
by seconds, and simulations that run into their time limit, depend on the machine).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.jobs import Job
from benchwright_agent.evaluation.journal import Journal
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Done, Outcome
from benchwright_agent.evaluation.suites import Suite
from benchwright_sim.errors import OutputError
from benchwright_sim.toolchain import find_toolchain

Backend = Callable[[Sequence[Job]], Generator[Done]]
"""Does jobs and yields them as they end: `pool.run_locally`, `cluster.run_on_cluster`."""

OnOutcome = Callable[[Outcome, int, int], None]
"""Told of each outcome that is new, and of how many of all jobs are done."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished evaluation.

    Attributes:
        suite: that was evaluated.
        options: see there.
        model: name of the model, None when none took part.
        outcomes: of every job, in the order of rows, then samples.
        versions: of what the outcomes depend on.
        seconds: of this call; the outcomes' own add up those of earlier ones.
    """

    suite: Suite
    options: EvalOptions
    model: str | None
    outcomes: tuple[Outcome, ...]
    versions: Mapping[str, str]
    seconds: float


def evaluate_suite(
    suite: Suite,
    options: EvalOptions,
    folder: Path,
    backend: Backend,
    *,
    model: str | None,
    model_digest: str | None = None,
    on_outcome: OnOutcome = lambda outcome, done, total: None,
) -> Evaluation:
    """Does all jobs that `folder` does not have yet.

    Args:
        suite: see `suites.load_suite`.
        options: see there.
        folder: of the evaluation, see the module.
        backend: does the jobs.
        model: its name, None where none takes part.
        model_digest: `ModelSource.digest`, so that no other model of that name goes on.
        on_outcome: see there.

    Raises:
        OutputError: the folder belongs to something else, or cannot be written.
        ToolchainError: Verilator or the compiler is missing.
        ModelError: the model does not serve; what is done stays.
    """
    started = time.monotonic()
    versions = {
        "benchwright": metadata.version("benchwright"),
        "verilator": find_toolchain().verilator_version,
    }
    jobs = [Job(row, sample, options) for row in suite.rows for sample in range(options.samples)]
    terms = _terms(suite, options, model) | {"model_digest": model_digest} | versions
    with Journal(folder, terms) as journal:
        left = [job for job in jobs if job.key not in journal.done]
        if left:
            with closing(backend(left)) as ended:
                for done in ended:
                    _keep(done.files, folder)
                    journal.add(done.outcome)
                    on_outcome(done.outcome, len(journal.done), len(jobs))
        outcomes = tuple(journal.done[job.key] for job in jobs)
    return Evaluation(suite, options, model, outcomes, versions, time.monotonic() - started)


def _terms(suite: Suite, options: EvalOptions, model: str | None) -> dict[str, Any]:
    """All that the outcomes depend on; what only the tables depend on may change."""
    terms = dataclasses.asdict(options) | {"suite": suite.sha256, "model": model}
    del terms["ks"]
    return terms


def _keep(files: Mapping[str, str], folder: Path) -> None:
    """Writes what is kept of a job, before the journal says that it is done."""
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace", newline="")
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}",
                hint="free some space, or name another folder with --output",
            ) from error
