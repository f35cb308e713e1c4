"""From the column of a bin to a character of its line.

Verilator (5.048) counts bytes of what its preprocessor hands on: a block comment is one space, also
the part of one that began on a line above, and a macro is its expansion. Slang, which places state
machines, counts bytes of the file. What follows a macro on a line can not be told without its text:
such bins stand at the macro, which also holds those within it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchwright_sim.bins import Bin, Kind

_TOKEN = re.compile(r'//.*|/\*|\*/|"(?:\\.|[^"\\])*"?|`\w+')
_BY_SLANG = frozenset([Kind.FSM_STATE, Kind.FSM_ARC])
_ELSE = frozenset(["else", "cond_else"])
"""Names that Verilator puts one column after the place of the condition."""


def character_of(bin_: Bin, line: str, *, in_comment: bool) -> int:
    """The character of `line` that a bin stands at, from 0, in code points.

    Args:
        bin_: of that line.
        line: its text when it was run.
        in_comment: whether it begins within a block comment.
    """
    column = bin_.column - 1 - (bin_.name in _ELSE)
    if bin_.kind in _BY_SLANG:
        found = _of_bytes(line, column)
    else:
        found = _of_preprocessed(line, column, in_comment=in_comment)
    return max(0, min(found, len(line)))


def begin_in_comment(lines: Sequence[str]) -> frozenset[int]:
    """The lines that begin within a block comment."""
    found: list[int] = []
    inside = False
    for number, line in enumerate(lines):
        if inside:
            found.append(number)
        if "*" in line:
            inside = _ends_in_comment(line, inside=inside)
    return frozenset(found)


def _ends_in_comment(line: str, *, inside: bool) -> bool:
    at = 0
    while True:
        if inside:
            end = line.find("*/", at)
            if end < 0:
                return True
            inside, at = False, end + 2
        token = _TOKEN.search(line, at)
        if token is None:
            return False
        inside, at = token[0] == "/*", token.end()


def _of_bytes(line: str, column: int) -> int:
    if line.isascii():
        return column
    return len(line.encode()[:column].decode(errors="ignore"))


def _of_preprocessed(line: str, column: int, *, in_comment: bool) -> int:
    at = done = 0  # characters of the line, and bytes that the preprocessor made of them
    inside = in_comment
    while True:
        if inside:
            end = line.find("*/", at)
            if done + 1 > column or end < 0:
                return at
            at, done, inside = end + 2, done + 1, False
        token = _TOKEN.search(line, at)
        stop = token.start() if token else len(line)
        plain = line[at:stop]
        n_bytes = len(plain.encode("utf-8", "surrogatepass"))
        if done + n_bytes > column or token is None:
            return at + _of_bytes(plain, column - done)
        if token[0][0] == "`":
            return stop
        at, done = stop, done + n_bytes
        if token[0] == "/*":
            inside, at = True, token.end()
            continue
        text = token[0]
        n_bytes = len(text.encode("utf-8", "surrogatepass"))
        if done + n_bytes > column:
            return at + _of_bytes(text, column - done)
        at, done = token.end(), done + n_bytes
