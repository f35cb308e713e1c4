"""The exported model, run by llama.cpp, is the model that transformers runs, token for token.

Answers come through the product's own `LlamaCpp`, which keeps keys and values in fewer bits: a
likeliest token that is nearly not the likeliest may change by that. So logits are compared as well,
with nothing rounded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_agent.models.local.llamacpp import LlamaCpp
from benchwright_agent.models.model import Message, Request, Sampling
from benchwright_trainer.export import export
from tests.tiny_model import tiny_folder, tiny_gguf
from tests.trainer.model_folders import copy_of_tiny, edit, stretch, untie

MAX_TOKENS = 48
QUESTIONS = (
    "Write a testbench.",
    "module fifo (",
    "always_ff @(posedge clk) begin",
    "Naïve Ωμέγα 中文 🙂\r\n\tand   spaces",
    "assign y = a & b; // " + "x" * 300,
)
TRICKY = (
    "",
    " ",
    "\n",
    "a  b   c    d" + " " * 40 + "e",
    "\t\tif (x)\r\n\t\t\ty <= 1'b0;\r\n\r\n\r\n",
    "trailing spaces   \n   leading",
    "it's WE'LL I'd they'Re 'S",
    "8'hFF 16'b0000_1111 123456789 0.5e-3",
    "naïve café Ωμέγα Привет 中文字 日本語 한국어 العربية हिन्दी",
    "🙂👩‍👩‍👧‍👦 \u200b\u00a0\u3000\ufeff ﬁ ǆ ⅷ ²",
    "<|im_start|>user\nhello<|im_end|>\n<|endoftext|>",
    "<|im_start| ><|im_end<|im_end|>|>",
    "\x00\x01\x7f",
    "]]>}}%){{- '<' + m }}",
)
CHATS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("user", "hi"),),
    (("system", "Be brief.\n"), ("user", " spaces \n\n around ")),
    (("user", "a"), ("assistant", "b"), ("user", "{{ 7 * 7 }} {% generation %}")),
    (("user", ""), ("assistant", ""), ("user", "<|im_end|>")),
)


@cache
def tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@cache
def vocabulary(path: Path) -> Callable[[str], list[int]]:
    """llama.cpp's own tokenizer, of a file whose weights are not loaded."""
    import llama_cpp

    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    assert model is not None
    entries = llama_cpp.llama_model_get_vocab(model)

    def tokenize(text: str) -> list[int]:
        data = text.encode()
        tokens = (llama_cpp.llama_token * (len(data) + 1))()
        n = llama_cpp.llama_tokenize(entries, data, len(data), tokens, len(tokens), False, True)
        return list(tokens[:n])

    return tokenize


def transformers_model(folder: Path) -> Any:
    """The model, to be computed by one thread: more wait for those of tests beside this one."""
    import torch
    from transformers import Qwen3ForCausalLM

    torch.set_num_threads(1)
    return Qwen3ForCausalLM.from_pretrained(folder)


