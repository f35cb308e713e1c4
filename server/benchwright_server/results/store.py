"""Results kept from one session to the next, in the user's data folder.

One file for each design (`archive`), in one folder for each workspace; all folders together hold at
most 100 MB, the oldest files go first. At start only headers are read. In memory stand at most
200,000 bins (some 90 MB) of results, those that were asked for last, and always the last of all.
Files are written by a thread, atomically: of two servers that write the same the last one wins, and
none reads half a file. What is damaged or newer is ignored, with one warning.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from benchwright_server.results import archive
from benchwright_server.results.archive import ArchiveError, Entry
from benchwright_server.results.result import Result, file_in

_LOG = logging.getLogger(__name__)

MAX_BYTES = 100_000_000
MAX_BINS = 200_000
_HOUR_S = 3600


class Store:
    """The results of a session's workspaces; only for the thread that made it."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        """Results live below `folder`, which is made when the first is written."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._entries: dict[str, Entry] = {}
        self._loaded: OrderedDict[str, Result] = OrderedDict()
        self._of_path: dict[Path, str | None] = {}
        self._warned: set[Path] = set()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="benchwright-store")
        self._writing: dict[str, Future[None]] = {}

    def load(self, workspace: Path) -> None:
        """Reads the headers of a workspace's results; again to see what another server wrote."""
        self._of_path.clear()
        for file in sorted(self._folder_of(workspace).glob(f"*{archive.SUFFIX}")):
            entry = self._read_entry(file)
            known = self._entries.get(entry.key) if entry else None
            if entry and (known is None or known.stamp < entry.stamp):
                self._entries[entry.key] = entry
                self._loaded.pop(entry.key, None)

    def put(self, result: Result) -> None:
        """Keeps a result in the place of what was known of the design, and writes it soon.

        One without parts says nothing, and is not kept.
        """
        if not result.parts:
            return
        file = self._folder_of(result.spec.folder) / f"{result.key}{archive.SUFFIX}"
        self._entries[result.key] = archive.entry_of(result, file)
        self._of_path.clear()
        self._keep(result)
        waiting = self._writing.get(result.key)
        if waiting is not None:
            waiting.cancel()
        self._writing[result.key] = self._writer.submit(self._write, result, file)

    def get(self, key: str) -> Result | None:
        """The result of a design, None when there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        result = self._loaded.get(key) or self._read(entry)
        if result is None:
            del self._entries[key]
            self._of_path.clear()
            return None
        self._keep(result)
        return result

    def result_of(self, file: Path) -> Result | None:
        """The most recent result that holds a file."""
        entry = self._latest(file)
        if entry is None:
            return None
        result = self.get(entry.key)
        return result if result is not None else self.result_of(file)

    async def prefetch(self, file: Path) -> None:
        """Reads the result of a file in a thread, so that a question finds it in memory."""
        entry = self._latest(file)
        if entry is None or entry.key in self._loaded:
            return
        result = await asyncio.to_thread(self._read, entry)
        if result is not None and self._entries.get(entry.key) is entry:
            self._keep(result)

    def _latest(self, file: Path) -> Entry | None:
        if file not in self._of_path:
            holding = [
                entry
                for entry in self._entries.values()
                if file_in(file, entry.root, entry.names, entry.spec) is not None
            ]
            latest = max(holding, key=lambda entry: entry.stamp, default=None)
            self._of_path[file] = latest.key if latest else None
        key = self._of_path[file]
        return None if key is None else self._entries[key]

    def entries(self) -> tuple[Entry, ...]:
        """Headers of all results, the most recent first; nothing is read."""
        return tuple(sorted(self._entries.values(), key=lambda entry: -entry.stamp))

    def results(self) -> tuple[Result, ...]:
        """All results, the most recent first; reads those that are not in memory."""
        found = (self.get(entry.key) for entry in self.entries())
        return tuple(result for result in found if result is not None)

    def clear(self, keys: Iterable[str] | None = None) -> None:
        """Forgets results, here and on disk; None means all of the session."""
        for key in tuple(self._entries if keys is None else keys):
            entry = self._entries.pop(key, None)
            self._loaded.pop(key, None)
            waiting = self._writing.pop(key, None)
            if waiting is not None:
                waiting.cancel()
            if entry is not None:
                self._writer.submit(_remove, entry.file)
        self._of_path.clear()

    def flush(self) -> None:
        """Waits until everything is written."""
        self._writer.submit(lambda: None).result()

    def close(self) -> None:
        """Writes what is waiting, and ends the thread; nothing can be put after that."""
        self._writer.shutdown()

    def _folder_of(self, workspace: Path) -> Path:
        name = hashlib.sha256(str(workspace).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self._folder / name

    def _keep(self, result: Result) -> None:
        self._loaded[result.key] = result
        self._loaded.move_to_end(result.key)
        n_bins = sum(self._n_bins(key) for key in self._loaded)
        while n_bins > MAX_BINS and len(self._loaded) > 1:
            oldest = next(iter(self._loaded))
            waiting = self._writing.get(oldest)
            if waiting is not None and not waiting.done():
                return
            del self._loaded[oldest]
            n_bins -= self._n_bins(oldest)

    def _n_bins(self, key: str) -> int:
        return self._entries[key].n_bins if key in self._entries else 0

    def _read_entry(self, file: Path) -> Entry | None:
        try:
            return archive.read_entry(file)
        except ArchiveError as error:
            self._warn(file, error)
            return None

    def _read(self, entry: Entry) -> Result | None:
        try:
            result = archive.read(entry.file)
        except ArchiveError as error:
            self._warn(entry.file, error)
            return None
        result.prepare()
        return result

    def _warn(self, file: Path, error: ArchiveError) -> None:
        if file not in self._warned:
            self._warned.add(file)
            _LOG.warning("a saved result is ignored: %s", error)

    def _write(self, result: Result, file: Path) -> None:
        try:
            archive.write(result, file)
            self._trim(file)
        except OSError as error:
            _LOG.warning("the result cannot be saved: %s", error)

    def _trim(self, newest: Path) -> None:
        """Removes the oldest files until all are within the bound, and what a crash left."""
        files = []
        for file in self._folder.glob("*/*"):
            try:
                stat = file.stat()
            except OSError:
                continue  # another server removed it
            if file.suffix == ".tmp" and stat.st_mtime < time.time() - _HOUR_S:
                _remove(file)
            elif file.name.endswith(archive.SUFFIX) and file != newest:
                files.append((stat.st_mtime, stat.st_size, file))
        n_bytes = newest.stat().st_size + sum(size for _, size, _ in files)
        for _, size, file in sorted(files):
            if n_bytes <= self._max_bytes:
                return
            _remove(file)
            n_bytes -= size


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("a saved result cannot be removed: %s", error)
