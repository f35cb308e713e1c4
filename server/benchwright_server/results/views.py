"""Views of files, remembered: what an editor asks again and again while nothing changes.

What a view is made of (verdicts, lines of bins) takes a tenth of a second for 20,000 bins, and is
made in a thread (`prepare`) before an editor is told that there is news. Until then what was known
is shown, though the text may have changed. What nobody has prepared is made when it is asked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchwright_server.results.judged import Judged, WaiverFiles, judge, with_provisional
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Result
from benchwright_server.results.sheet import Sheet
from benchwright_server.results.store import Store
from benchwright_server.results.view import FileView, draw, sheet_of
from benchwright_sim.waivers import Waiver

_MAX_FILES = 64
_MAX_DESIGNS = 8


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the view of a file is to be made of.

    Attributes:
        key: of the design, or of the job where it has no result.
        result: of the file.
        shown: the same, unless a job of another root is drawn in its place.
        provisional: of the job.
        known_state: differs when the result or its waivers have changed.
        state: differs when anything has changed.
    """

    key: str
    result: Result | None
    shown: Result | None
    provisional: Provisional | None
    known_state: object
    state: object


@dataclass(frozen=True, slots=True)
class _Design:
    """What was made of a result, and of it with a running job; anew when the states differ."""

    known_state: object
    known: Judged | None
    state: object
    judged: Judged | None


@dataclass(slots=True)
class _File:
    """The bins of a file, and its last view."""

    judged: Judged | None = None
    sheet: Sheet | None = None
    result: Result | None = None
    provisional: bool = False
    text: str = ""
    view: FileView | None = None


class Views:
    """The views of a session's files.

    At most 64 files and 8 designs are remembered, the last ones that were asked for; some 400 bytes
    for each of their bins.

    Attributes:
        waivers: the waiver files, with what is wrong with them.
    """

    def __init__(self, store: Store, buffer: Callable[[Path], str | None] = lambda _: None) -> None:
        """`buffer` gives the text of a file that is open, None for others."""
        self.waivers = WaiverFiles(buffer)
        self._store = store
        self._running: dict[str, Provisional] = {}
        self._designs: OrderedDict[str, _Design] = OrderedDict()
        self._files: OrderedDict[Path, _File] = OrderedDict()
        self._awaited: Counter[Path] = Counter()
        self._preparing = asyncio.Lock()

    def begin(self, key: str, provisional: Provisional) -> None:
        """From now on what a job covers is shown over the result of the design `key`."""
        self._running[key] = provisional

    def end(self, key: str) -> None:
        """The job of the design `key` is over."""
        self._running.pop(key, None)

    def view_of(self, path: Path, text: str, version: int | None = None) -> FileView:
        """What is known of a file whose text is `text`.

        Versions begin anew when a document is opened again, so that the text alone decides; the
        same version with the same text costs nothing.
        """
        if self._awaited[path]:
            file = self._files.get(path) or _File()
        else:
            wanted = self._wanted(path)
            known = _design(wanted, self._designs.get(wanted.key), self._waivers(wanted))
            file = self._keep(
                path, wanted, known, _file(path, wanted, known, self._files.get(path))
            )
        if file.view is None or file.text != text:
            file.text = text
            file.view = draw(
                path, text, file.sheet, file.judged, file.result, provisional=file.provisional
            )
        return file.view

    async def prepare(self, paths: Iterable[Path]) -> bool:
        """Makes ready in a thread what has changed for files that an editor shows.

        Returns:
            Whether anything had.
        """
        awaited = Counter(paths)
        self._awaited += awaited
        changed = False
        try:
            async with self._preparing:
                for path in awaited:
                    changed |= await self._prepare(path)
        finally:
            self._awaited -= awaited
        return changed

    async def _prepare(self, path: Path) -> bool:
        await self._store.prefetch(path)
        wanted, old = self._wanted(path), self._files.get(path)
        known, waivers = self._designs.get(wanted.key), self._waivers(wanted)

        def make() -> tuple[_Design, _File]:
            design = _design(wanted, known, waivers)
            return design, _file(path, wanted, design, old)

        if known and old and known.state == wanted.state and _file_is(old, wanted, known):
            return False
        self._keep(path, wanted, *await asyncio.to_thread(make))
        return True

    def _wanted(self, path: Path) -> _Wanted:
        result = self._store.result_of(path)
        key, provisional = self._job(path)
        shown = result
        if result is not None and provisional is not None and provisional.root != result.root:
            shown = None
        known_state = shown and (shown.stamp, self.waivers.state(shown.spec.waivers))
        state = (known_state, provisional and (id(provisional), provisional.stamp))
        return _Wanted(shown.key if shown else key, result, shown, provisional, known_state, state)

    def _job(self, path: Path) -> tuple[str, Provisional | None]:
        """The job that covers a file, if one has said something, and its key."""
        for key, job in self._running.items():
            if job.holds(path):
                return key, job
        return "", None

    def _waivers(self, wanted: _Wanted) -> tuple[Waiver, ...]:
        return self.waivers.of(wanted.shown.spec.waivers) if wanted.shown else ()

    def _keep(self, path: Path, wanted: _Wanted, design: _Design, file: _File) -> _File:
        self._designs[wanted.key] = design
        self._designs.move_to_end(wanted.key)
        while len(self._designs) > _MAX_DESIGNS:
            self._designs.popitem(last=False)
        self._files[path] = file
        self._files.move_to_end(path)
        while len(self._files) > _MAX_FILES:
            self._files.popitem(last=False)
        return file


def _design(wanted: _Wanted, old: _Design | None, waivers: Sequence[Waiver]) -> _Design:
    if old is not None and old.state == wanted.state:
        return old
    if old is not None and old.known_state == wanted.known_state:
        base = old.known
    else:
        base = judge(wanted.shown, waivers) if wanted.shown else None
    judged = with_provisional(base, wanted.provisional) if wanted.provisional else base
    return _Design(wanted.known_state, base, wanted.state, judged)


def _file(path: Path, wanted: _Wanted, design: _Design, old: _File | None) -> _File:
    if old is not None and _file_is(old, wanted, design):
        return old
    sheet = sheet_of(path, design.judged, wanted.shown, wanted.provisional)
    return _File(design.judged, sheet, wanted.result, wanted.provisional is not None)


def _file_is(file: _File, wanted: _Wanted, design: _Design) -> bool:
    return file.judged is design.judged and file.result is wanted.result
