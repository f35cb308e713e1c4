"""Bins by the names that they have in the present text.

A bin is named by its line. Where lines came or went above it since it was measured, the next run of
the design, and a waiver that is to outlast it, know it by another one. A bin whose own line has
changed has no name until it is measured again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer


def present_names(server: BenchwrightServer, path: Path, bins: Iterable[str]) -> tuple[str, ...]:
    """The ids of bins of a file's design, as its next run will give them; those gone are left out.

    Args:
        server: knows what was measured, and the texts of now.
        path: a file of the design.
        bins: ids as they were measured.
    """
    result = server.store.result_of(path)
    names: dict[str, str] = {}
    stale: list[str] = []
    for file in result.texts if result else ():
        view = server.view(server.documents.uri(result.root / file)) if result else None
        if view is not None and view.stale:
            stale.append(f":{file}:")
            for line in view.lines.values():
                for found in (*line.bins, *line.blocks):
                    names[found.bin.id] = replace(found.bin, line=found.line + 1).id
    kept = (names.get(id_) or ("" if _in(id_, stale) else id_) for id_ in bins)
    return tuple(name for name in kept if name)


def _in(id_: str, files: Iterable[str]) -> bool:
    """Whether a bin's id, `branch:fifo.sv:12:7:if`, names one of some files."""
    _, colon, rest = id_.partition(":")
    return any(f"{colon}{rest}".startswith(file) for file in files)
