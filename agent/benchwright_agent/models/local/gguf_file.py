"""What a GGUF file says of itself, read from its header without loading the model.

A damaged or foreign file must give one sentence, not a crash of llama.cpp minutes later. The reader
of the `gguf` package does not serve for that: on a truncated file it loops without end. This one
trusts no figure of the file: every read is checked against the file's end, and what a header may
hold is bounded. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import os
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from benchwright_agent.models.model import ModelError
from benchwright_sim.errors import Location

DIALECT_KEY = "benchwright.dialect"
"""Where a model's file says which form of prompts it was trained on."""

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MAX_ITEMS = 8_000_000
_MAX_STRING_BYTES = 4 << 20
_MAX_TEXT_BYTES = 64 << 20
_MAX_DIMENSIONS = 4
_MAX_KEPT = 4096

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING = 8
_ARRAY = 9

_WRITES_NO_TEXT = {
    "clip": "an image encoder",
    "bert": "an embedding model",
    "modern-bert": "an embedding model",
    "neo-bert": "an embedding model",
    "eurobert": "an embedding model",
    "nomic-bert": "an embedding model",
    "nomic-bert-moe": "an embedding model",
    "jina-bert-v2": "an embedding model",
    "jina-bert-v3": "an embedding model",
    "gemma-embedding": "an embedding model",
    "llama-embed": "an embedding model",
    "t5": "an encoder-decoder model",
    "t5encoder": "a text encoder",
    "whisper": "a speech recogniser",
    "wavtokenizer-dec": "a speech decoder",
    "dream": "a diffusion model",
    "llada": "a diffusion model",
    "llada-moe": "a diffusion model",
    "rnd1": "a diffusion model",
}
_HINT = "take an instruct or chat model in GGUF form; `benchwright model list` names one"


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """The header of a GGUF file that holds a language model.

    Attributes:
        path: of the file.
        architecture: as llama.cpp names it, `qwen3`.
        name: that the file gives itself, else the file's.
        parameters: number of weights.
        context_tokens: that the model was trained for.
        n_layers: transformer blocks.
        n_heads: of the attention, in the layer that has most.
        embedding: width of the residual stream.
        feed_forward: inner width of a block's widest layer.
        n_vocabulary: tokens of its tokenizer.
        kv_values: numbers that the attention keeps for each token, keys and values of all layers.
        kv_8bit: whether these can be kept in blocks of 8 bits.
        file_bytes: size of the file.
        quantisation: `Q4_K_M`; by the type of most weights where the file does not say.
        chat: it holds a chat template.
        dialect: form of prompts that it was trained on, see `models.dialect`; empty for plain text.
    """

    path: Path
    architecture: str
    name: str
    parameters: int
    context_tokens: int
    n_layers: int
    n_heads: int
    embedding: int
    feed_forward: int
    n_vocabulary: int
    kv_values: int
    kv_8bit: bool
    file_bytes: int
    quantisation: str
    chat: bool
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class _Items:
    """An array of the header whose items are not kept."""

    n: int


