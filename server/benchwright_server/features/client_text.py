"""A text with positions in the unit that client and server agreed on (`positionEncoding`).

Lines count from 0, and characters that come in count code points. Source: LSP 3.17, "Position".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

_TOKEN = re.compile(r"\d*'[sS]?\w+|\w[\w$]*|\$\w+|[<>=!&|^~+*/%?:-]+|\S")


@dataclass(frozen=True, slots=True)
class ClientText:
    """The current text of one file.

    Attributes:
        lines: of the text, line ends allowed.
        codec: turns code points into the client's unit.
    """

    lines: Sequence[str]
    codec: PositionCodec

    def line(self, number: int) -> str:
        """A line without its end; empty when the text has no such line."""
        return self.lines[number].rstrip("\r\n") if 0 <= number < len(self.lines) else ""

    def position(self, line: int, character: int) -> lsp.Position:
        """The client's position of a code point."""
        return lsp.Position(line, self.units(line, character))

    def units(self, line: int, character: int) -> int:
        """The client's count of a line's code points before one.

        As the codec counts, but not one by one in Python: a request may have thousands.
        """
        text = self.line(line)[:character]
        if text.isascii() or self.codec.encoding == lsp.PositionEncodingKind.Utf32:
            return len(text)
        if self.codec.encoding == lsp.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    def end_of(self, line: int) -> lsp.Position:
        """Behind the last character of a line that is not blank."""
        return self.position(line, len(self.line(line).rstrip()))

    def extent(self, first: int, last: int) -> lsp.Range:
        """Some lines, from the first to the last character that is not blank."""
        text = self.line(first).rstrip()
        return lsp.Range(self.position(first, len(text) - len(text.lstrip())), self.end_of(last))

    def token(self, line: int, character: int) -> lsp.Range:
        """The word, number or operator at a character; the next one where it is blank."""
        for match in _TOKEN.finditer(self.line(line)):
            if match.end() > character:
                start, end = match.span()
                return lsp.Range(self.position(line, start), self.position(line, end))
        return self.extent(line, line)
