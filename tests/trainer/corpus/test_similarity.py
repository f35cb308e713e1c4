"""ROUGE-L is the textbook's, and the bounds skip no pair that counts."""

from __future__ import annotations

import random

import pytest

from benchwright_agent.protocol.task import SourceText
from benchwright_trainer.corpus.similarity import Similar, Suites, Text
from benchwright_trainer.corpus.words import code_words, fingerprint, without_comments
from tests.trainer.corpus.sample_designs import COUNTER, COUNTER_AGAIN, MUX, SHIFTER


def rouge_l(a: list[str], b: list[str]) -> float:
    """By the definition: F-measure of the longest common subsequence, in percent."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = row[:]
        for j, y in enumerate(b, start=1):
            row[j] = before[j - 1] + 1 if x == y else max(before[j], row[j - 1])
    return 200 * row[-1] / (len(a) + len(b))


@pytest.mark.parametrize("threshold", [0.0, 30.0, 50.0, 80.0])
def test_the_nearest_file_is_that_of_the_definition(threshold: float) -> None:
    rng = random.Random(5)
    words = [f"w{n}" for n in range(12)]
    texts = [Text(str(n), rng.choices(words, k=rng.randint(1, 60))) for n in range(30)]
    suites = Suites(texts)
    for _ in range(60):
        other = rng.choices([*words, "unseen"], k=rng.randint(1, 60))
        expected = max(((rouge_l(other, list(t.words)), -n) for n, t in enumerate(texts)))
        found = suites.most_similar(other, above_pct=threshold)
        if expected[0] <= threshold:
            assert found is None
        else:
            assert found is not None
            assert found.name == str(-expected[1])
            assert found.pct == pytest.approx(expected[0])
    assert 0 < suites.n_compared <= suites.n_pairs == 60 * 30


def test_exactly_the_threshold_is_not_above_it() -> None:
    suites = Suites([Text("half", ["a", "b", "c", "d"])])
    assert suites.most_similar(["a", "b", "x", "y"], above_pct=50) is None
    assert suites.most_similar(["a", "b", "c", "y"], above_pct=50) == Similar("half", 75.0)


def test_nothing_is_like_an_empty_text() -> None:
    suites = Suites([Text("empty", []), Text("some", ["a"])])
    assert suites.most_similar([], above_pct=0) is None
    assert Suites([]).most_similar(["a"], above_pct=0) is None


def test_formatting_and_comments_hide_nothing() -> None:
    suites = Suites([Text("counter", code_words(COUNTER)), Text("mux", code_words(MUX))])
    assert suites.most_similar(code_words(COUNTER_AGAIN), above_pct=50) == Similar("counter", 100.0)
    assert suites.most_similar(code_words(SHIFTER), above_pct=70) is None


def test_comments_are_taken_out_of_code_but_not_of_strings() -> None:
    code = 'a // b\n/* c\n */ d "// e" /* f'
    assert without_comments(code).split() == ["a", "d", '"//', 'e"']


def test_a_fingerprint_is_of_what_counts() -> None:
    first = [SourceText("a.sv", COUNTER), SourceText("b.sv", MUX)]
    again = [SourceText("x.v", MUX), SourceText("y.v", COUNTER_AGAIN)]
    assert fingerprint(first) == fingerprint(again)
    assert fingerprint(first) != fingerprint(first[:1])
    assert fingerprint([SourceText("a", "ab")]) != fingerprint([SourceText("a", "a b")])
