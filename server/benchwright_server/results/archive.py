"""A result as a file: a header that is read for every file at start, and the rest on demand.

Gzipped JSON lines: the header (`format`, `version`, the spec, the names of the files that were
run), the texts and guards, then for each part one line and its bins, some on each line: a thread
that writes lets others run between lines. Readers take every version up to their own.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

from benchwright_agent.record import from_json, to_json
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.results.result import Part, PartKind, Result
from benchwright_sim.errors import Location, SimError

FORMAT = "benchwright-result"
VERSION = 1
SUFFIX = ".json.gz"

_BINS_A_LINE = 500
_DAMAGED = (
    *(OSError, EOFError, zlib.error),
    *(ValueError, KeyError, TypeError, AttributeError, StopIteration, RuntimeError),
)
"""What reading a damaged file raises; a line that is missing within a generator is the last."""


class ArchiveError(SimError):
    """A file holds no result that can be read here."""

    exit_code: ClassVar[int] = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """What the header of a file says.

    Attributes:
        file: that it was read from, or will be written to.
        key: of the design.
        spec: the design.
        root: folder that `names` are relative to.
        names: of the files that were run, as bins name them.
        stamp: of the result.
        n_bins: of all parts, added.
        sources: source and SHA-256 of each part, see `Part`.
    """

    file: Path
    key: str
    spec: DesignSpec
    root: Path
    names: frozenset[str]
    stamp: int
    n_bins: int
    sources: tuple[tuple[Path, str], ...]


def entry_of(result: Result, file: Path) -> Entry:
    """The header of a result."""
    n_bins = sum(len(part.record.coverage) for part in result.parts)
    names = frozenset(result.texts)
    sources = tuple((part.source, part.written_sha) for part in result.parts)
    return Entry(file, result.key, result.spec, result.root, names, result.stamp, n_bins, sources)


def write(result: Result, file: Path) -> None:
    """Writes a result whole or not at all, whoever else writes the same file.

    Raises:
        OSError: the disk is full, or the folder is no longer writable.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as raw, gzip.open(raw, "wb", compresslevel=3) as packed:
            for line in _lines(result):
                packed.write(json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n")
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lines(result: Result) -> Iterator[dict[str, Any]]:
    entry = entry_of(result, Path())
    yield {
        "format": FORMAT,
        "version": VERSION,
        "key": entry.key,
        "spec": entry.spec.to_json(),
        "root": str(entry.root),
        "names": sorted(entry.names),
        "stamp": entry.stamp,
        "n_bins": entry.n_bins,
        "sources": [[str(source), sha] for source, sha in entry.sources],
        "n_parts": len(result.parts),
    }
    yield {"texts": dict(result.texts), "guards": dict(result.guards)}
    for part in result.parts:
        record = to_json(part.record)
        bins = record.pop("bins")
        yield {
            "source": str(part.source),
            "kind": part.kind,
            "finished": part.finished,
            "written_sha": part.written_sha,
            "record": record,
            "n_bins": len(bins),
        }
        for first in range(0, len(bins), _BINS_A_LINE):
            yield {"bins": bins[first : first + _BINS_A_LINE]}


def read_entry(file: Path) -> Entry:
    """The header of a file.

    Raises:
        ArchiveError: it holds no result of a version known here.
    """
    try:
        with gzip.open(file, "rb") as packed:
            return _entry(_header(packed.readline(), file), file)
    except _DAMAGED as error:
        raise _damaged(file, error) from error


def read(file: Path) -> Result:
    """A result from its file.

    Raises:
        ArchiveError: it holds no result of a version known here, or is damaged.
    """
    try:
        with gzip.open(file, "rb") as packed:
            header = _header(packed.readline(), file)
            entry = _entry(header, file)
            rest = json.loads(packed.readline())
            lines = map(json.loads, packed)
            parts = tuple(_part(next(lines), lines) for _ in range(header["n_parts"]))
    except _DAMAGED as error:
        raise _damaged(file, error) from error
    return Result(
        key=entry.key,
        spec=entry.spec,
        root=entry.root,
        texts={str(name): str(text) for name, text in rest["texts"].items()},
        parts=parts,
        guards={str(name): str(text) for name, text in rest["guards"].items()},
        stamp=entry.stamp,
    )


def _header(line: bytes, file: Path) -> dict[str, Any]:
    header = json.loads(line)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("it holds no result")
    if not isinstance(header.get("version"), int) or header["version"] > VERSION:
        raise ArchiveError(
            f"a newer Benchwright wrote this result (version {header.get('version')})",
            location=Location(file),
        )
    return header


def _entry(header: dict[str, Any], file: Path) -> Entry:
    return Entry(
        file=file,
        key=str(header["key"]),
        spec=DesignSpec.from_json(header["spec"]),
        root=Path(header["root"]),
        names=frozenset(map(str, header["names"])),
        stamp=int(header["stamp"]),
        n_bins=int(header["n_bins"]),
        sources=tuple((Path(source), str(sha)) for source, sha in header["sources"]),
    )


def _part(data: dict[str, Any], following: Iterator[dict[str, Any]]) -> Part:
    bins: list[Any] = []
    while len(bins) < data["n_bins"]:
        bins += next(following)["bins"]
    return Part(
        source=Path(data["source"]),
        kind=_kind(data["kind"]),
        record=from_json({**data["record"], "bins": bins}),
        finished=str(data["finished"]),
        written_sha=str(data["written_sha"]),
    )


def _kind(text: object) -> PartKind:
    for kind in get_args(PartKind):
        if text == kind:
            found: PartKind = kind
            return found
    raise ValueError(f"no part is of the kind {text!r}")


def _damaged(file: Path, error: BaseException) -> ArchiveError:
    return ArchiveError(
        f"the saved result is damaged: {type(error).__name__}: {error}", location=Location(file)
    )
