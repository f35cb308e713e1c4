"""Data sets read with verification: what is damaged is put aside and named, and never read.

Each shard's hash is compared with the manifest's before its rows are used. A shard that differs is
moved to `quarantine/`, so that the folder's other rows stay usable by any reader. Training on fewer
rows than were made is a choice of the user's, and the default is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benchwright_trainer.dataset.manifest import Manifest, Shard, file_sha256, read_manifest
from benchwright_trainer.dataset.samples import Sample
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra

QUARANTINE = "quarantine"
_BATCH_ROWS = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DatasetReader:
    """The rows of a data set, in their order; holds few of them at a time.

    Attributes:
        folder: of the data set.
        manifest: of all that was written.
        shards: whose rows can be read.
        damaged: files that are damaged or missing.
    """

    folder: Path
    manifest: Manifest
    shards: tuple[Shard, ...]
    damaged: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files, in the order of the rows."""
        return tuple(self.folder / shard.file for shard in self.shards)

    def __len__(self) -> int:
        return sum(shard.rows for shard in self.shards)

    def __iter__(self) -> Iterator[Sample]:
        from pyarrow import parquet  # noqa: PLC0415 - heavy, and an extra

        for path in self.files:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    yield from cast("list[Sample]", batch.to_pylist())


def read_dataset(folder: Path, *, partial: bool = False) -> DatasetReader:
    """Opens a data set that `write_dataset` made.

    Args:
        folder: of the data set.
        partial: go on with the other shards where some are damaged or missing, and warn.

    Raises:
        TrainerError: there is no data set, or a shard is damaged or missing; it is in
            `quarantine/` then, and named.
    """
    require_extra("pyarrow")
    manifest = read_manifest(folder)
    problems = {
        shard.file: problem
        for shard in manifest.shards
        if (problem := _verified(folder, shard)) is not None
    }
    good = tuple(shard for shard in manifest.shards if shard.file not in problems)
    reader = DatasetReader(folder, manifest, good, tuple(problems))
    if problems:
        _complain(reader, problems, partial=partial)
    return reader


def _verified(folder: Path, shard: Shard) -> str | None:
    """What is wrong with a shard; one that is damaged is not where it was any more."""
    path = folder / shard.file
    try:
        if file_sha256(path) == shard.sha256:
            return None
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    try:
        return f"damaged, now {_put_aside(folder, path)}"
    except OSError as error:
        return f"damaged, and cannot be moved to {QUARANTINE}/: {error.strerror}"


def _put_aside(folder: Path, path: Path) -> str:
    """Moves a file to the quarantine, under a name that is free there."""
    quarantine = folder / QUARANTINE
    quarantine.mkdir(exist_ok=True)
    place, number = quarantine / path.name, 1
    while place.exists():
        place, number = quarantine / f"{path.name}.{number}", number + 1
    path.rename(place)
    return str(place.relative_to(folder))


def _complain(reader: DatasetReader, problems: dict[str, str], *, partial: bool) -> None:
    n_rows = reader.manifest.rows
    message = (
        f"{len(problems)} of {len(reader.manifest.shards)} shards of the data set {reader.folder} "
        f"are damaged or missing, and with them {n_rows - len(reader)} of {n_rows} rows"
    )
    details = tuple(f"{file}: {problem}" for file, problem in problems.items())
    if not partial or not reader.shards:
        raise TrainerError(
            message,
            details=details,
            hint="make the data set again: `benchwright train resume` does it in a training; else "
            "remove the folder and repeat the step that made it",
        )
    _log.warning("%s: %s", message, "; ".join(details))
