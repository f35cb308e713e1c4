"""Lines of JSON to and from a child: larger than a pipe, to a child that is slow, ends or hangs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benchwright_agent.models.local.line_process import LineProcess
from tests.descriptors import many_open

_ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


@contextmanager
def running(code: str) -> Iterator[LineProcess]:
    """A child that runs some Python."""
    process = LineProcess([sys.executable, "-I", "-S", "-c", code], os.environ)
    try:
        yield process
    finally:
        process.close()


def reply(process: LineProcess) -> dict[str, Any]:
    """What comes within some seconds."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        if (message := process.receive(0.1)) is not None:
            return message
    raise AssertionError


def test_messages_larger_than_a_pipe_pass() -> None:
    with running(_ECHO) as process:
        for n in (1, 1 << 20, 10):
            message = {"text": "\u00e9\n" * n}
            process.send(message)
            assert reply(process) == message


def test_descriptors_of_any_number_will_do() -> None:
    message = {"text": "x" * (1 << 20)}
    with many_open(), running(_ECHO) as process:
        process.send(message)
        assert reply(process) == message


def test_a_child_that_does_not_read_blocks_nobody() -> None:
    with running("import time; time.sleep(60)") as process:
        started_s = time.monotonic()
        process.send({"text": "x" * (4 << 20)})
        assert process.receive(0.05) is None
        assert time.monotonic() - started_s < 1
        assert process.alive


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import sys; print('why', file=sys.stderr); sys.exit(3)", "status 3"),
        ("import os, sys; print('why', file=sys.stderr, flush=True); os.kill(os.getpid(), 11)",
         "SIGSEGV"),
    ],
)  # fmt: skip
def test_the_end_of_a_child_is_told(code: str, how: str) -> None:
    with running(code) as process:
        with pytest.raises(EOFError):
            reply(process)
        assert process.how_it_ended() == how
        assert process.stderr(4) == "why\n"
        assert process.stderr(2) == "y\n"
        process.send({"to": "nobody"})


def test_the_whole_group_is_killed() -> None:
    code = (
        "import os, time\n"
        "if (pid := os.fork()): print('{\"pid\": %d}' % pid, flush=True)\n"
        "time.sleep(60)"
    )
    with running(code) as process:
        pid = reply(process)["pid"]
        os.kill(pid, 0)
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s and alive(pid):
        time.sleep(0.02)
    assert not alive(pid)
    assert not process.alive


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
