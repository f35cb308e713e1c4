"""Texts that stand in for files: an editor's unsaved buffers, run in place of what is on disk.

slang is given such texts under the files' own names. Verilator reads files alone, so that each text
is written to one that begins with a `` `line`` directive (IEEE 1800-2017 clause 22.12): messages,
coverage points and `__FILE__` name the file that it stands in for. Not covered: files included by
an absolute path, and data files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Overlay = tuple[tuple[Path, str], ...]
"""(file, text); files are absolute and without links."""


@dataclass(frozen=True, slots=True)
class StandIns:
    """The files that Verilator is given instead, each at its own absolute path below a folder.

    Attributes:
        folder: that holds them.
        files: that have one.
    """

    folder: Path
    files: frozenset[Path]

    def file(self, file: Path) -> Path:
        """What to read for a file: its stand-in, where it has one."""
        return self._place(file) if file in self.files else file

    def search(self, folders: Iterable[Path]) -> Iterator[Path]:
        """Folders to search: before each the one that holds the stand-ins of its files."""
        for folder in folders:
            if self.files:
                place = self._place(folder)
                place.mkdir(parents=True, exist_ok=True)  # so that `../defs.svh` leads on from it
                yield place
            yield folder

    def _place(self, path: Path) -> Path:
        return self.folder / path.relative_to(path.anchor)


def write_stand_ins(overlay: Overlay, folder: Path) -> StandIns:
    """Writes a stand-in for each text below `folder`."""
    made = StandIns(folder, frozenset(file for file, _ in overlay))
    for file, text in overlay:
        place = made.file(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'`line 1 "{file}" 0\n{text}', encoding="utf-8", errors="surrogateescape")
    return made
