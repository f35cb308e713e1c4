"""A model in llama.cpp: its chat template, its tokenizer, and a context that is kept and grows.

Runs in the child process only (`llamacpp_worker`). It uses the functions of llama.cpp's own
interface, not the `Llama` class of llama-cpp-python, which hides what is needed here: other buffers
for the weights, an interruption within a step, and a context of another size for the same weights.
"""

from __future__ import annotations

import codecs
import ctypes
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from benchwright_agent.models.local.gguf_file import GgufInfo
from benchwright_agent.models.local.memory import (
    BATCH_TOKENS,
    available_bytes,
    context_bytes,
    is_packed,
)
from benchwright_agent.models.model import ContextError, ModelError

CONTEXT_STEP = 4096
"""The context grows by multiples of so many tokens."""

_TOP_K, _TOP_P = 20, 0.8  # what the makers of the Qwen3 models recommend
_PIECE_BYTES = 1024
_ABORTED = 2
_LOG_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_SEEDS = 2**32 - 1  # the largest stands for a random one


class Engine:
    """Answers one request after the other.

    Args:
        info: the model.
        context_tokens: bound of prompt and answer together.
        threads: to compute with.
        stopped: asked between any two nodes of the computation, so often that it must be quick.

    Raises:
        ModelError: llama.cpp does not load the file; stderr says why.
    """

    def __init__(
        self, info: GgufInfo, *, context_tokens: int, threads: int, stopped: Callable[[], bool]
    ) -> None:
        import llama_cpp  # noqa: PLC0415 - heavy, and an extra

        self._api: Any = llama_cpp
        self._info = info
        self._context_tokens = context_tokens
        self._threads = threads
        self._stopped = stopped
        self._abort = llama_cpp.ggml_abort_callback(lambda _data: stopped())
        self._context: Any = None
        self._n_context = 0
        self._held: list[int] = []  # tokens whose keys and values are in the context
        self._log = llama_cpp.llama_log_callback(_log)
        llama_cpp.llama_log_set(self._log, None)
        llama_cpp.llama_backend_init()
        parameters = llama_cpp.llama_model_default_params()
        # With extra buffers quantised models crash on processors with AMX:
        # https://github.com/ggml-org/llama.cpp/issues/20824
        parameters.use_extra_bufts = False
        self._model: Any = llama_cpp.llama_model_load_from_file(os.fsencode(info.path), parameters)
        if not self._model:
            raise ModelError(f"llama.cpp cannot load {info.path.name}")
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._render = self._chat_template()

    def count(self, messages: Sequence[Mapping[str, str]]) -> int:
        """Tokens of a prompt."""
        return len(self._tokens(messages))

    def answer(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of one answer, as `llamacpp_worker` describes them.

        Raises:
            ContextError: prompt and answer exceed the context.
            ModelError: the template, the grammar or the computation fails.
        """
        tokens = self._tokens(request["messages"])
        max_tokens = max(1, request["max_tokens"])
        if len(tokens) + max_tokens > self._context_tokens:
            raise ContextError(
                f"a prompt of {len(tokens)} tokens and an answer of up to {max_tokens} exceed "
                f"the context of {self._context_tokens} tokens",
                hint="shorten the prompt, ask for fewer tokens, or allow a larger context",
            )
        self._keep(_n_same(self._held, tokens[:-1]) if request["reuse"] else 0)
        self._provide(len(tokens) + max_tokens)
        sampler = self._sampler(request)
        try:
            yield {"prompt": len(tokens), "reused": len(self._held)}
            yield from self._generate(tokens[len(self._held) :], sampler, max_tokens)
        finally:
            self._api.llama_sampler_free(sampler)

    def _generate(self, unread: list[int], sampler: Any, n: int) -> Iterator[dict[str, Any]]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        finish, n_new = "length", 0
        while n_new < n:
            if not self._read(unread):
                finish = "stopped"
                break
            token = self._api.llama_sampler_sample(sampler, self._context, -1)
            if self._api.llama_vocab_is_eog(self._vocabulary, token):
                finish = "stop"
                break
            unread = [token]
            n_new += 1
            text = decoder.decode(self._piece(token))
            if text or n_new == 1:
                yield {"text": text}
        if rest := decoder.decode(b"", final=True):
            yield {"text": rest}
        yield {"finish": finish, "new": n_new}

    def _read(self, tokens: Sequence[int]) -> bool:
        """Computes tokens after those held; false when stopped, with what was done being held."""
        for start in range(0, len(tokens), BATCH_TOKENS):
            part = tokens[start : start + BATCH_TOKENS]
            array = (self._api.llama_token * len(part))(*part)
            batch = self._api.llama_batch_get_one(array, len(part))
            code = _ABORTED if self._stopped() else self._api.llama_decode(self._context, batch)
            if code == _ABORTED:
                self._keep(len(self._held))
                return False
            if code:
                self._keep(0)
                raise ModelError(f"llama.cpp could not compute the next tokens (code {code})")
            self._held += part
        return True

    def _keep(self, n: int) -> None:
        """Forgets all but the first n tokens; all of them where a model cannot forget some."""
        if self._context is None:
            return
        memory = self._api.llama_get_memory(self._context)
        if not (n and self._api.llama_memory_seq_rm(memory, 0, n, -1)):
            n = 0
            self._api.llama_memory_clear(memory, False)  # what is not attended to may stay
        del self._held[n:]

    def _provide(self, n_tokens: int) -> None:
        """Makes room for so many tokens, with what is held where the old and the new one agree.

        An answer from an empty state must not depend on what was asked before: its context stores
        keys and values as one made for it would.
        """
        size = min(-(-n_tokens // CONTEXT_STEP) * CONTEXT_STEP, self._context_tokens)
        if size <= self._n_context and (self._held or self._as_for(size)):
            return
        state, n_bytes = None, 0
        if self._context is not None:
            if self._held and self._as_for(size):
                n_bytes = self._api.llama_state_seq_get_size(self._context, 0)
                state = (ctypes.c_uint8 * n_bytes)()
                self._api.llama_state_seq_get_data(self._context, state, n_bytes, 0)
            self._api.llama_free(self._context)
            self._context, self._n_context = None, 0
        self._context = self._new_context(size)
        self._n_context = size
        if not (state and self._api.llama_state_seq_set_data(self._context, state, n_bytes, 0)):
            self._held.clear()

    def _as_for(self, size: int) -> bool:
        """Whether the present context stores keys and values as one of this size would."""
        return self._packed(self._n_context) == self._packed(size)

    def _packed(self, size: int) -> bool:
        return is_packed(self._info, size, self._context_tokens)

    def _new_context(self, size: int) -> Any:
        need, have = context_bytes(self._info, size, self._context_tokens), available_bytes()
        if need > have:
            raise ModelError(
                f"not enough memory for a context of {size} tokens: it needs {need >> 20} MiB, "
                f"{have >> 20} MiB is available",
                hint="close other programs, shorten the prompt, or take a smaller model",
            )
        api = self._api
        parameters = api.llama_context_default_params()
        parameters.n_ctx = size
        parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
        parameters.n_outputs_max = 1
        parameters.n_threads = parameters.n_threads_batch = self._threads
        parameters.no_perf = True
        if not api.llama_supports_gpu_offload():  # on a processor it is slower
            parameters.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED
        if self._packed(size):  # then llama.cpp asks for it
            parameters.type_k = parameters.type_v = api.GGML_TYPE_Q8_0
            parameters.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_ENABLED
        context = api.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelError(f"llama.cpp cannot make a context of {size} tokens")
        api.llama_set_abort_callback(context, self._abort, None)
        return context

    def _sampler(self, request: Mapping[str, Any]) -> Any:
        api = self._api
        chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        if request["banned"]:
            api.llama_sampler_chain_add(chain, self._without(request["banned"]))
        if request["grammar"]:
            grammar = api.llama_sampler_init_grammar(
                self._vocabulary, request["grammar"].encode(), b"root"
            )
            if not grammar:
                api.llama_sampler_free(chain)
                raise ModelError("llama.cpp does not take the grammar of this JSON schema")
            api.llama_sampler_chain_add(chain, grammar)
        if request["temperature"] <= 0:
            api.llama_sampler_chain_add(chain, api.llama_sampler_init_greedy())
            return chain
        for part in (
            api.llama_sampler_init_top_k(_TOP_K),
            api.llama_sampler_init_temp(request["temperature"]),
            api.llama_sampler_init_top_p(_TOP_P, 1),
            api.llama_sampler_init_dist(request["seed"] % _SEEDS),
        ):
            api.llama_sampler_chain_add(chain, part)
        return chain

    def _without(self, words: Sequence[str]) -> Any:
        """A sampler that never takes the tokens of words; one without a token is no matter."""
        found = [self._tokenized(word.encode()) for word in words]
        tokens = [one[0] for one in found if len(one) == 1]
        bias = self._api.llama_logit_bias
        biases = (bias * len(tokens))(*(bias(token, -math.inf) for token in tokens))
        n_tokens = self._api.llama_vocab_n_tokens(self._vocabulary)
        return self._api.llama_sampler_init_logit_bias(n_tokens, len(tokens), biases)

    def _tokens(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        try:
            prompt = self._render(messages).encode("utf-8", "replace")
        except Exception as error:  # the template is a program of the file's maker
            raise ModelError(
                f"the chat template of {self._info.path.name} refuses the prompt: {error}",
                hint="its messages may have to alternate, or it knows no system message",
            ) from error
        tokens = self._tokenized(prompt)
        if not tokens:
            raise ModelError("the prompt is empty")
        return tokens

    def _tokenized(self, text: bytes) -> list[int]:
        """The tokens of a text, in which special ones are seen as such."""
        room = len(text) + 16
        tokens = (self._api.llama_token * room)()
        n = self._api.llama_tokenize(self._vocabulary, text, len(text), tokens, room, False, True)
        if n < 0:
            raise ModelError("the prompt is too long to read")
        return list(tokens[:n])

    def _piece(self, token: int) -> bytes:
        """A token's text; that of control tokens is empty."""
        piece = ctypes.create_string_buffer(_PIECE_BYTES)
        n = self._api.llama_token_to_piece(self._vocabulary, token, piece, _PIECE_BYTES, 0, False)
        if n < 0:
            piece = ctypes.create_string_buffer(-n)
            n = self._api.llama_token_to_piece(self._vocabulary, token, piece, -n, 0, False)
        return piece.raw[:n]

    def _chat_template(self) -> Callable[[Sequence[Mapping[str, str]]], str]:
        """Renders a prompt with the file's own template, in jinja's sandbox."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter  # noqa: PLC0415 - heavy

        template = self._api.llama_model_chat_template(self._model, None)
        if not template:
            raise ModelError(f"{self._info.path.name} has no chat template")
        formatter = Jinja2ChatFormatter(
            template.decode("utf-8", "replace"),
            eos_token=self._special(self._api.llama_vocab_eos),
            bos_token=self._special(self._api.llama_vocab_bos),
        )
        return lambda messages: str(formatter(messages=cast(Any, messages)).prompt)

    def _special(self, which: Callable[[Any], int]) -> str:
        token = which(self._vocabulary)
        if token < 0:
            return ""
        text: bytes = self._api.llama_vocab_get_text(self._vocabulary, token)
        return text.decode("utf-8", "replace")


def _log(level: int, text: bytes, _data: Any) -> None:
    """Errors to stderr, and no other of llama.cpp's many lines.

    The listener of llama-cpp-python takes one level for another and drops the errors.
    """
    if level == _LOG_ERROR:
        sys.stderr.write(text.decode("utf-8", "replace"))


def _n_same(held: Sequence[int], tokens: Sequence[int]) -> int:
    """Length of the common beginning."""
    for i, (old, new) in enumerate(zip(held, tokens, strict=False)):
        if old != new:
            return i
    return min(len(held), len(tokens))
