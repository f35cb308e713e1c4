"""Copies and long designs go, the first of equal ones stays."""

from __future__ import annotations

import pytest

from benchwright_agent.evaluation.rows import Row
from benchwright_agent.protocol.task import SourceText
from benchwright_trainer.corpus.candidate import Candidate, Dropped
from benchwright_trainer.corpus.sifting import (
    estimated_tokens,
    repository_tokens,
    within_tokens,
    without_duplicates,
)
from tests.trainer.corpus.sample_designs import COUNTER, COUNTER_AGAIN, MUX, TWO_TOPS


def candidates(*texts: tuple[str, str | None]) -> list[Candidate]:
    """Of texts with the tops that they name."""
    return [
        Candidate(n, "test", Row(f"r{n}", (SourceText(f"f{n}.sv", text),), module=module))
        for n, (text, module) in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("tops", "duplicates"),
    [
        ((None, None), {1: "r0"}),
        (("mux", "mux", None), {1: "r0", 2: "r0"}),
        (("mux", "parity", "mux", "parity"), {2: "r0", 3: "r1"}),
        ((None, "parity"), {1: "r0"}),
    ],
)
def test_a_file_is_as_many_designs_as_tops_are_named_in_it(
    tops: tuple[str | None, ...], duplicates: dict[int, str]
) -> None:
    found = without_duplicates(candidates(*((TWO_TOPS, top) for top in tops)))
    left_out = {one.number: one.detail for one in found if isinstance(one, Dropped)}
    assert left_out == {n: f"the same as {first}" for n, first in duplicates.items()}


def test_copies_are_told_whatever_their_formatting() -> None:
    first, copy, other = without_duplicates(
        candidates((COUNTER, None), (COUNTER_AGAIN, None), (MUX, None))
    )
    assert isinstance(first, Candidate)
    assert isinstance(copy, Dropped)
    assert isinstance(other, Candidate)


def test_documents_count_and_the_bound_is_the_last_that_fits() -> None:
    row = Row("r", (SourceText("a.sv", "a b c"),), (SourceText("spec.md", "d é"),))
    assert repository_tokens(row, lambda text: len(text.split())) == 5
    assert estimated_tokens("d é") == 2
    for bound, kept in ((5, True), (4, False)):
        (found,) = within_tokens([Candidate(0, "t", row)], lambda text: len(text.split()), bound)
        assert isinstance(found, Candidate) == kept
