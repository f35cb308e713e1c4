"""The cluster gives what this machine gives, also when a worker of it is killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psutil
import pytest

from benchwright_agent.evaluation.cluster import LOCAL, run_on_cluster
from benchwright_agent.evaluation.jobs import Job
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.pool import run_locally
from benchwright_agent.evaluation.source import ModelSource
from benchwright_sim.errors import ToolchainError
from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import row
from tests.model_script import Script
from tests.model_server import model_server

OPTIONS = EvalOptions(rounds=1, samples=2, ks=(1,))
JOBS = [
    Job(row(name), sample, OPTIONS) for name in ("counter", "pair", "broken") for sample in (0, 1)
]


class _KillsOnce:
    """A script that kills all workers of the cluster at the first question about one design."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def __call__(self, request: Mapping[str, Any], n_call: int) -> Script:
        if scripted.module_of(request) == "pair" and not self.killed:
            for child in psutil.Process().children(recursive=True):
                if "ray::run_remotely" in " ".join(child.cmdline()):
                    child.kill()
                    self.killed.append(child.pid)
        return scripted.mixed(request, n_call)


def test_a_cluster_gives_the_same_though_a_worker_is_killed() -> None:
    pytest.importorskip("ray")
    script = _KillsOnce()
    with model_server(script) as server:
        source = ModelSource("scripted", server.base_url)
        found = [
            done.outcome for done in run_on_cluster(JOBS, source, address=LOCAL, cpus_a_job=0.5)
        ]
        assert script.killed
        model = source.open()
        reference = [
            done.outcome for done in run_locally(JOBS, model, n_workers=2, one_at_a_time=False)
        ]
        model.close()
    key = lambda outcome: (outcome.id, outcome.sample)  # noqa: E731 - one line
    assert sorted(found, key=key) == sorted(reference, key=key)


def test_a_cluster_that_is_not_there_is_said_to_be_none() -> None:
    pytest.importorskip("ray")
    with pytest.raises(ToolchainError, match="cannot be reached"):
        list(run_on_cluster(JOBS, None, address="127.0.0.1:1"))
