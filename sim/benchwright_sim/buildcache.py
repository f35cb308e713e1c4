"""Folders that are built once, kept in the user's cache, and checked each time they are used.

An entry is a folder named for the hash of all that it depends on. It is built beside its place
under a lock and moved there whole, so that two processes at once, or one that is killed half-way,
leave either a complete entry or none. Its manifest holds size, time stamp and SHA-256 of every
file; an entry that lacks a file, or holds one that was changed, is thrown away and built again. The
least recently used entries go when all together exceed a bound.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchwright_sim.errors import ToolchainError

logger = logging.getLogger(__name__)

_MANIFEST = "manifest.json"
_BOUND_BYTES = 1 << 30


def cached_folder(root: Path, key: str, build: Callable[[Path], None]) -> Path:
    """The folder `root/key`, complete; `build` fills an empty one when there is none.

    Args:
        root: of the cache; made when missing.
        key: name of the entry, changing with everything that its content depends on.
        build: writes the content into the folder given; what it raises is passed on.

    Raises:
        ToolchainError: the cache cannot be written.
    """
    place = root / key
    if _is_intact(place):
        with suppress(OSError):
            os.utime(place)
        return place
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f".{key}.lock"):
            if not _is_intact(place):
                _build_into(place, build)
            _trim(root, keep=place)
    except OSError as error:
        raise ToolchainError(
            f"the cache folder {root} cannot be used: {error}",
            hint="free some space there, or choose another: export BENCHWRIGHT_CACHE_DIR=PATH",
        ) from error
    return place


def discard(folder: Path) -> None:
    """Removes an entry, so that it is built anew; no error when it is gone already."""
    with suppress(FileNotFoundError):
        trash = Path(tempfile.mkdtemp(prefix=".old-", dir=folder.parent))
        folder.rename(trash / folder.name)
        shutil.rmtree(trash, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Size of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock file; the lock goes with the process, however it ends."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_into(place: Path, build: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as scratch:
        folder = Path(scratch) / "entry"
        folder.mkdir()
        build(folder)
        _write_manifest(folder)
        if place.exists():
            logger.warning("rebuilding the damaged cache entry %s", place)
            discard(place)
        folder.rename(place)


def _write_manifest(folder: Path) -> None:
    files = {}
    for path in sorted(folder.iterdir()):
        stat = path.stat()
        files[path.name] = [stat.st_size, stat.st_mtime_ns, _sha256(path)]
    (folder / _MANIFEST).write_text(json.dumps(files))


def _is_intact(folder: Path) -> bool:
    """Whether every file is as it was written; read again only where the time stamp moved."""
    try:
        files = json.loads((folder / _MANIFEST).read_text())
        for name, (size, mtime_ns, digest) in files.items():
            stat = (folder / name).stat()
            if stat.st_size != size:
                return False
            if stat.st_mtime_ns != mtime_ns and _sha256(folder / name) != digest:
                return False
    except (OSError, ValueError, TypeError, AttributeError):
        return False
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _trim(root: Path, keep: Path) -> None:
    """Removes the entries unused for longest until the rest fits the bound."""
    entries = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    entries.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    total_bytes = folder_bytes(keep)
    for entry in entries:
        if entry == keep:
            continue
        total_bytes += folder_bytes(entry)
        if total_bytes > _BOUND_BYTES:
            discard(entry)
