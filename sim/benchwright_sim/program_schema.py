"""The published JSON schema (draft 2020-12) of a stimulus program.

`program_json` is the reader; what no schema can say (names that exist, widths, nesting at most 4
deep) is checked there.
"""

from __future__ import annotations

from typing import Any

VERSION = 1
"""Of the format; a reader refuses any other."""

MAX_COUNT = 2**32 - 1
"""Largest number of cycles, moves, repetitions or periods."""

IDENTIFIER = "[A-Za-z_][A-Za-z0-9_$]*"
HEXADECIMAL = "0x[0-9a-fA-F]+"


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, **({"minItems": at_least} if at_least else {})}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


_COUNT = {"type": "integer", "minimum": 1, "maximum": MAX_COUNT}

_DEFINITIONS: dict[str, Any] = {
    "value": {
        "description": "An unsigned value; hexadecimal text where a number would lose digits.",
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": f"^{HEXADECIMAL}$"},
        ],
    },
    "segment": _object(
        {
            "name": {"type": "string", "pattern": f"^{IDENTIFIER}$"},
            "purpose": {"type": "string"},
            "actions": _list(_ref("action")),
        },
        {
            "periods": {
                "description": "Cycles between active edges of a clock, 0 to stop it; default 1.",
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MAX_COUNT},
            }
        },
    ),
    "action": {
        "oneOf": [_object({name: _ref(name)}) for name in ("drive", "cycles", "random")]
        + [_object({name: _ref(name)}) for name in ("wait_for", "repeat")]
    },
    "drive": {
        "description": "Sets inputs; they take effect with the next cycle.",
        "type": "object",
        "additionalProperties": _ref("value"),
        "minProperties": 1,
    },
    "cycles": {"description": "Runs cycles with the inputs as they are.", **_COUNT},
    "random": {
        "description": "Moves inputs n times, each move followed by `pace` cycles.",
        **_object(
            {
                "n": _COUNT,
                "seed": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
                "drivers": _list(_ref("driver")),
            },
            {"pace": {**_COUNT, "default": 1}},
        ),
    },
    "driver": _object(
        {
            "input": {"type": "string"},
            "mode": {"enum": ["uniform", "bias", "onehot", "walk", "step", "choice", "copy"]},
        },
        {
            "change": {"type": "integer", "minimum": 1, "maximum": 256, "default": 256},
            "amount": _ref("value"),
            "values": _list(_ref("value"), at_least=1),
            "cares": _list(_ref("value"), at_least=1),
            "source": {"type": "string"},
        },
    ),
    "wait_for": {
        "description": "Runs cycles until an output has a value, at most `timeout` of them.",
        **_object({"signal": {"type": "string"}, "value": _ref("value"), "timeout": _COUNT}),
    },
    "repeat": _object({"n": _COUNT, "body": _list(_ref("action"))}),
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Benchwright stimulus program",
    "$defs": _DEFINITIONS,
    **_object(
        {
            "version": {"const": VERSION},
            "segments": _list(_ref("segment")),
            "run": {
                "description": "Names of segments, in the order in which they run.",
                **_list({"type": "string"}),
            },
        }
    ),
}
"""Every program in JSON is valid under it."""