def transformers_answer(folder: Path, questions: Sequence[str]) -> list[tuple[str, int]]:
    """Text and number of tokens of greedy answers."""
    import torch

    model = transformers_model(folder)
    answers = []
    for question in questions:
        prompt = tokenizer(folder).apply_chat_template(
            [{"role": "user", "content": question}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        with torch.no_grad():
            whole = model.generate(**prompt, do_sample=False, max_new_tokens=MAX_TOKENS)
        new = whole[0, prompt["input_ids"].shape[1] :].tolist()
        ends = set(model.generation_config.eos_token_id)
        kept = new[:-1] if new[-1] in ends else new
        answers.append((tokenizer(folder).decode(kept), len(kept)))
    return answers


def llama_answer(path: Path, questions: Sequence[str]) -> list[tuple[str, int]]:
    """The same of a GGUF file, by the product."""
    with LlamaCpp(path, context_tokens=1024, threads=1) as model:
        sampling = Sampling(temperature=0, max_tokens=MAX_TOKENS)
        replies = [
            model.answer(Request((Message("user", question),), sampling)) for question in questions
        ]
    return [(reply.text, reply.new_tokens) for reply in replies]


def transformers_logits(folder: Path, tokens: list[int]) -> list[float]:
    """What the model holds of each token that may come next."""
    import torch

    model = transformers_model(folder)
    with torch.no_grad():
        logits: list[float] = model(torch.tensor([tokens])).logits[0, -1].tolist()
    return logits


def llama_logits(path: Path, tokens: list[int]) -> list[float]:
    """The same of a GGUF file, with keys and values in full precision."""
    import llama_cpp

    loading = llama_cpp.llama_model_default_params()
    loading.use_extra_bufts = False  # as the product does
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), loading)
    options = llama_cpp.llama_context_default_params()
    options.n_ctx = options.n_batch = options.n_ubatch = 512
    options.n_threads = options.n_threads_batch = 1
    options.type_k = options.type_v = llama_cpp.GGML_TYPE_F32
    options.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    assert model is not None
    context = llama_cpp.llama_init_from_model(model, options)
    assert context is not None
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    batch = llama_cpp.llama_batch_get_one(array, len(tokens))
    assert llama_cpp.llama_decode(context, batch) == 0
    logits = llama_cpp.llama_get_logits_ith(context, -1)
    values: list[float] = logits[
        : llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    ]
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return values


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_text_becomes_the_same_tokens(text: str) -> None:
    expected = tokenizer(tiny_folder())(text, add_special_tokens=False)["input_ids"]
    assert vocabulary(tiny_gguf())(text) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from(" \t\r\n'stRE019_<|>`\u00a0\u0301")))
def test_any_text_becomes_the_same_tokens(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    expected = tokenizer(tiny_folder())(text, add_special_tokens=False)["input_ids"]
    assert vocabulary(tiny_gguf())(text) == expected


def test_text_is_split_as_gpt_2_does_where_the_tokenizer_says_so(tmp_path: Path) -> None:
    folder = copy_of_tiny(tmp_path)

    def as_gpt_2(values: dict[str, Any]) -> None:
        values["pre_tokenizer"] = {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        }

    edit(folder / "tokenizer.json", as_gpt_2)
    tokens = vocabulary(export(folder, tmp_path / "out.gguf"))
    for text in TRICKY:
        assert tokens(text) == tokenizer(folder)(text, add_special_tokens=False)["input_ids"], text


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaCpp]:
    with LlamaCpp(tiny_gguf(), context_tokens=1024, threads=1) as opened:
        yield opened


@pytest.mark.parametrize("chat", CHATS)
def test_a_chat_is_laid_out_as_transformers_does(
    chat: tuple[tuple[str, str], ...], model: LlamaCpp
) -> None:
    import gguf
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    messages = [{"role": role, "content": content} for role, content in chat]
    expected = tokenizer(tiny_folder()).apply_chat_template(
        messages, add_generation_prompt=True, tokenize=False
    )
    field = gguf.GGUFReader(tiny_gguf()).get_field("tokenizer.chat_template")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    assert field is not None
    template = environment.from_string(field.contents())
    assert template.render(messages=messages, add_generation_prompt=True) == expected
    asked = [Message(role, content) for role, content in chat]  # type: ignore[arg-type] # roles
    assert model.count(asked) == len(vocabulary(tiny_gguf())(expected))


def test_greedy_answers_are_the_same_token_for_token() -> None:
    expected = transformers_answer(tiny_folder(), QUESTIONS)
    assert llama_answer(tiny_gguf(), QUESTIONS) == expected
    lengths = [length for _, length in expected]
    assert min(lengths) < MAX_TOKENS == max(lengths), "one should end by itself, and one not"


def as_it_is(_folder: Path) -> None:
    pass


@pytest.mark.parametrize("change", [untie, stretch, as_it_is])
def test_every_form_of_the_model_computes_the_same(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = copy_of_tiny(tmp_path)
    change(folder)
    path = export(folder, tmp_path / "out.gguf", precision="f32")
    assert llama_answer(path, QUESTIONS) == transformers_answer(folder, QUESTIONS)
    tokens = [(7 * i * i + 3 * i) % 1277 for i in range(300)]
    expected = transformers_logits(folder, tokens)
    assert max(map(abs, expected)) > 1
    assert llama_logits(path, tokens) == pytest.approx(expected, abs=1e-4)
