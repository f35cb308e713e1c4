"""A job ends with its server, at every stage, and leaves neither process nor temporary file."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.agent.models.local import endless_gguf
from tests.server.jobs import EXAMPLES, Job, alone, start, start_raw

CPU = alone(EXAMPLES / "08_cpu" / "cpu.sv")


def _generate(tmp_path: Path) -> Job:
    return start(tmp_path, "generate", CPU, output=str(tmp_path / "tb.sv"), use_model=False)


def _wait_for_descendant(job: Job) -> None:
    """Until a tool runs, whatever session it has made itself."""
    end = time.monotonic() + 10
    while not job.look():
        assert time.monotonic() < end
        time.sleep(0.005)


def _end(job: Job, how: str) -> None:
    if how == "SIGTERM":
        job.child.send_signal(signal.SIGTERM)
    else:
        assert job.child.stdin is not None
        job.child.stdin.close()


def _assert_gone(job: Job, tmp_path: Path) -> None:
    job.child.wait(5)
    _, alive = psutil.wait_procs(job.family, timeout=2)
    assert alive == []
    assert list(tmp_path.glob("job*/.tmp")) == []


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
@pytest.mark.parametrize("phase", ["elaborate", "build", "search", "minimise", "verify"])
def test_no_process_survives(tmp_path: Path, how: str, phase: str) -> None:
    job = _generate(tmp_path)
    job.until("phase", name=phase)
    if phase in ("build", "verify"):
        _wait_for_descendant(job)
    job.look()
    started = time.monotonic()
    _end(job, how)
    _assert_gone(job, tmp_path)
    assert time.monotonic() - started < 3
    assert job.child.returncode != 0
    if how == "end of input":  # no server is left to remove the folder
        assert list(tmp_path.glob("job*")) == []


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_no_process_of_a_model_survives(tmp_path: Path, how: str) -> None:
    pytest.importorskip("llama_cpp")
    environment = {**os.environ, "BENCHWRIGHT_MODEL": str(endless_gguf())}
    job = start(
        tmp_path,
        "generate",
        alone(EXAMPLES / "01_lock" / "lock.sv"),
        output=str(tmp_path / "tb.sv"),
        budget_s=0.3,
        environment=environment,
    )
    while "the model reads" not in job.until("phase")["name"]:
        pass
    assert any("python" in process.name() for process in job.look())
    _end(job, how)
    _assert_gone(job, tmp_path)


def test_a_job_that_is_done_leaves_nothing(tmp_path: Path) -> None:
    job = start(
        tmp_path,
        "generate",
        alone(EXAMPLES / "02_fifo" / "fifo.sv"),
        output=str(tmp_path / "tb.sv"),
        use_model=False,
    )
    while job.next() is not None:
        if job.child.poll() is None:
            job.look()
    _assert_gone(job, tmp_path)
    assert job.child.returncode == 0
    assert [file.name for file in tmp_path.glob("job*/*")] == ["tb.sv"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"kind": "dance"}', "no legal kind"),
        ('{"kind": "check"}', "lacks 'folder'"),
        ('{"kind": "check", "folder": "nowhere"}', "no absolute folder"),
        ('{"kind": "check", "folder": "/", "spec": {"folder": "/"}}', "lacks 'origin'"),
        ('{"kind": "check", "folder": "/", "spec": 3}', "'spec'"),
    ],
)
def test_what_is_no_request_is_refused_in_words(line: str, told: str) -> None:
    job = start_raw()
    job.send(line)
    (event,) = job.end()
    assert event["event"] == "failed"
    assert told in event["message"]
    assert job.child.returncode == event["exit_code"] == 5


def test_no_request_at_all_ends_the_process() -> None:
    job = start_raw()
    assert job.child.stdin is not None
    job.child.stdin.close()
    assert [event["event"] for event in job.end()] == ["failed"]
