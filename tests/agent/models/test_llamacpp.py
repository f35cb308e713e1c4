"""The local model in its child process, with a real GGUF file: answers, and all that ends them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from benchwright_agent.models.local.llamacpp import MAX_DEATHS, LlamaCpp
from benchwright_agent.models.model import (
    ContextError,
    Message,
    ModelError,
    ModelLost,
    Reply,
    Request,
    Sampling,
)
from tests.small_gguf import small_gguf
from tests.tiny_model import shaped_gguf, tiny_folder, tiny_gguf

pytest.importorskip("llama_cpp")

CANCEL_S = 5.0
"""Far less than what is cancelled would take; benchmarks/bench_cancel.py measures how quick."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "input": {"enum": ["push", "pop", 'odd"\\name']},
        "value": {"type": "integer", "minimum": 3, "maximum": 4321},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2},
    },
    "required": ["input", "value", "words"],
}


def endless_gguf() -> Path:
    """A model that hardly ever ends by itself."""
    return shaped_gguf(
        layers=8, hidden=512, heads=8, kv_heads=4, head_dim=64, ffn=1536, vocab=32_000
    )


@pytest.fixture(scope="module")
def tiny() -> Iterator[LlamaCpp]:
    with LlamaCpp(tiny_gguf(), threads=2) as model:
        yield model


@pytest.fixture(scope="module")
def endless() -> Iterator[LlamaCpp]:
    with LlamaCpp(endless_gguf(), threads=2) as model:
        yield model


def ask(text: str, *, reuse: bool = False, schema: Any = None, **sampling: Any) -> Request:
    """One question."""
    return Request((Message("user", text),), Sampling(**sampling), schema, reuse)


def children() -> list[psutil.Process]:
    """Workers of this process that run."""
    return [
        process
        for process in psutil.Process().children()
        if process.status() != psutil.STATUS_ZOMBIE and "llamacpp_worker" in str(process.cmdline())
    ]


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


def test_answers_come_in_pieces_and_end(tiny: LlamaCpp) -> None:
    pieces: list[str] = []
    reply = tiny.answer(ask("module fifo", max_tokens=64, temperature=0), on_text=pieces.append)
    assert "".join(pieces) == reply.text
    assert len(pieces) > 5
    assert "```" in reply.text
    assert reply.finish == ("length" if reply.new_tokens == 64 else "stop")
    assert 0 < reply.first_token_s <= reply.seconds
    assert reply.reused_tokens == 0
    assert reply.prompt_tokens == tiny.count([Message("user", "module fifo")])


def test_tokens_are_counted_with_the_template_of_the_file(tiny: LlamaCpp) -> None:
    from transformers import AutoTokenizer

    messages = [
        Message("system", "You write testbenches."),
        Message("user", "module fifo; \u00e9\u4e2d\U0001f600 <|im_end|>\tx <= 1'b0;\r\n"),
        Message("assistant", "```\n```"),
        Message("user", "again"),
    ]
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder())
    plain = [{"role": m.role, "content": m.content} for m in messages]
    tokens = tokenizer.apply_chat_template(
        plain, tokenize=True, add_generation_prompt=True, return_dict=False
    )
    assert tiny.count(messages) == len(tokens)


def test_the_same_request_gives_the_same_answer_whatever_came_before(endless: LlamaCpp) -> None:
    request = ask("module fifo", max_tokens=24, seed=7)
    first = endless.answer(request)
    endless.answer(ask("something else " * 40, max_tokens=8, reuse=True))
    assert endless.answer(request) == first
    assert endless.answer(ask("module fifo", max_tokens=24, seed=8)) != first
    with LlamaCpp(endless_gguf(), threads=2) as fresh:
        assert fresh.answer(request) == first


def test_answers_do_not_depend_on_how_far_the_context_has_grown(tiny: LlamaCpp) -> None:
    request = ask("module fifo", max_tokens=40, seed=3, temperature=1)
    first = tiny.answer(request)
    for max_tokens in (7000, 12_000):
        tiny.answer(ask("module counter", max_tokens=max_tokens))
        assert tiny.answer(request) == first


def test_temperature_0_is_greedy_and_seeds_matter_above(endless: LlamaCpp) -> None:
    greedy = {endless.answer(ask("a", max_tokens=8, temperature=0, seed=s)).text for s in (1, 2)}
    drawn = {endless.answer(ask("a", max_tokens=8, temperature=1, seed=s)).text for s in (1, 2, 3)}
    assert len(greedy) == 1
    assert len(drawn) > 1


