"""Verilog and SystemVerilog source as HTML, coloured just enough to read.

A tokeniser of comments, strings, numbers, directives and keywords; it does not parse, and text that
it does not know stays plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from benchwright_sim.identifiers import KEYWORDS
from benchwright_sim.reports.lines import split_lines

_TOKEN = re.compile(
    r"(?P<c>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r'|(?P<s>"(?:\\.|[^"\\\n])*"?)'
    r"|(?P<d>`[A-Za-z_]\w*)"
    r"|(?P<e>\\\S+)"
    r"|(?P<n>(?:\b\d[\d_]*)?'[sS]?[bodhBODH]\s*[\da-fA-FxXzZ?_]+|'[01xXzZ]\b|\b\d[\d_]*(?:\.\d+)?\b)"
    rf"|\b(?P<k>{'|'.join(sorted(KEYWORDS))})\b"
    r"|\$?[A-Za-z_][\w$]*",
    re.DOTALL,
)
"""Groups are the classes of the spans; identifiers are matched so as not to colour their parts."""


def highlight(text: str) -> list[Markup]:
    """One piece of HTML for each line of `text`, every character escaped."""
    source = "\n".join(split_lines(text))
    if not source:
        return [Markup("")] * len(split_lines(text))
    lines: list[list[str]] = [[]]
    for kind, token in _tokens(source):
        for number, part in enumerate(token.split("\n")):
            if number:
                lines.append([])
            if part:
                body = str(escape(part))
                lines[-1].append(f"<span class={kind}>{body}</span>" if kind else body)
    return [Markup("".join(parts)) for parts in lines]  # noqa: S704 - every part is escaped above


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    """(class or empty, text) pieces that together are `source`."""
    position = 0
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup
        if kind is None or kind == "e":
            continue
        if match.start() > position:
            yield "", source[position : match.start()]
        yield kind, match[0]
        position = match.end()
    if position < len(source):
        yield "", source[position:]
