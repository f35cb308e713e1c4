"""The journal of an evaluation: outcomes as they come, a line each, so that nothing done is lost.

`jobs.jsonl` begins with a line that says what is evaluated and on what terms; each further line is
one outcome, on the disk before the next job's is written. Whoever opens the journal again gets what
is done. A last line that a killed process left half written is taken away. One process at a time:
the file is locked.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from benchwright_agent.evaluation.outcome import Outcome, outcome_from_json, outcome_to_json
from benchwright_sim.closable import Closable
from benchwright_sim.errors import Location, OutputError

FORMAT = "benchwright-eval-jobs"
VERSION = 2
JOURNAL = "jobs.jsonl"

_ANOTHER = "name another folder with --output, or remove this one"


class Journal(Closable):
    """The journal in a folder, open; a context manager.

    Args:
        folder: made when it is not there.
        terms: all that outcomes depend on, plain JSON values; they must be those that the journal
            was begun with.

    Attributes:
        done: outcomes by row and sample.

    Raises:
        OutputError: it belongs to another evaluation, another process has it open, it is damaged,
            or it cannot be written, here and later.
    """

    def __init__(self, folder: Path, terms: Mapping[str, Any]) -> None:
        self._path = folder / JOURNAL
        self._terms: dict[str, Any] = json.loads(json.dumps(terms))
        self.done: dict[tuple[str, int], Outcome] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._path.exists() and any(folder.iterdir()):
                raise OutputError(
                    f"the folder {folder} holds something that is no evaluation",
                    hint="name a new or empty folder with --output",
                )
            self._file: IO[bytes] = self._path.open("a+b")
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        with suppress(OSError):  # what a full disk did not take has been said by `_write`
            self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Writes one outcome down."""
        self.done[outcome.id, outcome.sample] = outcome
        self._write(outcome_to_json(outcome))

    def _open(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f"another evaluation is writing to {self._path.parent}",
                hint="wait for it, or name another folder with --output",
            ) from error
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            self._file.truncate(len(whole))
        lines = whole.splitlines()
        if not lines:
            self._write({"format": FORMAT, "version": VERSION, "terms": self._terms})
            return
        self._check(self._json(lines[0], 1))
        for number, line in enumerate(lines[1:], start=2):
            self._take(self._json(line, number), number)

    def _check(self, header: Mapping[str, Any]) -> None:
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise OutputError(
                "this is no journal of an evaluation that this version can continue",
                location=Location(self._path, 1),
                hint=_ANOTHER,
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
                f"the folder {self._path.parent} holds an evaluation on other terms",
                details=tuple(changed),
                hint=_ANOTHER,
            )

    def _take(self, data: Mapping[str, Any], number: int) -> None:
        try:
            outcome = outcome_from_json(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._damaged(number) from error
        self.done[outcome.id, outcome.sample] = outcome

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
            "the journal is damaged: this line is no outcome",
            location=Location(self._path, number),
            hint="remove the line, and its sample is made again",
        )

    def _write(self, value: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(value).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._path} cannot be written: {error.strerror}",
            hint="free some space, or name another folder with --output",
        )
