"""The folder of what must outlast caches, and how it is written by several processes at once.

`BENCHWRIGHT_DATA_DIR` names another than the user's own.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from benchwright_agent.models.model import ModelError


def data_dir() -> Path:
    """Folder of what must outlast caches: `BENCHWRIGHT_DATA_DIR`, or the user's data folder."""
    override = os.environ.get("BENCHWRIGHT_DATA_DIR")
    return Path(override).absolute() if override else platformdirs.user_data_path("benchwright")


def models_dir() -> Path:
    """Folder of the downloaded models."""
    return data_dir() / "models"


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock file, waiting for it; the lock goes with the process, however it ends.

    Args:
        path: of the lock file; made when missing.
        on_wait: told when another process holds it.

    Raises:
        ModelError: the folder cannot be written.
    """
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    with handle:
        with writing():
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is not None:
                    on_wait()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def writing() -> Iterator[None]:
    """Turns what the file system refuses into an error that names the folder.

    Raises:
        ModelError: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"the folder of the models cannot be written: {error}",
            hint=f"free some space in {data_dir()}, or choose another folder: "
            "export BENCHWRIGHT_DATA_DIR=PATH",
        ) from error
