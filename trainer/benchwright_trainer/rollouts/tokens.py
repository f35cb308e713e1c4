"""Tokens of texts, by the student's tokenizer or estimated where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchwright_agent.models.model import Message
from benchwright_sim.errors import Location
from benchwright_trainer.errors import TrainerError

CountTokens = Callable[[str], int]
"""Travels between processes: a function of a module, or an object like `FileTokenizer`."""

PER_MESSAGE = 8
"""More tokens than a chat template spends on one turn."""

_BYTES_PER_TOKEN = 3


def estimate_tokens(text: str) -> int:
    """About as many as a tokenizer of code makes; Verilog has 2.5 to 4 bytes a token."""
    return -(-len(text.encode("utf-8", errors="replace")) // _BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class FileTokenizer:
    """Counts by a `tokenizer.json`, which is loaded once in a process."""

    path: Path

    def __call__(self, text: str) -> int:
        """Tokens of a text, without those of its beginning and end.

        Raises:
            TrainerError: the file is missing or no tokenizer.
        """
        return len(_loaded(self.path).encode(text, add_special_tokens=False))


@dataclass(frozen=True, slots=True)
class MessageCounter:
    """Counts prompts for `prompts.testbench.testbench_prompt`."""

    tokens: CountTokens

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt, somewhat more than its template needs."""
        return sum(self.tokens(message.content) + PER_MESSAGE for message in messages)


@cache
def _loaded(path: Path) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415 - an extra

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise TrainerError(
            f"it is no tokenizer: {error}",
            location=Location(path),
            hint="name the tokenizer.json of a model's folder",
        ) from error