def test_greedy_tokens_are_those_of_transformers(tiny: LlamaCpp) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny_folder())
    model: Any = AutoModelForCausalLM.from_pretrained(tiny_folder(), dtype=torch.float32)
    for text in ("module fifo", "a counter with reset", "x"):
        tokens = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=False,
        )
        made = model.generate(tokens, max_new_tokens=48, do_sample=False)[0, tokens.shape[1] :]
        expected = tokenizer.decode(made, skip_special_tokens=True)
        assert tiny.answer(ask(text, max_tokens=48, temperature=0)).text == expected


def test_what_exceeds_the_context_is_refused_with_the_figures(tiny: LlamaCpp) -> None:
    n = tiny.count([Message("user", "module fifo")])
    started = time.monotonic()
    with pytest.raises(ContextError, match=f"{n} tokens and an answer of up to 40959 .* 40960"):
        tiny.answer(ask("module fifo", max_tokens=40_959))
    with pytest.raises(ContextError):
        tiny.answer(ask("word " * 60_000, max_tokens=-100_000))
    assert time.monotonic() - started < 2
    assert tiny.answer(ask("module fifo", max_tokens=4)).new_tokens == 4


def test_the_context_is_no_larger_than_asked() -> None:
    with LlamaCpp(tiny_gguf(), context_tokens=300) as model:
        assert model.context_tokens == 300
        n = model.count([Message("user", "word " * 200)])
        reply = model.answer(ask("word " * 200, max_tokens=300 - n, temperature=0.9))
        assert reply.finish in ("stop", "length")
        with pytest.raises(ContextError):
            model.answer(ask("word " * 200, max_tokens=301 - n))
    with LlamaCpp(tiny_gguf(), context_tokens=10**9) as model:
        assert model.context_tokens == 40_960


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_under_a_schema_fits_it(tiny: LlamaCpp, seed: int) -> None:
    request = ask("Answer in JSON", schema=SCHEMA, max_tokens=400, seed=seed, temperature=1.5)
    reply = tiny.answer(request)
    assert reply.finish == "stop"
    jsonschema.validate(json.loads(reply.text), SCHEMA)


def test_a_noise_model_under_a_schema_answers_too(endless: LlamaCpp) -> None:
    reply = endless.answer(ask("JSON", schema=SCHEMA, max_tokens=400, temperature=1))
    assert reply.finish == "stop"
    jsonschema.validate(json.loads(reply.text), SCHEMA)


def test_characters_of_several_tokens_come_whole(tiny: LlamaCpp) -> None:
    pieces: list[str] = []
    word = "\u00e9\u4e2d\U0001f600"
    reply = tiny.answer(ask("x", schema={"const": word}, max_tokens=64), on_text=pieces.append)
    assert json.loads(reply.text) == word
    assert all("\ufffd" not in piece for piece in pieces)


def test_a_cut_character_is_marked(tiny: LlamaCpp) -> None:
    reply = tiny.answer(ask("x", schema={"const": "\U0001f600"}, max_tokens=3))
    assert reply.finish == "length"
    assert reply.text.startswith('"')
    reply.text.encode()


def test_a_beginning_is_not_read_twice(endless: LlamaCpp) -> None:
    beginning = "module fifo; " * 150
    cold = endless.answer(ask(beginning + "one", max_tokens=2, reuse=True))
    warm = endless.answer(ask(beginning + "two", max_tokens=2, reuse=True))
    assert cold.reused_tokens < 32
    assert warm.prompt_tokens - warm.reused_tokens < 32
    assert warm.first_token_s < cold.first_token_s / 3
    again = endless.answer(ask(beginning + "two", max_tokens=2, reuse=True))
    assert again.reused_tokens == again.prompt_tokens - 1
    grown = endless.answer(ask(beginning + "three", max_tokens=6000, timeout_s=0.5, reuse=True))
    assert grown.prompt_tokens - grown.reused_tokens < 32


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

        def kills(_text: str) -> None:
            children()[-1].send_signal(number)

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


def test_two_models_answer_at_once(tiny: LlamaCpp, endless: LlamaCpp) -> None:
    requests = {tiny: ask("module fifo", max_tokens=40), endless: ask("fifo", max_tokens=40)}
    alone = {model: model.answer(request) for model, request in requests.items()}
    together: dict[LlamaCpp, list[Reply]] = {model: [] for model in requests}

    def answers(model: LlamaCpp) -> None:
        together[model].append(model.answer(requests[model]))

    threads = [threading.Thread(target=answers, args=(m,)) for m in requests for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {model: [reply] * 2 for model, reply in alone.items()}


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
