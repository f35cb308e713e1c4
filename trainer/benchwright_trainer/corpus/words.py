"""Verilog text as words, to tell copies from other designs.

Comments and white space do not count. For ROUGE-L a text is its identifiers, keywords and numbers
in lower case, so that other formatting hides nothing; documents keep all their words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from benchwright_agent.protocol.task import SourceText

_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?(?:\*/|\Z)', re.S)
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


def without_comments(code: str) -> str:
    """Verilog with a blank for each comment; `//` in a string begins none."""
    return _COMMENT.sub(lambda match: match[1] or " ", code)


def code_words(code: str) -> list[str]:
    """The words of Verilog."""
    return _WORD.findall(without_comments(code).lower())


def document_words(text: str) -> list[str]:
    """The words of prose."""
    return _WORD.findall(text.lower())


def fingerprint(files: Iterable[SourceText]) -> str:
    """The same for files that differ in names, comments and white space only."""
    texts = sorted(" ".join(_TOKEN.findall(without_comments(file.text))) for file in files)
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()
