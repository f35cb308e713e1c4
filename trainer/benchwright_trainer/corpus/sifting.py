"""What a design's text alone says against it: that another has the same, or that it is too long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from benchwright_agent.evaluation.rows import Row
from benchwright_agent.models.served.token_count import FIRST_DENSITY
from benchwright_trainer.corpus.candidate import Candidate, Dropped, dropped
from benchwright_trainer.corpus.words import fingerprint

CountTokens = Callable[[str], int]
"""Tokens of a text, by a student's tokenizer."""


def estimated_tokens(text: str) -> int:
    """More tokens than Verilog or prose has, as for servers that do not count."""
    return math.ceil(len(text.encode("utf-8", "replace")) * FIRST_DENSITY)


def repository_tokens(row: Row, count: CountTokens) -> int:
    """Of the paper's R: all files and documents of a design."""
    return sum(count(file.text) for file in (*row.files, *row.specs))


def without_duplicates(candidates: Iterable[Candidate]) -> Iterator[Candidate | Dropped]:
    """The first one of designs whose text is the same but for comments and white space.

    A file may be two designs where rows name different tops in it.
    """
    seen: dict[str, dict[str, str]] = {}
    for candidate in candidates:
        row = candidate.row
        tops = seen.setdefault(fingerprint(row.files), {})
        top = row.module or ""
        same = tops.get(top) or tops.get("") or ("" if top else next(iter(tops.values()), ""))
        tops.setdefault(top, row.id)
        yield dropped(candidate, "duplicate", f"the same as {same}") if same else candidate


def within_tokens(
    candidates: Iterable[Candidate], count: CountTokens, max_tokens: int
) -> Iterator[Candidate | Dropped]:
    """Designs that are not too long; their `meta` gets the number of tokens."""
    for candidate in candidates:
        tokens = repository_tokens(candidate.row, count)
        if tokens > max_tokens:
            yield dropped(candidate, "too long", f"{tokens} tokens, {max_tokens} at most")
        else:
            yield replace(candidate, meta={**candidate.meta, "tokens": tokens})
