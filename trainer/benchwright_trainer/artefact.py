"""A large file, or a folder of them: whole, and never in the place of another unasked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal

from benchwright_sim.errors import OutputError


@contextmanager
def new_file(path: Path, n_bytes: int, *, force: bool) -> Iterator[Path]:
    """A temporary place beside `path` to write to; put in place when the block ends without error.

    Args:
        path: of the file.
        n_bytes: that it will have, roughly.
        force: replace a file that is there.

    Raises:
        OutputError: `path` exists and may not be replaced, cannot be written, or the disk is full.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="name a file")
    _check_free(path, force=force)
    try:
        room_bytes = shutil.disk_usage(path.parent).free
        if n_bytes > room_bytes:
            raise OutputError(
                f"{path} needs {decimal(n_bytes)}, but its disk has {decimal(room_bytes)}",
                hint="free some space, or choose another place",
            )
        place = path.with_name(f".{path.name}.part")
        place.unlink(missing_ok=True)  # of a process that was killed
        try:
            yield place
            _sync(place)
            _put(place, path, force=force)
        finally:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(path, error) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; gets its name when the block ends without error.

    Raises:
        OutputError: `path` is there and not an empty folder, or cannot be made.
    """
    path = path.resolve()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise _exists(path, "name a new or empty folder")
    try:
        with folder_aside(path) as place:
            yield place
            place.rename(path)
    except OSError as error:
        raise _failed(path, error) from error


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, in place of what a killed process left there; gone in the end
    unless it was moved.

    Raises:
        OSError: it cannot be made.
    """
    place = path.with_name(f".{path.name}.part")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _check_free(path: Path, *, force: bool) -> None:
    if not force and (path.exists() or path.is_symlink()):
        raise _exists(path)


def _put(place: Path, path: Path, *, force: bool) -> None:
    """Moves the file to its name; where another has come to be there, only if forced."""
    if not force:
        try:
            os.link(place, path)
        except FileExistsError:
            raise _exists(path) from None
        except OSError:  # a file system without links
            _check_free(path, force=False)
        else:
            return
    place.replace(path)


def _failed(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="free some space, or choose another place",
    )


def _exists(path: Path, hint: str = "give another name, or force it") -> OutputError:
    return OutputError(f"{path} exists already", hint=hint)


def _sync(path: Path) -> None:
    """Onto the disk before it gets its name: some file systems report a full disk only now."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