class _Reader:
    """Reads forward through a header; every figure is checked before it is believed."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file  # not mapped: where it shrinks meanwhile, that would end this process
        self._items_left = _MAX_ITEMS
        self._text_left = _MAX_TEXT_BYTES
        self.file_bytes = os.fstat(file.fileno()).st_size
        self.offset = file.tell()

    def damaged(self, what: str) -> ModelError:
        """The error for a header that cannot be right."""
        return ModelError(
            f"the model file is damaged: {what}",
            location=Location(self._path),
            hint="download or export it again",
        )

    def scalar(self, code: str) -> Any:
        """One little-endian number, `code` as `struct` has it."""
        return self.numbers(code, 1)[0]

    def text(self) -> str:
        """One string."""
        n_bytes = self.scalar("Q")
        if n_bytes > _MAX_STRING_BYTES:
            raise self.damaged(f"a text of {n_bytes} bytes in its header")
        self._text_left -= n_bytes
        if self._text_left < 0:
            raise self.damaged(f"more than {_MAX_TEXT_BYTES} bytes of text in its header")
        try:
            return self.take(n_bytes).decode()
        except UnicodeDecodeError:
            raise self.damaged(f"a text before byte {self.offset} is no UTF-8") from None

    def value(self) -> Any:
        """A value of any type; of long arrays only the length."""
        kind = self.scalar("I")
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.scalar(self._code(kind))
        kind, n = self.scalar("I"), self.scalar("Q")
        self.spend(n)
        if kind == _STRING:
            for _ in range(n):
                self.skip(self.scalar("Q"))
            return _Items(n)
        code = self._code(kind)
        if n <= _MAX_KEPT:
            return self.numbers(code, n)
        self.skip(n * struct.calcsize(code))
        return _Items(n)

    def spend(self, n: int) -> None:
        """Bounds how many things a header may list in all."""
        self._items_left -= n
        if self._items_left < 0:
            raise self.damaged(f"a list of {n} items in its header")

    def skip(self, n_bytes: int) -> None:
        """Passes over bytes that must be there."""
        if n_bytes > self.file_bytes - self.offset:
            raise self.damaged(
                f"it has {self.file_bytes} bytes, and its header goes on at {self.offset} "
                f"for {n_bytes}"
            )
        self.offset += n_bytes
        self._file.seek(n_bytes, os.SEEK_CUR)

    def take(self, n_bytes: int) -> bytes:
        """Reads so many bytes."""
        data = self._file.read(min(n_bytes, _MAX_STRING_BYTES))
        if len(data) < n_bytes:
            self._file.seek(self.offset)
            self.skip(n_bytes)  # says what is missing
            raise self.damaged("it became shorter while it was read")
        self.offset += n_bytes
        return data

    def numbers(self, code: str, n: int) -> tuple[Any, ...]:
        """Some little-endian numbers, `code` as `struct` has it."""
        return struct.unpack(f"<{n}{code}", self.take(n * struct.calcsize(code)))

    def _code(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise self.damaged(f"a value of unknown type {kind} before byte {self.offset}")
        return _SCALARS[kind]


@dataclass(frozen=True, slots=True)
class _Tensor:
    type_name: str
    n_values: int
    n_bytes: int
    offset: int


def read_gguf(path: Path) -> GgufInfo:
    """What the header of a GGUF file says, once it is sure that llama.cpp could write text with it.

    Raises:
        ModelError: there is no such file, it is no GGUF, of an unknown version, truncated or
            otherwise damaged, one part of several, or not a model that writes text.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
            if magic != _MAGIC:
                raise _no_gguf(path, magic)
            return _read(_Reader(path, file), path)
    except OSError as error:
        raise ModelError(
            f"the model file cannot be read: {error.strerror}", location=Location(path)
        ) from error


def _no_gguf(path: Path, magic: bytes) -> ModelError:
    starts = f"starts with {magic!r}, not {_MAGIC!r}" if magic else "is empty"
    return ModelError(f"not a GGUF file: it {starts}", location=Location(path), hint=_HINT)


