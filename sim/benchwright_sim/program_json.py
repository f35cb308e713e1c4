"""Stimulus programs as JSON, read strictly: whatever is not understood is refused with its place.

The form is that of `program_schema.SCHEMA`. Values above 2**53 are hexadecimal text, because many
JSON readers keep numbers as doubles. Whether a program fits an interface is another question, see
`program_fit`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

from benchwright_sim.errors import SimError
from benchwright_sim.identifiers import is_identifier
from benchwright_sim.program_schema import HEXADECIMAL, MAX_COUNT, VERSION
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Mode,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

MAX_DEPTH = 4
"""How deep `Repeat` bodies may nest."""

_EXACT = 2**53
_MODES: tuple[Mode, ...] = get_args(Mode)
_T = TypeVar("_T")


class ProgramError(SimError):
    """A stimulus program is malformed, or does not fit the interface."""

    exit_code = 11


def dumps(program: Program) -> str:
    """The program as indented JSON text that `loads` reads back as an equal program."""
    return json.dumps(to_json(program), indent=1) + "\n"


def loads(text: str) -> Program:
    """Reads JSON text.

    Raises:
        ProgramError: it is no JSON, names a key twice, or is no program.
    """
    try:
        return from_json(json.loads(text, object_pairs_hook=_unique))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ProgramError(f"the stimulus program is not JSON: {error}") from error


def to_json(program: Program) -> dict[str, Any]:
    """The program as plain dicts and lists."""
    return {
        "version": VERSION,
        "segments": [
            {
                "name": segment.name,
                "purpose": segment.purpose,
                **({"periods": dict(segment.periods)} if segment.periods else {}),
                "actions": [_action_json(action) for action in segment.actions],
            }
            for segment in program.segments
        ],
        "run": list(program.run),
    }


def from_json(value: object) -> Program:
    """Reads what `to_json` makes.

    Raises:
        ProgramError: a key is missing or unknown, or a value is not what it must be.
    """
    fields = _object(value, "program", ("version", "segments", "run"))
    if fields["version"] != VERSION or isinstance(fields["version"], bool):
        raise _wrong("version", str(VERSION), fields["version"])
    segments = _list(fields["segments"], "segments", _segment)
    names = [segment.name for segment in segments]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise _wrong(f"segments[{i}].name", "a name that no other segment has", name)
    run = _list(fields["run"], "run", _text)
    for i, name in enumerate(run):
        if name not in names:
            raise _wrong(f"run[{i}]", f"one of {', '.join(names) or 'no segments'}", name)
    return Program(segments, run)


def _number(value: int) -> int | str:
    return value if value < _EXACT else hex(value)


def _action_json(action: Action) -> dict[str, Any]:
    match action:
        case Drive(values):
            return {"drive": {name: _number(value) for name, value in values}}
        case Cycles(n):
            return {"cycles": n}
        case Random(n, seed, drivers, pace):
            listed = [_driver_json(name, driver) for name, driver in drivers]
            paced = {"pace": pace} if pace != 1 else {}
            return {"random": {"n": n, "seed": seed, **paced, "drivers": listed}}
        case WaitFor(signal, value, timeout):
            return {"wait_for": {"signal": signal, "value": _number(value), "timeout": timeout}}
        case Repeat(n, body):
            return {"repeat": {"n": n, "body": [_action_json(inner) for inner in body]}}


def _driver_json(name: str, driver: Driver) -> dict[str, Any]:
    result: dict[str, Any] = {"input": name, "mode": driver.mode}
    if driver.change != 256:
        result["change"] = driver.change
    if driver.amount:
        result["amount"] = _number(driver.amount)
    if driver.values:
        result["values"] = [_number(value) for value in driver.values]
    if driver.source:
        result["source"] = driver.source
    if driver.cares:
        result["cares"] = [_number(care) for care in driver.cares]
    return result


def _wrong(place: str, expected: str, found: object) -> ProgramError:
    shown = json.dumps(found, default=str)
    return ProgramError(f"{place}: expected {expected}, found {shown[:80]}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ProgramError(f"the stimulus program names {twice!r} twice in one object")
    return result


def _object(
    value: object, place: str, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    fields = _mapping(value, place)
    for name in required:
        if name not in fields:
            raise _wrong(place, f"a key {name!r}", fields)
    for name in fields:
        if name not in required and name not in optional:
            raise _wrong(place, f"no other keys than {', '.join((*required, *optional))}", name)
    return fields


def _mapping(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(place, "an object", value)
    return value


def _list(value: object, place: str, read: Callable[[object, str], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list):
        raise _wrong(place, "a list", value)
    return tuple(read(item, f"{place}[{i}]") for i, item in enumerate(value))


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise _wrong(place, "text", value)
    return value


def _integer(value: object, place: str, low: int = 1, high: int = MAX_COUNT) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(place, f"an integer from {low} to {high}", value)
    return value


def _value(value: object, place: str) -> int:
    if isinstance(value, str) and re.fullmatch(HEXADECIMAL, value):
        return int(value, 16)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _wrong(place, 'a number of at least 0 or text like "0xff"', value)
    return value


def _segment(value: object, place: str) -> Segment:
    fields = _object(value, place, ("name", "purpose", "actions"), ("periods",))
    name = _text(fields["name"], f"{place}.name")
    if not is_identifier(name):
        raise _wrong(f"{place}.name", "a SystemVerilog identifier that is no keyword", name)
    purpose = _text(fields["purpose"], f"{place}.purpose")
    actions = _list(fields["actions"], f"{place}.actions", _action)
    periods = tuple(
        (clock, _integer(period, f"{place}.periods.{clock}", low=0))
        for clock, period in _mapping(fields.get("periods", {}), f"{place}.periods").items()
    )
    return Segment(name, purpose, actions, periods)


def _action(value: object, place: str) -> Action:
    fields = _mapping(value, place)
    if len(fields) != 1 or next(iter(fields)) not in _ACTIONS:
        raise _wrong(place, f"an object with one key out of {', '.join(_ACTIONS)}", value)
    ((kind, content),) = fields.items()
    inner = f"{place}.{kind}"
    if inner.count(".repeat.") + (kind == "repeat") > MAX_DEPTH:
        raise ProgramError(f"{place}: repeats nest more than {MAX_DEPTH} deep")
    return _ACTIONS[kind](content, inner)


def _drive(value: object, place: str) -> Drive:
    values = _mapping(value, place)
    if not values:
        raise _wrong(place, "at least one input", values)
    return Drive(tuple((name, _value(v, f"{place}.{name}")) for name, v in values.items()))


def _random(value: object, place: str) -> Random:
    fields = _object(value, place, ("n", "seed", "drivers"), ("pace",))
    return Random(
        _integer(fields["n"], f"{place}.n"),
        _integer(fields["seed"], f"{place}.seed"),
        _list(fields["drivers"], f"{place}.drivers", _driver),
        _integer(fields.get("pace", 1), f"{place}.pace"),
    )


def _driver(value: object, place: str) -> tuple[str, Driver]:
    optional = ("change", "amount", "values", "source", "cares")
    fields = _object(value, place, ("input", "mode"), optional)
    if fields["mode"] not in _MODES:
        raise _wrong(f"{place}.mode", f"one of {', '.join(_MODES)}", fields["mode"])
    driver = Driver(
        cast("Mode", fields["mode"]),
        _integer(fields.get("change", 256), f"{place}.change", high=256),
        _value(fields.get("amount", 0), f"{place}.amount"),
        _list(fields.get("values", []), f"{place}.values", _value),
        _text(fields.get("source", ""), f"{place}.source"),
        _list(fields.get("cares", []), f"{place}.cares", _value),
    )
    _check_driver(driver, place)
    return _text(fields["input"], f"{place}.input"), driver


def _check_driver(driver: Driver, place: str) -> None:
    if (driver.mode == "choice") != bool(driver.values):
        raise _wrong(f"{place}.values", "values for mode choice, and for no other", driver.values)
    if (driver.mode == "copy") != bool(driver.source):
        raise _wrong(f"{place}.source", "an input for mode copy, and for no other", driver.source)
    if driver.amount > (256 if driver.mode == "bias" else 0) and driver.mode not in _AMOUNTS:
        raise _wrong(f"{place}.amount", "0 to 256 for bias, any for step and copy", driver.amount)
    if driver.cares and len(driver.cares) != len(driver.values):
        raise _wrong(f"{place}.cares", f"{len(driver.values)} of them, one a value", driver.cares)
    for value, care in zip(driver.values, driver.cares, strict=False):
        if value & ~care:
            raise _wrong(f"{place}.values", f"no bits outside of {care:#x}", value)


def _wait_for(value: object, place: str) -> WaitFor:
    fields = _object(value, place, ("signal", "value", "timeout"))
    return WaitFor(
        _text(fields["signal"], f"{place}.signal"),
        _value(fields["value"], f"{place}.value"),
        _integer(fields["timeout"], f"{place}.timeout"),
    )


def _repeat(value: object, place: str) -> Repeat:
    fields = _object(value, place, ("n", "body"))
    body = _list(fields["body"], f"{place}.body", _action)
    return Repeat(_integer(fields["n"], f"{place}.n"), body)


_AMOUNTS = frozenset({"step", "copy"})
_ACTIONS: Mapping[str, Callable[[object, str], Action]] = {
    "drive": _drive,
    "cycles": lambda value, place: Cycles(_integer(value, place)),
    "random": _random,
    "wait_for": _wait_for,
    "repeat": _repeat,
}
