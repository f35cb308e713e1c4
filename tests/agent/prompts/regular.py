"""A GBNF grammar without recursion as a regular expression of Python."""

from __future__ import annotations

import json
import re

_PART = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{[\d,]+\}|[()|*+?]|[a-z]+')


def regular(grammar: str) -> re.Pattern[str]:
    """What matches the texts of rule `root`."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())

    def expanded(body: str) -> str:
        parts = []
        for part in _PART.findall(body):
            if part.startswith('"'):
                parts.append(f"(?:{re.escape(json.loads(part))})")
            elif part[0].isalpha():
                parts.append(f"(?:{expanded(rules[part])})")
            else:
                parts.append("(?:" if part == "(" else part)
        return "".join(parts)

    return re.compile(expanded(rules["root"]))
