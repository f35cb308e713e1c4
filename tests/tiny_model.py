"""A small real model for the tests: a Qwen3 of 1.6 million weights, made once and kept.

Its tokenizer and its weights are trained for some seconds on the examples of this repository
(`tiny_recipe`), so that it prefers some tokens clearly and ends its answers: asked for anything, it
writes a fenced block of a few lines that look like SystemVerilog. The folder is what transformers
saves, the GGUF file what our exporter makes of it. For a model that never ends by itself, or of
another size, take `shaped_gguf`.

All are kept in the cache folder under a hash of what they are made from; workers that run side by
side wait for the one that makes it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from benchwright_sim.buildcache import cached_folder
from benchwright_sim.toolchain import cache_dir
from benchwright_trainer.export import About, Precision, export
from tests import shaped_model, tiny_recipe
from tests.shaped_model import Quantisation

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "gguf", "numpy")
_TRAINER = tiny_recipe.ROOT / "trainer" / "benchwright_trainer"


@cache
def tiny_folder() -> Path:
    """The model as a Hugging Face folder; read only."""
    key = _key([Path(tiny_recipe.__file__), *tiny_recipe.sources()])
    return cached_folder(_root("tiny"), key, _train)


@cache
def tiny_gguf(precision: Precision = "f32") -> Path:
    """The model as a GGUF file; read only."""
    made_from = [*_TRAINER.glob("*.py"), Path(__file__)]
    key = f"{tiny_folder().name}-{precision}-{_key(made_from)}"

    def build(folder: Path) -> None:
        about = About(name="tiny", license="Apache-2.0", languages=("en",))
        export(tiny_folder(), folder / "tiny.gguf", precision=precision, about=about)

    return cached_folder(_root("tiny"), key, build) / "tiny.gguf"


@cache
def shaped_gguf(
    *,
    layers: int,
    hidden: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    ffn: int,
    vocab: int,
    quantisation: Quantisation = "Q4_K_M",
) -> Path:
    """A GGUF file of any shape, with random weights and the tiny model's tokenizer; read only."""
    architecture = shaped_model.architecture(
        layers=layers, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=head_dim, ffn=ffn,
        vocab=vocab,
    )  # fmt: skip
    made_from = [*_TRAINER.glob("*.py"), Path(shaped_model.__file__)]
    key = _key(made_from, f"{architecture}{tiny_folder().name}")
    shape = f"{layers}-{hidden}-{heads}-{kv_heads}-{head_dim}-{ffn}-{vocab}-{quantisation}"

    def build(folder: Path) -> None:
        shaped_model.write(folder / "shaped.gguf", architecture, quantisation, tiny_folder())

    return cached_folder(_root(f"shaped-{shape}"), key, build) / "shaped.gguf"


def _root(kind: str) -> Path:
    """A cache for each kind, so that no model pushes out another that is in use."""
    return cache_dir() / "test-models" / kind


def _key(files: Iterable[Path], text: str = "") -> str:
    """Changes with the files' contents, the text and the versions of the libraries."""
    digest = hashlib.sha256(text.encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    digest.update(repr([version(name) for name in _LIBRARIES]).encode())
    return digest.hexdigest()[:16]


def _train(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.tiny_recipe", str(folder)],
        cwd=tiny_recipe.ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        check=True,
        timeout=600,
    )
