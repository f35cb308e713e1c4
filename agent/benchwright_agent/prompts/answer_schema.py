"""The JSON schema of a model's stimulus for one interface, and segments read from such an answer.

The published form of a stimulus program (`benchwright_sim.program_schema`) leaves names and widths
open. A grammar made from this narrower one lets a model write nothing but actions that exist on
the design at hand: its inputs, its outputs, a bounded number of steps. What a grammar cannot
bound (not all of them honour `maximum`) is cut to size by the reader, and an answer that ended in
mid-sentence is read as far as it goes.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Mode,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

MAX_CYCLES = 10_000
MAX_REPEATS = 256
MAX_SEGMENTS = 3
MAX_ACTIONS = 12
MAX_BODY = 6
MAX_MOVES = 1_000

_MODES: tuple[Mode, ...] = ("uniform", "onehot", "walk", "step")
_EXACT_BITS = 32
_PURPOSE = "[A-Za-z0-9 ,.()=_+-]{1,60}"
_NOT_IN_PURPOSE = re.compile(r"[^A-Za-z0-9 ,.()=_+-]+")
_PRAGMA = re.compile(r"verilator|synopsys|synthesis|pragma|translate", re.IGNORECASE)


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
    return _object({s.name: _value(s.width) for s in interface.inputs}, optional=True)


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
    driver = _object({"input": {"enum": names}, "mode": {"enum": list(_MODES)}})
    return _object({"n": _count(MAX_MOVES), "drivers": _list(driver, min(len(names), 8))})


def read_answer(text: str, interface: Interface, rng: random.Random) -> tuple[Segment, ...]:
    """Segments of an answer, without names; what does not fit the interface is left out.

    Args:
        text: of the answer, possibly cut short, possibly with words around the JSON.
        interface: of the design.
        rng: draws the seeds of random actions.
    """
    data = _json(text)
    segments = data.get("segments") if isinstance(data, dict) else data
    read = _Reader(interface, rng)
    found = []
    for item in segments if isinstance(segments, list) else []:
        if isinstance(item, dict) and (actions := read.actions(item.get("actions"), MAX_ACTIONS)):
            found.append(Segment("", _aim(item.get("purpose")), actions))
    return tuple(found[:MAX_SEGMENTS])


def _aim(value: object) -> str:
    """A purpose fit for a comment; a tool's pragma in it is no purpose."""
    text = _NOT_IN_PURPOSE.sub(" ", value).strip()[:60] if isinstance(value, str) else ""
    return "model" if not text or _PRAGMA.search(text) else text


def _json(text: str) -> Any:
    """The first JSON value in a text, completed where the text ends too early; None if none."""
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return None
    for candidate in _completions(text[start:]):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return None


def _completions(text: str) -> Iterator[str]:
    """The text up to where its first bracket closes, else up to its last complete objects."""
    stack: list[str] = []
    cuts: list[tuple[int, str]] = []
    quoted = escaped = False
    for i, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]":
            if not stack or stack.pop() != char:
                break
            cuts.append((i + 1, "".join(reversed(stack))))
            if not stack:
                break
    for end, closing in reversed(cuts[-8:]):
        yield text[:end] + closing


class _Reader:
    """Takes what fits an interface from JSON values of any kind."""

    def __init__(self, interface: Interface, rng: random.Random) -> None:
        self._inputs: dict[str, Signal] = {s.name: s for s in interface.inputs}
        self._outputs: dict[str, Signal] = {s.name: s for s in interface.outputs}
        self._rng = rng

    def actions(self, value: object, at_most: int, *, repeats: bool = True) -> tuple[Action, ...]:
        """Actions in order; inputs that are set and then never clocked get a cycle."""
        items = value[:at_most] if isinstance(value, list) else []
        read = (self._action(item, repeats=repeats) for item in items)
        found = [action for action in read if action is not None]
        if found and isinstance(found[-1], Drive):
            found.append(Cycles(1))
        return tuple(found)

    def _action(self, item: object, *, repeats: bool) -> Action | None:
        if not isinstance(item, dict) or not item:
            return None
        kind, content = next(iter(item.items()))
        if kind == "cycles":
            return Cycles(_bounded(content, MAX_CYCLES))
        if not isinstance(content, dict):
            return None
        if kind == "drive":
            return self._drive(content)
        if kind == "wait_for":
            return self._wait_for(content)
        if kind == "random":
            return self._random(content)
        if kind != "repeat" or not repeats:
            return None
        body = self.actions(content.get("body"), MAX_BODY, repeats=False)
        return Repeat(_bounded(content.get("n"), MAX_REPEATS), body) if body else None

    def _drive(self, content: Mapping[str, object]) -> Drive | None:
        values = tuple(
            (name, _fitted(value, self._inputs[name].width))
            for name, value in content.items()
            if name in self._inputs
        )
        return Drive(values) if values else None

    def _wait_for(self, content: Mapping[str, object]) -> WaitFor | None:
        signal = self._outputs.get(str(content.get("signal")))
        if signal is None:
            return None
        value = _fitted(content.get("value"), signal.width)
        return WaitFor(signal.name, value, _bounded(content.get("timeout"), MAX_CYCLES))

    def _random(self, content: Mapping[str, object]) -> Random | None:
        listed = content.get("drivers")
        drivers: dict[str, Driver] = {}
        for item in listed if isinstance(listed, list) else []:
            name = str(item.get("input")) if isinstance(item, dict) else ""
            if name in self._inputs:
                drivers[name] = _driver(item.get("mode"))
        n = _bounded(content.get("n"), MAX_MOVES)
        seed = self._rng.randrange(1, 1 << 16)
        return Random(n, seed, tuple(drivers.items())) if drivers else None


def _driver(mode: object) -> Driver:
    if mode == "step":
        return Driver("step", amount=1)
    return next((Driver(known) for known in _MODES if known == mode), Driver())


def _number(value: object) -> int:
    if isinstance(value, str):
        try:
            return int(value.replace("_", ""), 0)
        except ValueError:
            return 0
    return int(value) if isinstance(value, int) else 0


def _bounded(value: object, most: int) -> int:
    return min(max(_number(value), 1), most)


def _fitted(value: object, width: int) -> int:
    return _number(value) & ((1 << width) - 1)


def names_of(signals: Sequence[Signal]) -> str:
    """Signals and their widths, for a prompt: `push, data[7:0]`."""
    return ", ".join(s.name if s.width == 1 else f"{s.name}[{s.width - 1}:0]" for s in signals)
