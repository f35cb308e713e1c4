"""`benchwright.toml`: a design's sources and options, kept beside the design.

Paths are relative to the file's folder. Every key has one type; anything else is an error that
names the file, the key and what is legal.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchwright_sim.errors import Location, ParameterError

PROJECT_FILE = "benchwright.toml"
EDGES = ("posedge", "negedge", "both")
_LEVELS = {"0": 0, "1": 1, "low": 0, "high": 1}


@dataclass(frozen=True, slots=True)
class Project:
    """Contents of a project file; paths are absolute, as `Design` has them."""

    sources: tuple[Path, ...] = ()
    filelists: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    top: str | None = None
    clocks: tuple[tuple[str, str], ...] = ()
    resets: tuple[tuple[str, int], ...] = ()
    file: Path | None = field(default=None, compare=False)


def find_project(folder: Path) -> Path | None:
    """The project file of `folder`, if it has one."""
    path = folder / PROJECT_FILE
    return path if path.is_file() else None


def read_project(path: Path) -> Project:
    """Reads a project file.

    Raises:
        ParameterError: it cannot be read, is not TOML, has an unknown key or a value of a wrong
            type.
    """
    path = path.resolve()
    values: dict[str, Any] = {}
    for key, value in _toml(path).items():
        if key not in _KEYS:
            raise ParameterError(
                f"unknown key {key!r}", location=Location(path), hint=f"legal keys: {_LEGAL_KEYS}"
            )
        try:
            values[key] = _KEYS[key](value)
        except ValueError as error:
            raise ParameterError(f"key {key!r}: {error}", location=Location(path)) from error
    for key in ("sources", "filelists", "include_dirs"):
        values[key] = tuple((path.parent / text).resolve() for text in values.get(key, ()))
    return Project(**values, file=path)


def clock_option(text: str) -> tuple[str, str]:
    """`clk` or `clk:negedge` as (signal, edge).

    Raises:
        ValueError: the edge is none of posedge, negedge, both.
    """
    name, _, edge = text.partition(":")
    if not name or (edge or "posedge") not in EDGES:
        raise ValueError(f"{text!r} is no clock; legal: NAME or NAME:EDGE, EDGE one of {EDGES}")
    return name, edge or "posedge"


def reset_option(text: str) -> tuple[str, int]:
    """`rst`, `rst_n:0` or `rst:high` as (signal, active level); no level means by the name.

    Raises:
        ValueError: the level is none of 0, 1, low, high.
    """
    name, _, level = text.partition(":")
    if not name or (level or "0") not in _LEVELS:
        raise ValueError(f"{text!r} is no reset; legal: NAME or NAME:LEVEL, LEVEL 0 or 1")
    return name, _LEVELS[level] if level else int(not is_active_low(name))


def is_active_low(name: str) -> bool:
    """Whether a reset's name says that it is active low: `rst_n`, `resetn`, `arst_ni`, `nrst`."""
    lower = name.lower()
    return lower.endswith(("_n", "_ni", "_b", "_l", "stn", "etn", "rn", "#")) or lower.startswith(
        ("nr", "n_r")
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"cannot read the project file: {error}", location=Location(path)
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"not TOML: {error}", location=Location(path)) from error


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{value!r} is not legal; write a list of strings, ["a", "b"]')
    if any("\0" in item for item in value):
        raise ValueError(f"{value!r} holds a null character, which no name may have")
    return tuple(value)


def _string(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f'{value!r} is not legal; write a string, "name"')
    return value


def _table(value: object) -> tuple[tuple[str, str], ...]:
    legal = isinstance(value, dict) and all(isinstance(v, str | int) for v in value.values())
    if not isinstance(value, dict) or not legal:
        raise ValueError(f"{value!r} is not legal; write a table of strings or integers, {{W = 8}}")
    return tuple((name, _scalar(item)) for name, item in value.items())


def _scalar(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool | int) else value


_KEYS: dict[str, Callable[[object], object]] = {
    "sources": _strings,
    "filelists": _strings,
    "include_dirs": _strings,
    "defines": _table,
    "parameters": _table,
    "top": _string,
    "clocks": lambda value: tuple(clock_option(text) for text in _strings(value)),
    "resets": lambda value: tuple(reset_option(text) for text in _strings(value)),
}
_LEGAL_KEYS = ", ".join(_KEYS)
