"""The automaton of a pattern, against a search in the whole history."""

from __future__ import annotations

import itertools
import random

import pytest

from benchwright_trainer.designs.families.sequences import _following


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("moore", [True, False])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_finds_are_those_of_a_search_in_the_history(n: int, moore: bool, overlap: bool) -> None:
    for pattern in map(list, itertools.product((0, 1), repeat=n)):
        rng = random.Random(1)
        history = [rng.randrange(2) for _ in range(300)]
        assert _finds(pattern, history, moore=moore, overlap=overlap) == _searched(
            pattern, history, overlap=overlap
        )


def _finds(pattern: list[int], history: list[int], *, moore: bool, overlap: bool) -> list[int]:
    """Where the last bits are, by the automaton."""
    at, found = 0, []
    for i, bit in enumerate(history):
        last = at == len(pattern) - 1 and bit == pattern[-1]
        at = _following(pattern, at, bit, overlap=overlap, moore=moore)
        if at == len(pattern) if moore else last:
            found.append(i)
    return found


def _searched(pattern: list[int], history: list[int], *, overlap: bool) -> list[int]:
    """Where the last bits are, by looking everywhere."""
    n, found = len(pattern), list[int]()
    for i in range(n - 1, len(history)):
        if history[i - n + 1 : i + 1] == pattern and (
            overlap or not found or i - n + 1 > found[-1]
        ):
            found.append(i)
    return found
