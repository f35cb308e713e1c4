"""Where jobs are done: processes of this machine, or a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from benchwright_agent.evaluation.cluster import run_on_cluster
from benchwright_agent.evaluation.pool import run_locally
from benchwright_agent.evaluation.work import Source, Workers

WAITING_JOBS = 4
"""Jobs for each processor where a server answers: most of them wait for it."""


@contextmanager
def on_cluster(address: str, source: Source | None) -> Iterator[Workers]:
    """A Ray cluster; every worker opens the model by itself."""
    cpus_a_job = 1 / WAITING_JOBS if source is not None and source.is_served else 1.0
    yield partial(run_on_cluster, source=source, address=address, cpus_a_job=cpus_a_job)


@contextmanager
def on_this_machine(n_jobs: int | None, source: Source | None) -> Iterator[Workers]:
    """Processes of this machine, `n_jobs` of them; one model, open for as long.

    Unless asked otherwise there is one for each processor, and one more beside a local model, which
    another of them is always waiting for.

    Raises:
        ModelError: it cannot be opened.
    """
    n_cpus = len(os.sched_getaffinity(0))
    if source is None:
        yield partial(run_locally, model=None, n_workers=n_jobs or n_cpus)
        return
    n_workers = n_jobs or (WAITING_JOBS * n_cpus if source.is_served else n_cpus + 1)
    with closing(source.open()) as model:
        yield partial(
            run_locally, model=model, n_workers=n_workers, one_at_a_time=not source.is_served
        )
