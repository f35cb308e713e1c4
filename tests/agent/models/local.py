"""Questions to a local model, one that does not end by itself, and the processes it runs in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from benchwright_agent.models.model import Message, Request, Sampling
from tests.tiny_model import shaped_gguf


def endless_gguf() -> Path:
    """A model that hardly ever ends by itself."""
    return shaped_gguf(
        layers=8, hidden=512, heads=8, kv_heads=4, head_dim=64, ffn=1536, vocab=32_000
    )


def ask(text: str, *, reuse: bool = False, schema: Any = None, **sampling: Any) -> Request:
    """One question."""
    return Request((Message("user", text),), Sampling(**sampling), schema, reuse_prefix=reuse)


def children() -> list[psutil.Process]:
    """Workers of this process that run."""
    return [
        process
        for process in psutil.Process().children()
        if process.status() != psutil.STATUS_ZOMBIE and "llamacpp_worker" in str(process.cmdline())
    ]
