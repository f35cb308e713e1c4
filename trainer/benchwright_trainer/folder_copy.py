"""A folder copied whole; where that fails, most likely the disk is full."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchwright_sim.errors import OutputError


def copy_folder(source: Path, target: Path) -> None:
    """Copies a folder with all that is in it, over what is there.

    Raises:
        OutputError: a file cannot be read or written.
    """
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except shutil.Error as error:  # of all files that failed: source, target and reason of each
        raise _failure(source, target, error.args[0][0][-1]) from error
    except OSError as error:
        raise _failure(source, target, error.strerror or str(error)) from error


def _failure(source: Path, target: Path, reason: str) -> OutputError:
    return OutputError(
        f"{source} cannot be copied to {target}: {reason}",
        hint="free some space, or name another folder with --output",
    )
