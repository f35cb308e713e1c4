"""The child process of the local model: what ends an answer, a child, or a model for good."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from benchwright_agent.models.local.llamacpp import MAX_DEATHS, LlamaCpp
from benchwright_agent.models.model import (
    Message,
    ModelError,
    ModelLost,
)
from tests.agent.models.local import ask, children, endless_gguf
from tests.small_gguf import small_gguf
from tests.tiny_model import tiny_gguf

pytest.importorskip("llama_cpp")

CANCEL_S = 5.0
"""Far less than what is cancelled would take; benchmarks/bench_cancel.py measures how quick."""


class After:
    """Turns true some time after the first piece of text, or after it was made; says when."""

    def __init__(self, delay_s: float, *, at_once: bool) -> None:
        self._delay_s = delay_s
        self._start_s = time.monotonic() if at_once else None
        self.true_s: float | None = None

    def text(self, _text: str) -> None:
        self._start_s = self._start_s or time.monotonic()

    def __call__(self) -> bool:
        if (
            self.true_s is None
            and self._start_s
            and time.monotonic() > self._start_s + self._delay_s
        ):
            self.true_s = time.monotonic()
        return self.true_s is not None

    @property
    def since_s(self) -> float:
        assert self.true_s is not None
        return time.monotonic() - self.true_s


def test_an_answer_is_cancelled_while_it_is_written(endless: LlamaCpp) -> None:
    after = After(0.2, at_once=False)
    reply = endless.answer(ask("module fifo", max_tokens=4000), on_text=after.text, cancelled=after)
    assert after.since_s < CANCEL_S
    assert reply.finish == "cancelled"
    assert reply.text
    assert endless.answer(ask("module fifo", max_tokens=2)).new_tokens == 2


def test_an_answer_is_cancelled_while_the_prompt_is_read(endless: LlamaCpp) -> None:
    endless.count([Message("user", "x")])
    pid = children()[-1].pid
    after = After(0.4, at_once=True)
    reply = endless.answer(ask("module fifo; " * 3000, max_tokens=4), cancelled=after)
    assert after.since_s < CANCEL_S
    assert (reply.finish, reply.text, reply.new_tokens) == ("cancelled", "", 0)
    assert psutil.pid_exists(pid), "the same child goes on"
    assert endless.answer(ask("module fifo", max_tokens=2)).new_tokens == 2


def test_a_cancel_while_the_model_loads_is_quick() -> None:
    with LlamaCpp(tiny_gguf()) as model:
        after = After(0.01, at_once=True)
        reply = model.answer(ask("x " * 100_000, max_tokens=4), cancelled=after)
        assert after.since_s < CANCEL_S
        assert reply.finish == "cancelled"
        assert model.answer(ask("x", max_tokens=4)).new_tokens == 4


def test_time_runs_out(endless: LlamaCpp) -> None:
    started = time.monotonic()
    reply = endless.answer(ask("module fifo", max_tokens=4000, timeout_s=0.5))
    assert reply.finish == "timeout"
    assert 0.5 < time.monotonic() - started < 0.5 + CANCEL_S
    assert reply.text


def test_an_exception_of_the_listener_ends_the_answer_only(endless: LlamaCpp) -> None:
    def fails(_text: str) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        endless.answer(ask("module fifo", max_tokens=4000), on_text=fails)
    started = time.monotonic()
    assert endless.answer(ask("module fifo", max_tokens=2)).new_tokens == 2
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_dead_child_is_replaced(number: int) -> None:
    with LlamaCpp(endless_gguf(), threads=1) as model:
        expected = model.answer(ask("module fifo", max_tokens=8))

        def kills(_text: str) -> None:  # is called again for words that were on their way
            for child in children()[-1:]:
                child.send_signal(number)

        with pytest.raises(ModelLost, match=signal.Signals(number).name) as lost:
            model.answer(ask("module fifo", max_tokens=4000), on_text=kills)
        assert lost.value.hint
        assert model.answer(ask("module fifo", max_tokens=8)) == expected


def test_a_child_that_dies_each_time_is_given_up() -> None:
    with LlamaCpp(endless_gguf(), threads=1) as model:

        def kills(_text: str) -> None:
            for child in children():  # what it had said before still comes
                child.kill()

        for _ in range(MAX_DEATHS):
            with pytest.raises(ModelLost):
                model.answer(ask("module fifo", max_tokens=4000), on_text=kills)
        with pytest.raises(ModelError, match="3 times in a row"):
            model.answer(ask("module fifo", max_tokens=4))


def test_a_child_that_died_unasked_is_replaced_silently(tiny: LlamaCpp) -> None:
    tiny.count([Message("user", "x")])
    for process in children():
        process.kill()
        process.wait()
    assert tiny.answer(ask("x", max_tokens=4)).new_tokens > 0


def test_closing_ends_an_answer_and_leaves_no_child() -> None:
    before = {process.pid for process in children()}
    model = LlamaCpp(endless_gguf(), threads=1)
    timer = threading.Timer(1.0, model.close)
    timer.start()
    with pytest.raises(ModelError, match="was closed"):
        model.answer(ask("module fifo", max_tokens=30_000))
    timer.join()
    assert {process.pid for process in children()} <= before
    with pytest.raises(ModelError, match="was closed"):
        model.count([Message("user", "x")])
    model.close()


_ORPHAN = """
import sys, time
from pathlib import Path
from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Request, Sampling
model = LlamaCpp(Path(sys.argv[1]), threads=1)
def tell(text, told=[]):
    if not told:
        told.append(print(model._child.pid, flush=True))
{}
model.answer(Request((Message("user", "module"),), Sampling(max_tokens=30_000)), on_text=tell)
"""


@pytest.mark.parametrize("forks", ["", "import os\nif os.fork() == 0: time.sleep(30); os._exit(0)"])
def test_the_child_does_not_outlive_a_killed_caller(forks: str) -> None:
    """Also where a forked copy of the caller keeps the pipes open."""
    code = _ORPHAN.format("model.count([Message('user', 'x')])\n" + forks)
    command = [sys.executable, "-c", code, str(endless_gguf())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert psutil.pid_exists(pid)
        caller.kill()
        caller.wait()
        deadline = time.monotonic() + 3
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(caller.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process runs; nobody may collect one whose parent is gone."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def templated(folder: Path, template: str) -> Path:
    """The tiny model with another chat template of the same length."""
    content = tiny_gguf().read_bytes()
    start = content.index(b"tokenizer.chat_template") + len(b"tokenizer.chat_template") + 4
    (n_bytes,) = struct.unpack_from("<Q", content, start)
    start += 8
    path = folder / "templated.gguf"
    path.write_bytes(
        content[:start] + template.encode().ljust(n_bytes) + content[start + n_bytes :]
    )
    return path


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ 'a' * 10**11 }}", "refuses the prompt"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ("{{ messages[0].content.nothing.at_all }}", "refuses the prompt"),
    ],
)
def test_a_template_does_no_harm(tmp_path: Path, template: str, said: str) -> None:
    with LlamaCpp(templated(tmp_path, template), threads=1) as model:
        for _ in range(2):
            with pytest.raises(ModelError, match=said):
                model.answer(ask("x", max_tokens=2))


def test_a_template_without_end_is_cancelled(tmp_path: Path) -> None:
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with LlamaCpp(templated(tmp_path, loop), threads=1) as model:
        after = After(1.5, at_once=True)
        assert model.answer(ask("x"), cancelled=after).finish == "cancelled"
        assert after.since_s < CANCEL_S


def test_what_llamacpp_does_not_load_is_refused_in_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "new.gguf"
    path.write_bytes(tiny_gguf().read_bytes().replace(b"qwen3", b"qwen9"))
    with LlamaCpp(path) as model, pytest.raises(ModelError, match="unknown model architecture"):
        model.answer(ask("x"))


def test_base_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "base.gguf"
    path.write_bytes(small_gguf())
    with pytest.raises(ModelError, match="no chat template"):
        LlamaCpp(path)
