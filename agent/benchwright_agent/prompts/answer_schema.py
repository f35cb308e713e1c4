"""The JSON schema of a model's stimulus for one interface, and segments read from such an answer.

The published form of a stimulus program (`benchwright_sim.program_schema`) leaves names and widths
open. A grammar made from this narrower one lets a model write nothing but actions that exist on
the design at hand: its inputs, its outputs, a bounded number of steps. Not every grammar honours
`maximum`; what it lets through, the reader (`answer`) cuts to size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import Mode

MAX_CYCLES = 10_000
MAX_REPEATS = 256
MAX_SEGMENTS = 3
MAX_ACTIONS = 12
MAX_BODY = 6
MAX_MOVES = 1_000

MODES: tuple[Mode, ...] = ("uniform", "onehot", "walk", "step")
_EXACT_BITS = 32
_PURPOSE = "[A-Za-z0-9 ,.()=_+-]{1,60}"


def answer_schema(interface: Interface) -> dict[str, Any]:
    """The schema: `{"segments": [{"purpose": ..., "actions": [...]}]}`, every list bounded."""
    steps = [_one("cycles", _count(MAX_CYCLES))]
    more: list[dict[str, Any]] = []
    if interface.inputs:
        steps.insert(0, _one("drive", _drive(interface)))
        more.append(_one("random", _random(interface)))
    if interface.outputs:
        steps.append(_one("wait_for", _wait_for(interface)))
    step = {"$ref": "#/$defs/step"}
    repeat = _object({"n": _count(MAX_REPEATS), "body": _list(step, MAX_BODY)})
    action = {"anyOf": [step, *more, _one("repeat", repeat)]}
    purpose = {"type": "string", "pattern": f"^{_PURPOSE}$"}
    segment = _object({"purpose": purpose, "actions": _list(action, MAX_ACTIONS)})
    return {
        "$defs": {"step": {"anyOf": steps}},
        **_object({"segments": _list(segment, MAX_SEGMENTS)}),
    }


def _object(properties: Mapping[str, Any], *, optional: bool = False) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [] if optional else list(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any], at_most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": at_most}


def _one(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return _object({name: content})


def _count(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _value(width: int) -> dict[str, Any]:
    if width == 1:
        return {"enum": [0, 1]}
    if width <= _EXACT_BITS:
        return {"type": "integer", "minimum": 0, "maximum": (1 << width) - 1}
    return {"type": "string", "pattern": f"^0x[0-9a-f]{{1,{-(-width // 4)}}}$"}


def _drive(interface: Interface) -> dict[str, Any]:
    values = _object({s.name: _value(s.width) for s in interface.inputs}, optional=True)
    return {**values, "minProperties": 1}


def _wait_for(interface: Interface) -> dict[str, Any]:
    by_width: dict[int, list[str]] = {}
    for signal in interface.outputs:
        by_width.setdefault(signal.width, []).append(signal.name)
    forms = [
        _object({"signal": {"enum": names}, "value": _value(width), "timeout": _count(MAX_CYCLES)})
        for width, names in sorted(by_width.items())
    ]
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _random(interface: Interface) -> dict[str, Any]:
    names = [signal.name for signal in interface.inputs]
    driver = _object({"input": {"enum": names}, "mode": {"enum": list(MODES)}})
    return _object({"n": _count(MAX_MOVES), "drivers": _list(driver, min(len(names), 8))})


def names_of(signals: Sequence[Signal]) -> str:
    """Signals and their widths, for a prompt: `push, data[7:0]`."""
    return ", ".join(s.name if s.width == 1 else f"{s.name}[{s.width - 1}:0]" for s in signals)
