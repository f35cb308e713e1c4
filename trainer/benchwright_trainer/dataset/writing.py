"""Data sets on disk: Parquet shards of bounded size, a manifest and a data card, written whole.

The folder has the form of the Hugging Face hub's: `README.md` (the card), `data/train-*.parquet`,
and `manifest.json` with all hashes. The same samples give the same bytes: rows in the order of
their keys, one compression at one level, no times. Everything is written beside the folder and put
in place at the end, so that a process that is killed leaves the whole data set or none.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from benchwright_sim.errors import OutputError
from benchwright_trainer.artefact import folder_aside
from benchwright_trainer.dataset.data_card import CARD, Figures, card_text
from benchwright_trainer.dataset.manifest import (
    MANIFEST,
    SHARDS,
    Manifest,
    Shard,
    file_sha256,
    manifest_text,
    read_manifest,
)
from benchwright_trainer.dataset.samples import Sample, line_of, sample_of, schema
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.extra import require_extra
from benchwright_trainer.rollouts.trace import Trace

SHARD_ROWS = 1000
_GROUP_ROWS = 100
"""Rows that a reader holds at once."""

_LEVEL = 3


def write_dataset(
    folder: Path,
    traces: Iterable[Trace],
    *,
    card: Mapping[str, Any],
    force: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> str:
    """Writes traces as samples, in the order of their keys.

    Args:
        folder: of the data set; made by this, may be empty. One that holds these very samples,
            undamaged, stays as it is.
        traces: at least one, with distinct keys.
        card: what is known of the data set beside its rows, plain JSON values; see `data_card`.
        force: replace another data set. A folder of something else is never touched.
        shard_rows: of one file at most.

    Returns:
        SHA-256 of the samples, which neither `card` nor `shard_rows` count for.

    Raises:
        TrainerError: there is no trace, or two have the same key.
        OutputError: the folder holds something else, or cannot be written.
    """
    ordered = sorted(traces, key=lambda trace: trace.key)
    return write_samples(folder, map(sample_of, ordered), card, force=force, shard_rows=shard_rows)


def write_samples(
    folder: Path,
    samples: Iterable[Sample],
    card: Mapping[str, Any],
    *,
    force: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> str:
    """Writes samples in the order in which they come; for the rest see `write_dataset`."""
    require_extra("pyarrow")
    _check_place(folder)
    try:
        with folder_aside(folder) as place:
            manifest = _write(place, samples, card, shard_rows)
            if force or not _holds(folder, manifest.sha256):
                _put(place, folder, force=force)
    except OSError as error:
        raise OutputError(
            f"the data set {folder} cannot be written: {error.strerror or error}",
            hint="free some space, or name another folder",
        ) from error
    return manifest.sha256


def _write(
    place: Path, samples: Iterable[Sample], card: Mapping[str, Any], shard_rows: int
) -> Manifest:
    """All files of the data set into a new folder."""
    figures = Figures()
    digest = hashlib.sha256()
    shards = []
    keys: set[str] = set()
    (place / SHARDS).mkdir(parents=True)
    for number, rows in enumerate(_batches(samples, shard_rows)):
        for sample in rows:
            if sample["key"] in keys:
                raise TrainerError(f"two samples have the key {sample['key']!r}")
            keys.add(sample["key"])
            digest.update(line_of(sample))
            figures.add(sample)
        shards.append(_write_shard(place, f"{SHARDS}/train-{number:05}.parquet", rows))
    if not shards:
        raise _empty(card)
    versions = {name: metadata.version(name) for name in ("benchwright", "pyarrow")}
    manifest = Manifest(digest.hexdigest(), tuple(shards), versions, card)
    (place / MANIFEST).write_text(manifest_text(manifest), "utf-8", "replace")
    (place / CARD).write_text(card_text(manifest, figures), "utf-8", "replace")
    return manifest


def _write_shard(place: Path, name: str, rows: list[Sample]) -> Shard:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and an extra
    from pyarrow import parquet  # noqa: PLC0415 - the same

    path = place / name
    parquet.write_table(
        pa.Table.from_pylist(rows, schema=schema()),
        path,
        row_group_size=_GROUP_ROWS,
        compression="zstd",
        compression_level=_LEVEL,
    )
    return Shard(name, len(rows), path.stat().st_size, file_sha256(path))


def _batches(samples: Iterable[Sample], n: int) -> Iterator[list[Sample]]:
    left = iter(samples)
    while rows := list(islice(left, n)):
        yield rows


def _empty(card: Mapping[str, Any]) -> TrainerError:
    rejected = card.get("rejected") or {}
    why = "every trace was rejected" if rejected else "there are no traces"
    return TrainerError(
        f"there is no sample to learn from: {why}",
        details=tuple(f"{reason}: {n}" for reason, n in rejected.items()),
        hint="draw more traces, or ask less of them (min_gain, floor)",
    )


def _check_place(folder: Path) -> None:
    """Before any work: the folder is free, or holds a data set."""
    if folder.is_dir() and (not any(folder.iterdir()) or (folder / MANIFEST).is_file()):
        return
    if folder.exists() or folder.is_symlink():
        raise OutputError(
            f"{folder} holds something that is no data set", hint="name a new or empty folder"
        )


def _holds(folder: Path, sha256: str) -> bool:
    """Whether a data set of these samples is there, every shard undamaged."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        manifest = read_manifest(folder)
    except TrainerError:
        return False
    return manifest.sha256 == sha256 and all(
        (folder / shard.file).is_file() and file_sha256(folder / shard.file) == shard.sha256
        for shard in manifest.shards
    )


def _put(place: Path, folder: Path, *, force: bool) -> None:
    if force and folder.exists():
        before = folder.with_name(f".{folder.name}.before")
        _remove(before)
        folder.rename(before)
        place.rename(folder)
        _remove(before)
    elif folder.exists() and any(folder.iterdir()):
        raise OutputError(
            f"{folder} holds another data set", hint="name another folder, or remove this one"
        )
    else:
        place.rename(folder)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
