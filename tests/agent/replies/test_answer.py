"""A model's stimulus: held to the design at hand, and read however it comes."""

from __future__ import annotations

import json
import random

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_agent.models.local.grammar import schema_grammar
from benchwright_agent.prompts.answer_schema import (
    MAX_CYCLES,
    MAX_MOVES,
    MAX_SEGMENTS,
    answer_schema,
)
from benchwright_agent.replies.answer import read_answer
from benchwright_sim.interface import Interface
from benchwright_sim.program_fit import check
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)
from tests.built import elaborated

FIFO = elaborated("examples/02_fifo").interface
WIDE = elaborated("tests/rtl/wide_port.sv").interface


def read(text: str, interface: Interface = FIFO) -> tuple[Segment, ...]:
    return read_answer(text, interface, random.Random(1))


def answer(*actions: object, purpose: object = "fill it") -> str:
    return json.dumps({"segments": [{"purpose": purpose, "actions": list(actions)}]})


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (
            [{"drive": {"push": 1, "push_data": 7}}, {"cycles": 3}],
            (Drive((("push", 1), ("push_data", 7))), Cycles(3)),
        ),
        ([{"drive": {"push": 1}}], (Drive((("push", 1),)), Cycles(1))),
        ([{"drive": {"push_data": "0x1ff", "push": True}}, {"cycles": 1}], None),
        ([{"cycles": 10**9}], (Cycles(MAX_CYCLES),)),
        ([{"cycles": -4}], (Cycles(1),)),
        ([{"drive": {"nothing": 1}}, {"cycles": 2}], (Cycles(2),)),
        (
            [{"wait_for": {"signal": "full", "value": 3, "timeout": 9}}],
            (WaitFor("full", 1, 9),),
        ),
        ([{"wait_for": {"signal": "push", "value": 1, "timeout": 9}}], ()),
        (
            [{"repeat": {"n": 2, "body": [{"cycles": 1}, {"repeat": {"n": 2, "body": []}}]}}],
            (Repeat(2, (Cycles(1),)),),
        ),
        (
            [{"random": {"n": 10**6, "drivers": [{"input": "pop", "mode": "step"}, 3]}}],
            (Random(MAX_MOVES, 8806, (("pop", Driver("step", amount=1)),)),),
        ),
        ([{"random": {"n": 3, "drivers": []}}, "cycles", None, {"dance": 1}], ()),
    ],
)
def test_actions(actions: list[object], expected: tuple[Action, ...] | None) -> None:
    segments = read(answer(*actions))
    if expected is None:
        expected = (Drive((("push_data", 0xFF), ("push", 1))), Cycles(1))
    assert [segment.actions for segment in segments] == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        'Here it is:\n```json\n{"segments": [{"purpose": "a", "actions": [{"cycles": 5}]}]}\n```',
        '<think>{push}</think>{"segments": [{"purpose": "a", "actions": [{"cycles": 5}]}]} done',
        '{"segments":[{"purpose":"a","actions":[{"cycles":5},{"drive":{"pu',
        '{"segments":[{"purpose":"a","actions":[{"cycles":5}]},{"purpose":"b}","actions":[',
        '[{"purpose": "a", "actions": [{"cycles": 5}]}]',
    ],
)
def test_words_around_it_and_a_missing_end_are_forgiven(text: str) -> None:
    assert [segment.actions for segment in read(text)] == [(Cycles(5),)]


@pytest.mark.parametrize("text", ["", "{", "[", "no", '{"segments": 3}', "[" * 5000, '{"a":' * 999])
def test_what_holds_no_stimulus_gives_none(text: str) -> None:
    assert read(text) == ()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("fill, then pop (twice)", "fill, then pop (twice)"),
        ("// verilator coverage_off", "model"),
        ("a */ b\n`include \\", "a b include"),
        ("x" * 99, "x" * 60),
        (7, "model"),
    ],
)
def test_a_purpose_is_fit_for_a_comment(said: object, kept: str) -> None:
    (segment,) = read(answer({"cycles": 1}, purpose=said))
    assert segment.purpose == kept


KEYS = ["segments", "actions", "drive", "push", "cycles", "repeat", "n", "body", "random"]
KEYS += ["drivers", "input", "mode", "wait_for", "signal", "value", "timeout", "purpose"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=40,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.integers(0, 400))
def test_whatever_is_answered_what_is_read_runs(value: object, cut: int) -> None:
    text = json.dumps({"segments": [{"purpose": "p", "actions": [value]}, value]})
    for segment in read(text[: len(text) - cut]):
        named = Segment("s", segment.purpose, segment.actions)
        check(Program((named,), ("s",)), FIFO)


@pytest.mark.parametrize("interface", [FIFO, WIDE], ids=["fifo", "wide"])
def test_the_schema_is_one_and_llama_cpp_can_be_held_to_it(interface: Interface) -> None:
    schema = answer_schema(interface)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema_grammar(schema).startswith("root ::=")


def test_the_schema_names_only_what_the_design_has() -> None:
    validator = jsonschema.Draft202012Validator(answer_schema(FIFO))
    good = {"purpose": "fill", "actions": [{"drive": {"push": 1}}, {"cycles": 2}]}
    validator.validate({"segments": [good]})
    for wrong in (
        {"segments": [good] * (MAX_SEGMENTS + 1)},
        {"segments": [{**good, "actions": [{"drive": {}}]}]},
        {"segments": [{**good, "actions": [{"drive": {"nothing": 1}}]}]},
        {"segments": [{**good, "actions": [{"drive": {"push": 2}}]}]},
        {"segments": [{**good, "actions": [{"drive": {"clk": 1}}]}]},
    ):
        assert not validator.is_valid(wrong), wrong
