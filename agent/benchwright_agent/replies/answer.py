"""Segments of stimulus, read from a model's answer as far as it fits an interface.

Forgiving where the published form's reader (`benchwright_sim.program_json`) is strict: an answer
that ended in mid-sentence is read as far as it goes, numbers are cut to size, names that the
interface does not have are left out. What comes out always runs.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchwright_agent.prompts.answer_schema import (
    MAX_ACTIONS,
    MAX_BODY,
    MAX_CYCLES,
    MAX_MOVES,
    MAX_REPEATS,
    MAX_SEGMENTS,
    MODES,
)
from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Random, Repeat, Segment, WaitFor

_NOT_IN_PURPOSE = re.compile(r"[^A-Za-z0-9 ,.()=_+-]+")
_PRAGMA = re.compile(r"verilator|synopsys|synthesis|pragma|translate", re.IGNORECASE)


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
    listed = segments if isinstance(segments, list) else []
    items = [item for item in listed if isinstance(item, dict)]
    found = (
        Segment("", _aim(item.get("purpose")), read.actions(item.get("actions"), MAX_ACTIONS))
        for item in items[:MAX_SEGMENTS]
    )
    return tuple(segment for segment in found if segment.actions)


def _aim(value: object) -> str:
    """A purpose fit for a comment; a tool's pragma in it is no purpose."""
    words = _NOT_IN_PURPOSE.sub(" ", value).split() if isinstance(value, str) else []
    text = " ".join(words)[:60].rstrip()
    return "model" if not text or _PRAGMA.search(text) else text


def _json(text: str) -> Any:
    """The answer's JSON, completed where the text ends too early; None if there is none.

    It begins at the bracket before the word `segments`, whatever was said ahead of it, or at the
    first one.
    """
    said = text.rfind("{", 0, max(0, text.find('"segments"')))
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return None
    start = max(start, said)
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
        match item:
            case {"cycles": n}:
                return Cycles(_bounded(n, MAX_CYCLES))
            case {"drive": dict(values)}:
                return self._drive(values)
            case {"wait_for": dict(content)}:
                return self._wait_for(content)
            case {"random": dict(content)}:
                return self._random(content)
            case {"repeat": dict(content)} if repeats:
                body = self.actions(content.get("body"), MAX_BODY, repeats=False)
                return Repeat(_bounded(content.get("n"), MAX_REPEATS), body) if body else None
        return None

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
    return next((Driver(known) for known in MODES if known == mode), Driver())


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
