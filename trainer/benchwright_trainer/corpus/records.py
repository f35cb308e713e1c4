"""What a file of rows or a data set of the hub holds, one value after the other.

JSON Lines (also gzipped), a JSON array, Parquet, and Hugging Face data sets. What is damaged is
named by file and line, or row, and put aside; the rest is read on. Nothing is held in memory but
what is read at the moment: a line, a row group.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra

HUB = "hf:"

_HUB_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?:/([\w.-]+))?(?:@([\w./-]+))?(?::([\w.-]+))?")
_ROWS = re.compile(r"\.(?:(?:jsonl|ndjson|json)(?:\.gz)?|parquet)$", re.I)


@dataclass(frozen=True, slots=True)
class Record:
    """A value as it stands in a file.

    Attributes:
        value: plain, as JSON or Arrow gives it.
        place: where it stands, for people (`rows.jsonl:12`).
        number: of the row, from 1.
    """

    value: object
    place: str
    number: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A line, row group or file that cannot be read."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Hub:
    """A data set of the hub: `hf:OWNER/NAME[/CONFIG][@REVISION][:SPLIT]`.

    A revision (a tag or a commit) is what makes a corpus repeatable, since data sets are changed.
    """

    name: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, source: str) -> Self:
        """Taken apart.

        Raises:
            TrainerError: it is not written so.
        """
        match = _HUB_NAME.fullmatch(source.removeprefix(HUB))
        if match is None:
            raise TrainerError(
                f"{source!r} names no data set of the hub",
                hint=f"write {HUB}OWNER/NAME, and where needed /CONFIG, @REVISION, :SPLIT",
            )
        return cls(*match.groups())


def is_rows_file(name: str) -> bool:
    """Whether a file of that name holds rows, not a design."""
    return _ROWS.search(name) is not None


def file_records(path: Path) -> Iterator[Record | Broken]:
    """What a file of rows holds, see `is_rows_file`.

    Raises:
        TrainerError: reading it needs a package that is not installed.
    """
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    return _json(path)


def hub_records(hub: Hub) -> Iterator[Record | Broken]:
    """What a split of a data set holds.

    Raises:
        TrainerError: `datasets` is not installed, or the data set cannot be loaded.
    """
    require_extra("datasets")
    import datasets  # noqa: PLC0415 - heavy, and an extra

    try:
        found = datasets.load_dataset(hub.name, hub.config, revision=hub.revision)
    except Exception as error:  # whatever network, hub and file formats may raise
        reason = str(error).partition("\n")[0]
        raise TrainerError(
            f"the data set {hub.name} cannot be loaded: {type(error).__name__}: {reason}",
            hint="check its name and the network, or give its files: .jsonl or .parquet",
        ) from error
    split = hub.split or (next(iter(found)) if len(found) == 1 else None)
    if split not in found:
        raise TrainerError(
            f"the data set {hub.name} has the splits {', '.join(map(str, found))}",
            hint=f"name one: {HUB}{hub.name}:{next(iter(found))}",
        )
    for number, value in enumerate(found[split], start=1):
        yield Record(value, f"{HUB}{hub.name}:{split}, row {number}", number)


def _json(path: Path) -> Iterator[Record | Broken]:
    number = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                if number == 1 and line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                    yield from _array(path, line + file.read())
                    return
                if line.strip():
                    yield _line(line, f"{path}:{number}", number)
    except (OSError, EOFError, zlib.error) as error:
        yield Broken(f"{path}:{number + 1}", f"the file cannot be read on: {error}")


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _array(path: Path, data: bytes) -> Iterator[Record | Broken]:
    """A file that is one JSON array, whole in memory."""
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        yield Broken(str(path), f"this is no JSON: {error}")
        return
    for number, value in enumerate(values, start=1):
        yield Record(value, f"{path}, row {number}", number)


def _line(line: bytes, place: str, number: int) -> Record | Broken:
    try:
        return Record(json.loads(line.decode("utf-8-sig")), place, number)
    except (ValueError, RecursionError) as error:
        return Broken(place, f"this line is no JSON: {error}")


def _parquet(path: Path) -> Iterator[Record | Broken]:
    require_extra("pyarrow")
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - heavy, and an extra

    broken = (OSError, ArrowException, ValueError)
    try:
        file: Any = parquet.ParquetFile(path)
    except broken as error:
        yield Broken(str(path), f"this is no Parquet file: {str(error).partition(chr(10))[0]}")
        return
    with file:
        first = 1
        for group in range(file.num_row_groups):
            try:
                values = file.read_row_group(group).to_pylist()
            except broken as error:
                reason = str(error).partition("\n")[0]
                yield Broken(f"{path}, row group {group + 1}", f"it cannot be read: {reason}")
                values = []
            for number, value in enumerate(values, start=first):
                yield Record(value, f"{path}, row {number}", number)
            first += file.metadata.row_group(group).num_rows
