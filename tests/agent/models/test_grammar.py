"""Grammars made of JSON schemas: what they let through is what the schema lets through.

A grammar without recursion is a regular expression, so that what it accepts can be asked of `re`;
llama.cpp's own reading of it is tested in `test_llamacpp`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchwright_agent.models.local.grammar import schema_grammar
from benchwright_agent.models.model import ModelError

_TOKEN = re.compile(
    r"""(?P<text> " (?: \\. | [^"\\] )* ") | (?P<set> \[ (?: \\. | [^]\\] )* \])"""
    r"""| (?P<name> [a-z]\w* ) | (?P<other> \{[\d,]+\} | [()|?*+] )""",
    re.VERBOSE,
)


def accepts(schema: dict[str, Any], text: str) -> bool:
    """Whether the schema's grammar takes a text."""
    rules = dict(line.split(" ::= ", 1) for line in schema_grammar(schema).splitlines())
    return re.fullmatch(expression(rules, "root"), text) is not None


def expression(rules: dict[str, str], name: str) -> str:
    """A rule as a regular expression."""
    parts = []
    for token in _TOKEN.finditer(rules[name]):
        if token["text"]:
            text = re.sub(r"\\(.)", r"\1", token["text"][1:-1])
            parts.append(f"(?:{re.escape(text)})")
        else:
            parts.append(expression(rules, token["name"]) if token["name"] else token[0])
    return f"(?:{''.join(parts)})"


@given(st.integers(), st.integers(), st.integers())
def test_integers_keep_within_their_bounds(a: int, b: int, value: int) -> None:
    schema = {"type": "integer", "minimum": min(a, b), "maximum": max(a, b)}
    assert accepts(schema, str(a))
    assert accepts(schema, str(b))
    assert accepts(schema, str(value)) == (min(a, b) <= value <= max(a, b))
    assert not accepts(schema, f"0{value}")
    assert not accepts(schema, "-0")


def test_every_integer_of_a_range_and_no_other() -> None:
    for least, most in ((0, 0), (0, 1), (-12, 105), (7, 1023), (99, 101), (-3, -1), (995, 1005)):
        schema = {"type": "integer", "minimum": least, "maximum": most}
        found = [n for n in range(-1100, 1100) if accepts(schema, str(n))]
        assert found == list(range(least, most + 1))


def test_wide_values_have_bounds_too() -> None:
    schema = {"type": "integer", "minimum": 0, "maximum": 2**256 - 1}
    assert accepts(schema, str(2**256 - 1))
    assert not accepts(schema, str(2**256))
    assert accepts({"type": "integer"}, "-123456789012345678")
    assert accepts({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, "4")
    assert not accepts({"type": "integer", "exclusiveMinimum": 3}, "3")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"const": 'a"\\b\n'}, ['a"\\b\n'], ["a"]),
        ({"enum": ["push", 1, None, "\u00e9"]}, ["push", 1, None, "\u00e9"], ["pop", 2, True]),
        ({"type": "string", "maxLength": 3, "minLength": 1}, ["a", '"\\"', "\u4e2d"], ["", "abcd"]),
        ({"type": "string", "pattern": "^0x[0-9a-f]{1,4}$"}, ["0x0", "0xffff"], ["0x", "0xfffff"]),
        ({"type": "string", "pattern": "^[a-z.+-]*z?$"}, ["", "a.+-z"], ["A"]),
        ({"type": "array", "items": {"enum": [0, 1]}, "maxItems": 2}, [[], [0], [1, 0]], [[0] * 3]),
        ({"type": "array", "items": {"enum": [0]}, "minItems": 2}, [[0, 0], [0] * 9], [[], [0]]),
        ({"type": "array", "maxItems": 0}, [[]], [[0]]),
        ({"type": "boolean"}, [True, False], [None]),
        ({"type": "number"}, [0, -1.5, 1e9, 0.25], [True]),
        ({"anyOf": [{"type": "null"}, {"enum": [3]}]}, [None, 3], [4]),
        ({"$ref": "#/$defs/a/b", "$defs": {"a": {"b": {"enum": [1]}}}}, [1], [2]),
        (
            {
                "type": "object",
                "properties": {"a": {"enum": [0]}, "b": {"enum": [1]}, "c": {"enum": [2]}},
                "required": ["b"],
                "additionalProperties": False,
            },
            [{"b": 1}, {"b": 1, "a": 0}, {"b": 1, "a": 0, "c": 2}, {"b": 1, "c": 2}],
            [{}, {"a": 0}, {"b": 2}, {"b": 1, "d": 0}],
        ),
        (
            {"type": "object", "properties": {k: {"enum": [0]} for k in "abc"}},
            [{}, {"a": 0}, {"c": 0}, {"a": 0, "c": 0}, {"a": 0, "b": 0, "c": 0}, {"b": 0}],
            [{"a": 1}],
        ),
    ],
)
def test_what_a_schema_says_the_grammar_says(
    schema: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        jsonschema.validate(value, schema)
        assert accepts(schema, compact(value)), value
    for value in bad:
        assert not accepts(schema, compact(value)), value


def compact(value: Any) -> str:
    """As a grammar writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"type": "array", "items": {"$ref": "#/$defs/tree"}}
    grammar = schema_grammar({"$ref": "#/$defs/tree", "$defs": {"tree": tree}})
    assert "root ::= ref0" in grammar
    assert "ref0 ::=" in grammar


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "format": "date"}, "format"),
        ({"type": "string", "pattern": "^(a|b)$"}, "(a|b)"),
        ({"type": "string", "pattern": "a"}, "not bound by"),
        ({"type": "string", "pattern": '^["]$'}, "pattern"),
        ({"type": "integer", "multipleOf": 4}, "multipleOf"),
        ({"type": "integer", "minimum": 4, "maximum": 3}, "from 4 to 3"),
        ({"type": "array"}, "None"),
        ({"type": "object", "required": ["a"]}, "'a'"),
        ({"enum": []}, "nothing"),
        ({"$ref": "#/$defs/none"}, "#/$defs/none"),
        ({}, "type None"),
        ({"allOf": []}, "type None"),
    ],
)
def test_what_cannot_be_enforced_is_refused(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=re.escape(said)):
        schema_grammar(schema)
