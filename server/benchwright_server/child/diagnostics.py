"""What slang has to say about a design's sources, as an editor draws it.

Lines and columns are from 1; columns count characters, where slang counts bytes. slang names the
place where something begins: the word that stands there is taken for what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchwright_sim.frontend.diagnostics import Finding
from benchwright_sim.overlay import Overlay

_WORD = re.compile(r"[`$]?[\w$]+|\S")


def findings_to_json(findings: Iterable[Finding], overlay: Overlay) -> list[dict[str, Any]]:
    """The findings as the values of a `diagnostics` event; those without a place are left out."""
    placed = [f for f in findings if f.location.file.is_absolute() and f.location.line]
    lines = _lines({finding.location.file for finding in placed}, overlay)
    return [_to_json(finding, lines) for finding in dict.fromkeys(placed)]


def _lines(files: Iterable[Path], overlay: Overlay) -> dict[Path, list[str]]:
    texts = dict(overlay)
    for file in files:
        with suppress(OSError):
            texts.setdefault(file, file.read_text("utf-8", errors="replace"))
    return {file: text.split("\n") for file, text in texts.items()}


def _to_json(finding: Finding, lines: Mapping[Path, list[str]]) -> dict[str, Any]:
    place = finding.location
    of_file = lines.get(place.file, [])
    line = of_file[place.line - 1] if place.line <= len(of_file) else ""
    start = len(line.encode()[: max(0, place.column - 1)].decode(errors="ignore"))
    word = _WORD.match(line, start)
    return {
        "file": str(place.file),
        "line": place.line,
        "column": start + 1,
        "end_column": word.end() + 1 if word else None,
        "severity": "error" if finding.is_error else "warning",
        "message": finding.message,
        "code": finding.code,
    }
