"""A full disk, told apart from what else makes a tool fail.

Compilers and simulators say it in many ways, or not at all; the file system itself is asked.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchwright_sim.errors import OutputError

_LEAST_BYTES = 1 << 20
"""With less than this to spare no tool that failed can be trusted to have had enough."""


def raise_if_full(folder: Path) -> None:
    """Raises when a tool that failed in `folder` had no room there.

    Raises:
        OutputError: the file system of `folder` is full.
    """
    if shutil.disk_usage(folder).free < _LEAST_BYTES:
        raise OutputError(
            f"there is no space left for temporary files in {folder.parent}",
            hint="free some space, or choose another folder: export TMPDIR=PATH",
        )
