"""Lays out statements: indentation, and where `begin` and `else` stand.

Statements come as lines without indentation that matters. Knows `begin`, `case`, `function` and the
bodies of one line below `if`, `else` and labels: enough for what the families write, no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchwright_trainer.designs.style import Style

_LONGEST = 100
_OPERATORS = (" || ", " && ", " ? ", " : ", " + ", " | ")
_OPENING = re.compile(r"\b(?:begin|casez?|casex|function)\b")
_CLOSING = re.compile(r"\b(?:end|endcase|endfunction)\b")
_HANGING = re.compile(
    r"^(?:(?:end )?(?:else )?if\b.*\)|(?:end )?else|(?:always|initial|for)\b.*|[^?=]*:)$"
)


def lay_out(text: str, style: Style, depth: int = 1) -> list[str]:
    """Lines of `text`, indented from `depth` on, with the style's braces."""
    lines: list[str] = []
    hanging = 0
    for line in _braced(text, style):
        code = line.split("//", 1)[0].strip()
        closes = _closes_first(code)
        level = depth + hanging * (not code.startswith("begin")) - closes
        lines += fold(style.indent * level + line, style)
        if not code:
            continue
        depth += len(_OPENING.findall(code)) - len(_CLOSING.findall(code))
        hangs = _HANGING.match(code) and not code.endswith((" begin", ";"))
        hanging = hanging + 1 if hangs else 0
    return lines


def fold(line: str, style: Style) -> list[str]:
    """A line that is not too long, or several, broken before operators."""
    lines: list[str] = []
    while len(line) > _LONGEST:
        start = len(line) - len(line.lstrip())
        cut = max(line.rfind(operator, start, _LONGEST) for operator in _OPERATORS)
        if cut <= start + len(style.indent) or "//" in line:
            break
        lines.append(line[:cut])
        line = line[:start] + (style.indent if not lines[1:] else "") + line[cut + 1 :]
    return [*lines, line]


def _closes_first(code: str) -> bool:
    return _CLOSING.match(code) is not None


def _braced(text: str, style: Style) -> Iterator[str]:
    """Lines with `end else begin` and `begin` where the style has them."""
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            continue
        if style.bracing != "same" and line.startswith("end else"):
            yield "end"
            line = line.removeprefix("end ")
        if style.bracing == "next" and line.endswith(" begin") and not line.startswith("begin"):
            yield line.removesuffix(" begin")
            yield "begin"
        else:
            yield line
