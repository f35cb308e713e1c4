"""What a running job has covered so far, before anything is simulated and reported.

Fed by the `snapshot` events of a child process: the first names all bins of the design, each later
one those that are new. The texts that it speaks of are those of unsaved buffers when the job began,
or of files that did not change since.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.points import relative_name


class Provisional:
    """The coverage of one running job.

    Attributes:
        root: folder that the bins' files are relative to; None before the first event.
        bins: all bins of the design.
        covered: those that the job has covered.
        texts: file as bins name it -> text that the job read.
        stamp: grows whenever more is shown.
    """

    def __init__(self, overlay: Mapping[Path, str] | None = None) -> None:
        """A job that begins now, with `overlay` for files whose buffers are not saved."""
        self.root: Path | None = None
        self.bins: tuple[Bin, ...] = ()
        self.covered: set[Bin] = set()
        self.texts: dict[str, str] = {}
        self.stamp = 0
        self._overlay = dict(overlay or {})
        self._started = time.time()

    def update(self, event: Mapping[str, Any]) -> None:
        """Takes in one `snapshot` event, and shows it.

        Raises:
            KeyError, TypeError, ValueError, IndexError: it is not such an event.
        """
        self.take(event)
        self.show()

    def take(self, event: Mapping[str, Any]) -> None:
        """Takes in one `snapshot` event, in a thread perhaps; raises as `update`."""
        if "bins" in event:
            self.root = Path(event["root"])
            self.bins = tuple(_bin(item) for item in event["bins"])
            self.covered = set()
            self.texts = self._read(self.root, {bin_.file for bin_ in self.bins})
        self.covered.update(self.bins[index] for index in event["covered"])

    def show(self) -> None:
        """From now on views have what was taken in."""
        self.stamp += 1

    def holds(self, path: Path) -> bool:
        """Whether the design that is running has a file, and has shown something."""
        return (
            self.stamp > 0
            and self.root is not None
            and relative_name(path, self.root) in self.texts
        )

    def _read(self, root: Path, files: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for file in sorted(files):
            path = root / file
            text = self._overlay.get(path)
            if text is None:
                try:
                    if path.stat().st_mtime > self._started:
                        continue
                    text = path.read_bytes().decode("utf-8", "replace")
                except OSError:
                    continue
            found[file] = text
        return found


def _bin(item: Mapping[str, Any]) -> Bin:
    return Bin(
        file=str(item["file"]),
        line=int(item["line"]),
        column=int(item["column"]),
        kind=Kind(item["kind"]),
        name=str(item["name"]),
        instance=str(item.get("instance", "")),
        module=str(item.get("module", "")),
        span=str(item.get("span", "")),
    )
