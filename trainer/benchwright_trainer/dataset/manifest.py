"""What a data set's folder holds: `manifest.json` with the hash of each shard and of all rows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import read_json

FORMAT = "benchwright-dataset"
VERSION = 1
MANIFEST = "manifest.json"
SHARDS = "data"
"""Folder of the shards, below the data set's."""

_FILE = re.compile(rf"{SHARDS}/train-[0-9]+\.parquet")


@dataclass(frozen=True, slots=True)
class Shard:
    """One Parquet file.

    Attributes:
        file: below the data set's folder.
        rows: in it.
        n_bytes: of the file.
        sha256: of the file.
    """

    file: str
    rows: int
    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a data set but its rows.

    Attributes:
        sha256: of all rows in their order; how they are spread over shards and packed is not in it.
        shards: in the order of the rows.
        versions: of the libraries that the shards' bytes depend on.
        card: what the maker said of the data set, plain JSON values.
    """

    sha256: str
    shards: tuple[Shard, ...]
    versions: Mapping[str, str]
    card: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """Of all shards."""
        return sum(shard.rows for shard in self.shards)


def manifest_text(manifest: Manifest) -> str:
    """As JSON, keys in a fixed order."""
    return (
        json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "sha256": manifest.sha256,
                "rows": manifest.rows,
                "shards": [dataclasses.asdict(shard) for shard in manifest.shards],
                "versions": dict(manifest.versions),
                "card": dict(manifest.card),
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the data set in a folder.

    Raises:
        TrainerError: there is none, or it is damaged or of another version.
    """
    if not (folder / MANIFEST).is_file():
        raise TrainerError(
            f"{folder} holds no data set: there is no {MANIFEST}",
            hint="name the folder of a data set, or make it first",
        )
    found = read_json(folder / MANIFEST)
    if found.values.get("format") != FORMAT or found.values.get("version") != VERSION:
        raise found.error(
            f"this is no {FORMAT} of version {VERSION}", hint="make the data set again"
        )
    try:
        return Manifest(
            sha256=str(found.values["sha256"]),
            shards=tuple(map(_shard, found.values["shards"])),
            versions=dict(found.values["versions"]),
            card=dict(found.values["card"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise found.error("the manifest is damaged", hint="make the data set again") from error


def _shard(values: Mapping[str, Any]) -> Shard:
    file = str(values["file"])
    if not _FILE.fullmatch(file):  # what is damaged is moved, which must not happen elsewhere
        raise ValueError(f"{file!r} is no shard's name")
    return Shard(file, int(values["rows"]), int(values["n_bytes"]), str(values["sha256"]))


def file_sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
