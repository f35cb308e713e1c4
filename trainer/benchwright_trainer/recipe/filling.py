"""Plain tables -> the frozen options of a component, by the types that its fields declare.

Components declare their options as dataclasses of plain types and check ranges themselves, with a
ValueError that names the field. Nothing here knows any of them: what a key may hold is read from
its annotation. Known are bool, int, float, str, Literal, tuples of these, `| None`, dataclasses,
and mappings from names to dataclasses.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Path = tuple[str, ...]
T = TypeVar("T")

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


class KeyProblem(Exception):
    """One key is not legal.

    Attributes:
        path: of the key, or of the table that a check of several keys is about.
        message: what its value is, and what is wrong with it.
        legal: what may stand there.
    """

    def __init__(self, path: Path, message: str, legal: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.legal = legal


def filled(default: T, table: object, path: Path) -> T:
    """The dataclass `default` with the values of a table in place of its own.

    Raises:
        KeyProblem: a key is unknown, or its value is of another type or out of its range.
    """
    if not isinstance(table, Mapping):
        raise KeyProblem(path, f"is {shown(table)}", f"a table: [{'.'.join(path)}]")
    cls = type(default)
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type] # is one
    for key in table:
        if key not in names:
            raise unknown_key((*path, key), names)
    values = {
        key: _value(hints[key], value, getattr(default, key), (*path, key))
        for key, value in table.items()
    }
    return checked(lambda: dataclasses.replace(default, **values), names, path)  # type: ignore[type-var] # is a dataclass


def checked(make: Callable[[], T], names: Iterable[str], path: Path) -> T:
    """What `make` gives; a ValueError of its checks becomes a problem of the key that it names.

    Raises:
        KeyProblem: in place of a ValueError.
    """
    try:
        return make()
    except ValueError as error:
        message, _, legal = str(error).partition("; legal: ")
        words = re.findall(r"\w+", message)
        key = next((word for word in words if word in set(names)), "")
        if key and message.startswith(f"{key} "):
            message = message.removeprefix(f"{key} ")
        raise KeyProblem((*path, key) if key else path, message, legal) from error


def unknown_key(path: Path, legal: Iterable[str]) -> KeyProblem:
    """A key that is none of `legal`, with the one that it may have been meant to be."""
    names = sorted(legal)
    near = difflib.get_close_matches(path[-1], names, n=1, cutoff=0.5)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return KeyProblem(path, f"is no key of a recipe{meant}", ", ".join(names))


def _value(hint: Any, value: object, default: object, path: Path) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return filled(hint() if default is None else default, value, path)
    if origin is Literal:
        if value not in args or isinstance(value, bool) != isinstance(args[0], bool):
            raise KeyProblem(path, f"is {shown(value)}", ", ".join(map(shown, args)))
        return value
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in args if arg is not type(None))
        return _value(inner, value, default, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise KeyProblem(path, f"is {shown(value)}", f"a list of {_plural(args[0])}")
        return tuple(_value(args[0], item, None, path) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return _named(args[1], value, path)
    return _plain(hint, value, path)


def _plain(hint: type, value: object, path: Path) -> object:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    is_legal = type(value) is hint and (hint is not float or math.isfinite(value))  # type: ignore[arg-type] # a float
    if not is_legal:
        raise KeyProblem(path, f"is {shown(value)}", _NAMES[hint])
    return value


def _named(cls: Any, value: object, path: Path) -> Mapping[str, Any]:
    """Tables by names that the user chooses."""
    if not isinstance(value, Mapping):
        raise KeyProblem(path, f"is {shown(value)}", f"tables: [{'.'.join(path)}.NAME]")
    for name in value:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
            legal = "lower-case letters, digits, '-' and '_', at most 40"
            raise KeyProblem((*path, name), "is no name", legal)
    return {name: filled(cls(), table, (*path, name)) for name, table in value.items()}


def _plural(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(map(shown, get_args(hint)))
    return {str: "texts", int: "whole numbers", float: "numbers"}.get(hint, "values")


def shown(value: object) -> str:
    """A value as a recipe would write it, roughly and in short."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
