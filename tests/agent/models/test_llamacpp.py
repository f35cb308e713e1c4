"""Answers of the local model, with a real GGUF file: counted, bounded, held to a schema."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import (
    ContextError,
    Message,
    Reply,
    Sampling,
)
from tests.agent.models.local import ask, endless_gguf
from tests.tiny_model import tiny_folder, tiny_gguf

pytest.importorskip("llama_cpp")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "input": {"enum": ["push", "pop", 'odd"\\name']},
        "value": {"type": "integer", "minimum": 3, "maximum": 4321},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2},
    },
    "required": ["input", "value", "words"],
}


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


def test_a_banned_word_is_not_written(tiny: LlamaCpp) -> None:
    request = ask("module fifo", max_tokens=12, temperature=0)
    first = tiny.answer(replace(request, sampling=Sampling(0.0, 1, 1))).text
    words = (first, "words without a token of their own")
    assert tiny.answer(request).text.startswith(first)
    assert first not in tiny.answer(replace(request, banned=words)).text


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