def _read(reader: _Reader, path: Path) -> GgufInfo:
    version = reader.scalar("I")
    if version not in _VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "big"), "little") in _VERSIONS
        raise ModelError(
            "the GGUF file is of a big-endian machine"
            if swapped
            else f"GGUF version {version} is not known, only {_VERSIONS[0]} and {_VERSIONS[1]}",
            location=Location(path),
            hint="convert the model again with a current converter",
        )
    n_tensors, n_keys = reader.scalar("Q"), reader.scalar("Q")
    reader.spend(n_tensors)
    reader.spend(n_keys)
    header = _Header(path, {reader.text(): reader.value() for _ in range(n_keys)}, reader)
    header.require_text_model(n_tensors)
    tensors = [_tensor(reader) for _ in range(n_tensors)]
    alignment = header.integer("general.alignment", 32)
    start = -(-reader.offset // alignment) * alignment
    end = start + max(tensor.offset + tensor.n_bytes for tensor in tensors)
    if end > reader.file_bytes:
        raise ModelError(
            f"the model file is truncated: {reader.file_bytes} bytes of {end}",
            location=Location(path),
            hint="download it again; `benchwright model pull` resumes where it stopped",
        )
    return header.info(tensors, reader.file_bytes)


def _tensor(reader: _Reader) -> _Tensor:
    constants = _constants()
    name = reader.text()
    n_dimensions = reader.scalar("I")
    if n_dimensions > _MAX_DIMENSIONS:
        raise reader.damaged(f"tensor {name!r} has {n_dimensions} dimensions")
    shape = [reader.scalar("Q") for _ in range(n_dimensions)]
    number, offset = reader.scalar("I"), reader.scalar("Q")
    try:
        kind = constants.GGMLQuantizationType(number)
    except ValueError:
        raise reader.damaged(f"tensor {name!r} is of unknown type {number}") from None
    n_values = math.prod(shape)
    block, block_bytes = constants.GGML_QUANT_SIZES[kind]
    return _Tensor(kind.name, n_values, -(-n_values // block) * block_bytes, offset)


def _constants() -> ModuleType:
    """The types of tensors and of files, as the `gguf` package has them."""
    try:
        from gguf import constants  # noqa: PLC0415 - numpy comes with it, and it is an extra
    except ImportError as error:
        raise ModelError(
            "the package gguf is not installed, which knows the types of GGUF files",
            hint="pip install 'benchwright[local]'",
        ) from error
    return constants


class _Header:
    """The keys of a header, typed as they are asked for."""

    def __init__(self, path: Path, values: Mapping[str, Any], reader: _Reader) -> None:
        self._path = path
        self._values = values
        self._damaged = reader.damaged
        self.architecture = self._text("general.architecture", "")

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number above 0; the largest where each layer has its own."""
        return max(self._integers(key, default))

    def require_text_model(self, n_tensors: int) -> None:
        """Refuses what llama.cpp would load, but what writes no text; and parts of a model."""
        kind = self._text("general.type", "model")
        what = _WRITES_NO_TEXT.get(
            self.architecture, "" if kind == "model" else f"a file of type {kind}"
        )
        if not self.architecture:
            what = "a file without an architecture"
        elif not what and "tokenizer.ggml.tokens" not in self._values:
            what = f"a model ({self.architecture}) without a tokenizer"
        elif not what and not n_tensors:
            what = f"a vocabulary ({self.architecture}) without weights"
        if what:
            named = f" (architecture {self.architecture})" if self.architecture else ""
            raise ModelError(
                f"not a model that writes text: {what}{'' if '(' in what else named}",
                location=Location(self._path),
                hint=_HINT,
            )
        n_parts = self._values.get("split.count", 1)
        if n_parts not in (0, 1):
            raise ModelError(
                f"the file is one of {n_parts} parts of a model",
                location=Location(self._path),
                hint="join them with llama.cpp's `llama-gguf-split --merge`",
            )

    def info(self, tensors: list[_Tensor], file_bytes: int) -> GgufInfo:
        """The facts, from the keys of the architecture."""
        own = self.architecture
        n_layers = self.integer(f"{own}.block_count")
        embedding = self.integer(f"{own}.embedding_length")
        heads = self.integer(f"{own}.attention.head_count", 1)
        n_kv = self._integers(f"{own}.attention.head_count_kv", heads)
        key = self.integer(f"{own}.attention.key_length", max(1, embedding // heads))
        value = self.integer(f"{own}.attention.value_length", max(1, embedding // heads))
        tokens = self._values["tokenizer.ggml.tokens"]
        if isinstance(tokens, str | int | float):
            raise self._damaged("its list of tokens is none")
        return GgufInfo(
            path=self._path,
            architecture=own,
            name=self._text("general.name", "") or self._path.stem,
            parameters=sum(tensor.n_values for tensor in tensors),
            context_tokens=self.integer(f"{own}.context_length"),
            n_layers=n_layers,
            n_heads=heads,
            embedding=embedding,
            feed_forward=self.integer(f"{own}.feed_forward_length", 4 * embedding),
            n_vocabulary=tokens.n if isinstance(tokens, _Items) else len(tokens),
            kv_values=(sum(n_kv) if len(n_kv) > 1 else n_kv[0] * n_layers) * (key + value),
            kv_8bit=key % 32 == 0 and value % 32 == 0,
            file_bytes=file_bytes,
            quantisation=self._quantisation(tensors),
            chat="tokenizer.chat_template" in self._values,
            dialect=self._text(DIALECT_KEY, ""),
        )

    def _quantisation(self, tensors: list[_Tensor]) -> str:
        try:
            named = _constants().LlamaFileType(self._values.get("general.file_type", -1))
        except ValueError:
            count: Counter[str] = Counter()
            for tensor in tensors:
                count[tensor.type_name] += tensor.n_values
            return count.most_common(1)[0][0]
        return str(named.name).removeprefix("MOSTLY_").removeprefix("ALL_")

    def _text(self, key: str, default: str) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self._damaged(f"{key} is {value!r}, not a text")
        return value

    def _integers(self, key: str, default: int | None) -> tuple[int, ...]:
        value = self._values.get(key, default)
        values = value if isinstance(value, tuple) else (value,)
        if not all(type(v) is int and 0 <= v < 1 << 40 for v in values) or not any(values):
            raise self._damaged(f"{key} is {value!r}")
        return values
