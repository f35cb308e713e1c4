"""A small file that appears whole or not at all, in place of an earlier one of ours.

Large ones, for which there may be no room, and those that may be the user's are `artefact`'s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchwright_sim.errors import OutputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; put in its place when the block ends without error.

    Raises:
        OSError: it cannot be written.
    """
    aside = path.with_name(f".{path.name}.part")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Writes a text in UTF-8, its ends of lines as they are.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        with whole_file(path) as aside:
            aside.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="free some space, or name another folder",
        ) from error
