"""Jobs over a Ray cluster, with the same outcomes as on this machine.

Core tasks, one a job; a worker that is killed costs its job a retry. Every node needs this package
in the same version, with its extras, and each worker process opens the model by itself: a served
one is the natural choice, a local file must lie at the same path on every node. Rows travel with
their text; designs of a folder must be on a file system that all nodes see.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Generator, Sequence
from functools import cache
from typing import Any

from benchwright_agent.evaluation.outcome import Failure
from benchwright_agent.evaluation.work import Result, Source, Work
from benchwright_agent.models.model import Model
from benchwright_sim.errors import SimError, ToolchainError

LOCAL = "local"
"""Instead of an address: a cluster of this machine alone, for as long as the jobs take."""

_TRIES = 3
_KNOCK_S = 10.0


def run_on_cluster(
    jobs: Sequence[Work[Result]],
    source: Source | None,
    *,
    address: str,
    cpus_a_job: float = 1.0,
) -> Generator[Result]:
    """Does jobs and gives what became of them, in the order in which they end.

    Args:
        jobs: what to do.
        source: of the model, None where the policy asks none.
        address: of the cluster (`ray://host:10001`, `host:6379`, `auto`), or `local`.
        cpus_a_job: less than 1 where jobs mostly wait for a server.

    Raises:
        ToolchainError: Ray is not installed, or the cluster does not answer.
        SimError: something that no job is to blame for; what is yielded before counts.
    """
    ray = _connected(address)
    try:
        task = ray.remote(num_cpus=cpus_a_job, max_retries=_TRIES - 1)(run_remotely)
        waiting = {task.remote(job, source): job for job in jobs}
        while waiting:
            (ref,), _ = ray.wait(list(waiting), num_returns=1)
            job = waiting.pop(ref)
            try:
                item: Result | Failure = ray.get(ref)
            except ray.exceptions.WorkerCrashedError as error:
                item = job.lost("crashed", str(error).partition("\n")[0])
            if isinstance(item, Failure):
                raise item.error()
            yield item
    finally:
        ray.shutdown()


def _connected(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 - heavy, and an extra
        import ray.exceptions  # noqa: PLC0415 - the same
    except ImportError as error:
        raise ToolchainError(
            "--cluster needs the package ray", hint="pip install 'benchwright[cluster]'"
        ) from error
    try:
        knock(address)
        ray.init(
            address=None if address == LOCAL else address,
            include_dashboard=False if address == LOCAL else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RuntimeError, ValueError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise ToolchainError(
            f"the Ray cluster {address} cannot be reached: {reason}",
            hint=f"`ray status` shows what runs; --cluster {LOCAL} uses this machine alone",
        ) from error
    return ray


def knock(address: str) -> None:
    """Finds out whether anybody listens, since Ray itself tries for minutes.

    Raises:
        OSError: nobody does.
        OverflowError: there is no such port.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def run_remotely(job: Work[Result], source: Source | None) -> Result | Failure:
    """One job in a worker of the cluster; a lost model gets another try."""
    try:
        model = None if source is None else _opened(source)
    except SimError as error:
        return Failure.of(error)
    done = job.run(model)
    if isinstance(done, Failure) and done.lost:
        done = job.run(model)
    return done


@cache
def _opened(source: Source) -> Model:
    """Once in a process."""
    return source.open()
