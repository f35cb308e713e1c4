"""Lines keep their place through edits, and nothing is drawn on a line that changed."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_server.results.line_map import line_map, lines_of

LINES = st.lists(st.sampled_from(["", "end", "begin", "  a <= b;", "  c <= d;", "x"]), max_size=30)
UNIQUE = st.integers(0, 60).map(str)


@given(st.one_of(LINES, st.lists(UNIQUE)), st.one_of(LINES, st.lists(UNIQUE)))
def test_a_mapped_line_has_the_same_text_and_the_order_is_kept(
    old: list[str], new: list[str]
) -> None:
    mapping = line_map(old, new)
    assert len(mapping) == len(old)
    pairs = [(was, now) for was, now in enumerate(mapping) if now is not None]
    assert all(old[was] == new[now] for was, now in pairs)
    assert [now for _, now in pairs] == sorted({now for _, now in pairs})


@given(LINES, LINES, LINES, LINES)
def test_what_is_before_and_after_an_edit_keeps_its_place(
    head: list[str], old: list[str], new: list[str], tail: list[str]
) -> None:
    mapping = line_map([*head, *old, *tail], [*head, *new, *tail])
    assert mapping[: len(head)] == tuple(range(len(head)))
    assert sum(now is not None for now in mapping) >= len(head) + len(tail)


@given(st.lists(UNIQUE, unique=True), st.data())
def test_lines_that_are_unique_survive_any_insertion(old: list[str], data: st.DataObject) -> None:
    new = list(old)
    for number in range(data.draw(st.integers(0, 8))):
        new.insert(data.draw(st.integers(0, len(new))), f"new {number}")
    assert all(now is not None for now in line_map(old, new))


def test_one_line_changed_loses_that_line_alone() -> None:
    old = ["module m;", "  assign a = b;", "  assign c = d;", "endmodule"]
    new = ["// top", "module m;", "  assign a = !b;", "  assign c = d;", "endmodule"]
    assert line_map(old, new) == (1, None, 3, 4)


def test_repeated_lines_between_edits_are_found_by_their_number() -> None:
    old = ["a", "end", "b", "end", "c"]
    new = ["A", "end", "B", "end", "C"]
    assert line_map(old, new) == (None, 1, None, 3, None)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),
        ("a\x0cb\x0bc\u2028d\n", ["a\x0cb\x0bc\u2028d", ""]),
        ("\ufeffa\nb", ["a", "b"]),
    ],
)
def test_lines_end_as_the_protocol_has_it(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


def test_long_texts_are_quick_whatever_they_hold() -> None:
    rng = random.Random(1)
    words = [f"  r{n} <= r{n} + 1;" for n in range(900)]
    old = [rng.choice(words) for _ in range(5000)]
    new = list(old)
    for _ in range(300):
        new[rng.randrange(len(new))] = "  changed"
        new.insert(rng.randrange(len(new)), "  inserted")
        del new[rng.randrange(len(new))]
    alike = (["end", "begin"] * 2500, ["begin", "end", "x"] * 1700)
    shuffled = (rng.sample(range(5000), 5000), rng.sample(range(5000), 5000))
    for before, after in ((old, new), alike, tuple([list(map(str, s)) for s in shuffled])):
        start = time.process_time()
        line_map(before, after)
        assert time.process_time() - start < 0.25
