"""A worker process, spoken to without a pool."""

from __future__ import annotations

import multiprocessing
from typing import Any, cast

from benchwright_agent.evaluation.jobs import Job
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.pool import run_locally
from benchwright_agent.evaluation.worker import Broken, serve
from tests.agent.evaluation.small import row


def ended(*messages: object) -> tuple[list[object], int | None]:
    """What a worker answers to messages, and the status that it ends with."""
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    process = context.Process(target=serve, args=(far, None), daemon=True)
    process.start()
    far.close()
    answers = []
    for message in messages:
        pipe.send(message)
        assert pipe.poll(60)
        answers.append(pipe.recv())
    pipe.close()
    process.join(60)
    return answers, process.exitcode


def test_a_worker_whose_caller_is_gone_ends_well() -> None:
    assert ended() == ([], 0)


def test_a_worker_that_cannot_go_on_says_why() -> None:
    (answer,), status = ended("no job")
    assert isinstance(answer, Broken)
    assert "AttributeError" in answer.reason
    assert status == 1


def test_the_outcome_of_a_job_that_breaks_its_worker_has_the_reason() -> None:
    broken = Job(row("gate"), cast("Any", "first"), EvalOptions(policy="search", samples=1))
    (done,) = run_locally([broken], None, n_workers=1)
    assert done.outcome.status == "crashed"
    assert done.outcome.error.startswith("the worker process failed: TypeError: ")
