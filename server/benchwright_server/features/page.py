"""One file as a request sees it: its text, what is known of it, and what the client chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchwright_server.features.client_text import ClientText
from benchwright_server.jobs.run import Run
from benchwright_server.results.view import BinView, FileView, LineView
from benchwright_server.settings import Settings
from benchwright_sim.bins import Kind
from benchwright_sim.verdict import Status

_MAX_NAMED = 40


@dataclass(frozen=True, slots=True)
class Page:
    """What features answer about.

    Attributes:
        uri: as the client names the file.
        text: of its buffer.
        view: what is known of it.
        settings: of the client.
        runs: that are queued or running, of any file.
        rest: module -> its open bins, for the modules that the file instantiates.
        trusted: whether anything may be run.
    """

    uri: str
    text: ClientText
    view: FileView
    settings: Settings
    runs: tuple[Run, ...] = ()
    rest: Mapping[str, int] = field(default_factory=dict)
    trusted: bool = True


def named(bins: Sequence[BinView]) -> dict[str, list[str]]:
    """The ids of bins for a client to hand back, unless they are too many: its line says it too.

    A declaration of a memory has thousands of toggles, and a client asks at every move of a cursor.
    """
    return {"bins": [view.bin.id for view in bins]} if len(bins) <= _MAX_NAMED else {}


def executed(line: LineView) -> int:
    """How often a line was executed; where that is not counted, how often a term of it was seen."""
    if line.hits is not None:
        return line.hits
    return max((view.count for view in line.bins), default=0)


def dead_status(line: LineView) -> Status:
    """What is known of a dead line: `unknown` while a bin that counts it is open."""
    counting = counting_bins(line)
    if not counting or any(view.open for view in counting):
        return "unknown"
    return counting[0].verdict.status


def counting_bins(line: LineView) -> list[BinView]:
    """The bins that count how often a line was executed, or which way of it was taken."""
    return of_kind((*line.bins, *line.blocks), Kind.LINE, Kind.BRANCH)


def of_kind(bins: Sequence[BinView], *kinds: Kind) -> list[BinView]:
    """The bins of some kinds, in order."""
    return [view for view in bins if view.bin.kind in kinds]
