"""Local models with real GGUF files, opened once for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchwright_agent.models.local.llamacpp import LlamaCpp
from tests.agent.models.local import endless_gguf
from tests.tiny_model import tiny_gguf


@pytest.fixture(scope="module")
def tiny() -> Iterator[LlamaCpp]:
    with LlamaCpp(tiny_gguf(), threads=2) as model:
        yield model


@pytest.fixture(scope="module")
def endless() -> Iterator[LlamaCpp]:
    with LlamaCpp(endless_gguf(), threads=2) as model:
        yield model
