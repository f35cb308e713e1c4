"""`designs.jsonl`: rows in the format of a suite, each with what is known of it under `meta`.

`benchwright eval` reads the same file, and ignores `meta`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.evaluation.rows import Row, SuiteError, row_from_json, row_to_json
from benchwright_sim.errors import Location, OutputError
from benchwright_trainer.corpus.candidate import Plain
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.whole_file import whole_file

DESIGNS = "designs.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """A design of a corpus.

    Attributes:
        row: the design, with its top named.
        meta: flat: `tokens` (files and documents together), `bins`, `sha256` (of the row),
            `source`, and what the generator says (`family`, ...).
    """

    row: Row
    meta: Mapping[str, Plain]

    @property
    def tokens(self) -> int:
        """Of its files and documents."""
        return int(self.meta["tokens"] or 0)


def row_sha256(row: Row) -> str:
    """Of all that a row says."""
    return hashlib.sha256(_json(row_to_json(row)).encode()).hexdigest()


def entry_line(entry: Entry) -> str:
    """The entry as a line, without its end."""
    return _json(row_to_json(entry.row) | {"meta": dict(sorted(entry.meta.items()))})


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The designs of a corpus, or of a suite's file, which has no `meta`.

    Args:
        path: of the file, or of the corpus's folder.

    Raises:
        TrainerError: the file is missing or damaged.
    """
    file = path / DESIGNS if path.is_dir() else path
    try:
        lines = file.read_text("utf-8").split("\n")
    except FileNotFoundError as error:
        raise TrainerError(
            f"there is no {file}", hint="name a corpus's folder, or a file of rows with rtl_files"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TrainerError(
            f"the corpus cannot be read: {error}", location=Location(file), hint="build it again"
        ) from error
    return tuple(_entry(line, Location(file, n)) for n, line in enumerate(lines, 1) if line.strip())


def _entry(line: str, where: Location) -> Entry:
    try:
        value = json.loads(line)
        row = row_from_json(value, str(where))
    except (ValueError, RecursionError, SuiteError) as error:
        said = error.message if isinstance(error, SuiteError) else str(error)
        raise TrainerError(
            f"this line is no design: {said}", location=where, hint="build the corpus again"
        ) from error
    meta = value.get("meta")
    return Entry(row, meta if isinstance(meta, Mapping) else {})


def write_lines(path: Path, lines: Iterable[str]) -> str:
    """Writes lines to a file that appears whole or not at all, in place of an earlier one.

    Returns:
        The SHA-256 of what it holds.

    Raises:
        OutputError: there is no room, or no permission.
    """
    digest = hashlib.sha256()
    try:
        with whole_file(path) as aside, aside.open("wb") as file:
            for line in lines:
                data = f"{line}\n".encode("utf-8", "replace")
                digest.update(data)
                file.write(data)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}", hint="free some space"
        ) from error
    return digest.hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
