"""A file of lines that only grows, so that nothing done is lost, whatever ends its writer.

It begins with a line that says what is done and on what terms; each further line is an entry, a
JSON object that is on the disk before the next one is written. A last line that a killed process
left half written is taken away. One process at a time: the file is locked.
"""

from __future__ import annotations

import fcntl
import json
import os
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchwright_sim.closable import Closable
from benchwright_sim.errors import Location, OutputError


@dataclass(frozen=True, slots=True)
class Form:
    """What a ledger is of.

    Attributes:
        format: name of the format, in the first line.
        version: of it.
        work: what is done, with its article.
        entry: what a line tells of.
        elsewhere: how the user names another folder.
    """

    format: str
    version: int
    work: str
    entry: str
    elsewhere: str


def begins_as(path: Path, form: Form) -> bool:
    """Whether the first line of a file says that it is a ledger of this form, of any version."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("format") == form.format


class Ledger(Closable):
    """A ledger in a folder, open; a context manager.

    Args:
        path: of the file; its folder is made when it is not there.
        form: see there.
        terms: all that entries depend on, plain JSON values; they must be those that the ledger
            was begun with.

    Raises:
        OutputError: it belongs to other work, another process has it open, it is damaged, or it
            cannot be written, here and later.
    """

    def __init__(self, path: Path, form: Form, terms: Mapping[str, Any]) -> None:
        self._path = path
        self._form = form
        self._terms: dict[str, Any] = json.loads(json.dumps(terms))
        folder = path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists() and any(folder.iterdir()):
                raise OutputError(
                    f"the folder {folder} holds something that is no {form.work.split()[-1]}",
                    hint=f"name a new or empty folder{form.elsewhere}",
                )
            self._file: IO[bytes] = path.open("a+b")
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        with suppress(OSError):  # what a full disk did not take has been said by `_append`
            self._file.close()

    @abstractmethod
    def _take(self, data: Mapping[str, Any], offset: int) -> None:
        """Takes in an entry that an earlier process wrote.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is none.
        """

    def _append(self, value: Mapping[str, Any]) -> int:
        """Writes an entry down, and tells where in the file it begins."""
        try:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(json.dumps(value).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error
        return offset

    def _at(self, offset: int) -> Mapping[str, Any]:
        """The entry that begins at a place in the file."""
        self._file.seek(offset)
        return self._json(self._file.readline(), 0)

    def _open(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f"another {self._form.work.split()[-1]} is writing to {self._path.parent}",
                hint=f"wait for it, or name another folder{self._form.elsewhere}",
            ) from error
        self._file.seek(0)
        offset = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                self._file.truncate(offset)
                break
            self._read(line, number, offset)
            offset += len(line)
        if not offset:
            form = self._form
            self._append({"format": form.format, "version": form.version, "terms": self._terms})

    def _read(self, line: bytes, number: int, offset: int) -> None:
        data = self._json(line, number)
        if number == 1:
            self._check(data)
            return
        try:
            self._take(data, offset)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._damaged(number) from error

    def _check(self, header: Mapping[str, Any]) -> None:
        form = self._form
        another = f"name another folder{form.elsewhere}, or remove this one"
        if header.get("format") != form.format or header.get("version") != form.version:
            raise OutputError(
                f"this is no journal of {form.work} that this version can continue",
                location=Location(self._path, 1),
                hint=another,
            )
        before = header.get("terms")
        if not isinstance(before, dict):
            raise self._damaged(1)
        changed = [
            f"{key}: {before.get(key)!r} then, {self._terms.get(key)!r} now"
            for key in sorted(before.keys() | self._terms.keys())
            if before.get(key) != self._terms.get(key)
        ]
        if changed:
            raise OutputError(
                f"the folder {self._path.parent} holds {form.work} on other terms",
                details=tuple(changed),
                hint=another,
            )

    def _json(self, line: bytes, number: int) -> Mapping[str, Any]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._damaged(number) from error
        if not isinstance(value, dict):
            raise self._damaged(number)
        return value

    def _damaged(self, number: int) -> OutputError:
        return OutputError(
            f"the journal is damaged: this line is no {self._form.entry}",
            location=Location(self._path, number),
            hint=f"remove the line, and its {self._form.entry} is made again",
        )

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._path} cannot be written: {error.strerror}",
            hint=f"free some space, or name another folder{self._form.elsewhere}",
        )
