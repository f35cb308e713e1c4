"""Views of files, remembered: what an editor asks again and again while nothing changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchwright_server.results.judged import Judged, WaiverFiles, judge, with_provisional
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Result
from benchwright_server.results.sheet import Sheet
from benchwright_server.results.store import Store
from benchwright_server.results.view import FileView, draw, sheet_of

_MAX_FILES = 64
_MAX_DESIGNS = 8


@dataclass(slots=True)
class _Design:
    """What was made of a result, and of it with a running job; anew when the states differ."""

    known_state: object
    known: Judged | None
    state: object
    judged: Judged | None


@dataclass(slots=True)
class _File:
    judged: Judged | None
    sheet: Sheet | None
    text: str
    view: FileView


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
        result = self._store.result_of(path)
        key, provisional = self._job(path)
        shown = result
        if result is not None and provisional is not None and provisional.root != result.root:
            shown = None
        judged = self._judged(shown.key if shown else key, shown, provisional)
        known = self._files.get(path)
        if known and known.judged is judged and known.view.result is result:
            if known.text == text:
                self._files.move_to_end(path)
                return known.view
            sheet = known.sheet
        else:
            sheet = sheet_of(path, judged, shown, provisional)
        view = draw(path, text, sheet, judged, result, provisional=provisional is not None)
        self._files[path] = _File(judged, sheet, text, view)
        self._files.move_to_end(path)
        while len(self._files) > _MAX_FILES:
            self._files.popitem(last=False)
        return view

    def _job(self, path: Path) -> tuple[str, Provisional | None]:
        """The job that covers a file, if one has said something, and its key."""
        for key, job in self._running.items():
            if job.holds(path):
                return key, job
        return "", None

    def _judged(
        self, key: str, result: Result | None, provisional: Provisional | None
    ) -> Judged | None:
        known_state = result and (result.stamp, self.waivers.state(result.spec.waivers))
        state = (known_state, provisional and (id(provisional), provisional.stamp))
        known = self._designs.get(key)
        if known is None or known.state != state:
            if known is not None and known.known_state == known_state:
                base = known.known
            else:
                base = judge(result, self.waivers.of(result.spec.waivers)) if result else None
            judged = with_provisional(base, provisional) if provisional else base
            known = _Design(known_state, base, state, judged)
        self._designs[key] = known
        self._designs.move_to_end(key)
        while len(self._designs) > _MAX_DESIGNS:
            self._designs.popitem(last=False)
        return known.judged
