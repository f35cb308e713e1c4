"""Data files that a simulation reads, brought into the folder that it runs in.

`$readmemh` and `$fopen` name files relative to the folder a simulator was started in. A run has a
private folder, so files that the sources name are copied there first: whatever string literal is
the name of an existing file, looked up from the current folder, the source's own and the design's
root. Names put together at run time are not found. Absolute names need no copy.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

_LIMIT_BYTES = 256 << 20
_STRING = re.compile(r'"([^"\\\n]{1,255})"')
_INCLUDE = re.compile(r'`include\s*"[^"\n]*"')


def copy_data_files(
    texts: Iterable[tuple[str, Path]], target: Path, *, within: Path, root: Path
) -> tuple[Path, ...]:
    """Copies the files that `texts` name.

    Args:
        texts: (source text, folder of its file).
        target: folder of the run; a file is put where its name leads to from here.
        within: parent of `target` that no copy may leave.
        root: of the design.

    Returns:
        The originals that were copied, at most 256 MiB of them.
    """
    copied: list[Path] = []
    n_bytes = 0
    for text, folder in texts:
        for name in dict.fromkeys(_STRING.findall(_INCLUDE.sub("", text))):
            place = Path(target, name).resolve()
            original = _find(name, (Path.cwd(), folder, root))
            if original is None or place.exists() or not place.is_relative_to(within):
                continue
            n_bytes += original.stat().st_size
            if n_bytes > _LIMIT_BYTES:
                return tuple(copied)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, place)
            copied.append(original)
    return tuple(copied)


def _find(name: str, folders: Iterable[Path]) -> Path | None:
    if Path(name).is_absolute():
        return None
    for folder in folders:
        path = folder / name
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            return None
    return None
