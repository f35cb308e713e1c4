"""The lines on which the keys of a TOML file stand, which the standard library's reader forgets.

A scan of headers and of the keys at the beginning of lines; what stands inside a value of several
lines, or in an inline table, is known by the line of the key that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Path = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_FENCE = re.compile(r'"""|' + "'''")


def key_lines(text: str) -> Mapping[Path, int]:
    """Line, from 1, of every table and key of a TOML text, the first one of each."""
    found: dict[Path, int] = {}
    table: Path = ()
    for number, line in _outside_of_strings(text):
        if header := _HEADER.fullmatch(line.partition("#")[0].rstrip()):
            table = _parts(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for n in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:n], number)
    return found


def _outside_of_strings(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not begin inside a string of several lines."""
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not fence:
            yield number, line
        for mark in _FENCE.findall(line):
            if not fence:
                fence = mark
            elif mark == fence:
                fence = ""


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
