"""What an editor shows of one file: bins, hits and verdicts where they stand in its current text.

Lines and characters count from 0; a character is a code point of the line's text, which
`documents` turns into the client's unit. A line whose text is not the one that was run shows
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from pathlib import Path

from benchwright_server.results.judged import (
    Judged,
    Judgement,
    ModuleTally,
    judge,
    with_provisional,
)
from benchwright_server.results.line_map import line_map, lines_of
from benchwright_server.results.outline import ModuleOutline, outline
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Result
from benchwright_server.results.sheet import Sheet
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Tally, overall_average
from benchwright_sim.points import relative_name
from benchwright_sim.verdict import Verdict
from benchwright_sim.waivers import Waiver


@dataclass(frozen=True, slots=True)
class BinView:
    """One bin where it stands now.

    Attributes:
        bin: as the simulator named it, with its line and column in the text that was run.
        count: hits; 1 where a running job has seen it and nothing has counted it yet.
        verdict: what is known of it, with the waivers of now.
        guard: what must hold for it, in one line, empty when not known.
        line: in the current text, from 0.
        character: in code points, from 0.
    """

    bin: Bin
    count: int
    verdict: Verdict
    guard: str
    line: int
    character: int

    @property
    def open(self) -> bool:
        """Whether somebody still has to cover it, prove it or waive it."""
        return self.verdict.status == "unknown"


@dataclass(frozen=True, slots=True)
class LineView:
    """What is known of one line.

    Attributes:
        line: from 0.
        hits: how often it was executed; None where it holds no statement that is counted.
        bins: that stand here, by character.
        blocks: bins that count this line's execution, but stand on another line.
        dead: it holds statements, and none was ever executed.
    """

    line: int
    hits: int | None
    bins: tuple[BinView, ...] = ()
    blocks: tuple[BinView, ...] = ()
    dead: bool = False


@dataclass(frozen=True, slots=True)
class ModuleView:
    """A design unit in the current text, and what is known of its bins in all files.

    Attributes:
        name: of the module, interface or program.
        line: of its name, from 0.
        character: of its name, in code points from 0.
        tallies: metric (`line`, `branch`, `expr`, `toggle`, `fsm`, `user`) -> covered and all;
            empty when nothing is known.
        closure: covered, unreachable and waived bins, of all.
        open: bins with no verdict.
        overall: the overall average, None when it has no bins.
        outline: how it stands in the text.
    """

    name: str
    line: int
    character: int
    tallies: Mapping[str, Tally]
    closure: Tally
    open: int
    overall: Fraction | None
    outline: ModuleOutline


@dataclass(frozen=True, slots=True)
class FileView:
    """What is known of one file, for one version of its text.

    Attributes:
        path: absolute.
        stale: the text is not the one that was run.
        provisional: what a running job has seen is in it.
        lines: of which something is known.
        modules: design units of the text, in order.
        result: where it comes from, None when nothing is known.
    """

    path: Path
    stale: bool
    provisional: bool
    lines: Mapping[int, LineView]
    modules: tuple[ModuleView, ...]
    result: Result | None


def file_view(
    path: Path,
    text: str,
    result: Result | None,
    provisional: Provisional | None = None,
    waivers: Sequence[Waiver] = (),
) -> FileView:
    """What is known of one file; `Views` does the same and remembers what does not change."""
    judged = judge(result, waivers) if result else None
    if provisional is not None and provisional.root is not None:
        judged = with_provisional(judged, provisional)
    sheet = sheet_of(path, judged, result, provisional)
    return draw(path, text, sheet, judged, result, provisional=provisional is not None)


def sheet_of(
    path: Path, judged: Judged | None, result: Result | None, provisional: Provisional | None
) -> Sheet | None:
    """The bins of a file, None when nothing is known of it."""
    file = result.file_of(path) if result else None
    if file is None and provisional is not None and provisional.root is not None:
        file = relative_name(path, provisional.root)
    return Sheet(judged, file) if judged and file and file in judged.texts else None


def draw(
    path: Path,
    text: str,
    sheet: Sheet | None,
    judged: Judged | None,
    result: Result | None,
    *,
    provisional: bool,
) -> FileView:
    """Puts the bins of a file where they stand in `text`."""
    modules = tuple(_module_view(unit, judged) for unit in outline(text))
    if sheet is None:
        return FileView(path, False, provisional, {}, modules, result)
    lines = lines_of(text)
    stale = lines != sheet.lines
    mapping = line_map(sheet.lines, lines) if stale else tuple(range(len(lines)))
    return FileView(path, stale, provisional, _Lines(sheet, mapping), modules, result)


def _module_view(unit: ModuleOutline, judged: Judged | None) -> ModuleView:
    known = judged.modules.get(unit.name) if judged else None
    tally = known or ModuleTally({}, Tally(0, 0))
    return ModuleView(
        name=unit.name,
        line=unit.line,
        character=unit.name_character,
        tallies=tally.metrics,
        closure=tally.closure,
        open=tally.closure.total - tally.closure.covered,
        overall=overall_average(tally.metrics),
        outline=unit,
    )


class _Lines(Mapping[int, LineView]):
    """The lines of a text of which something is known, each made when it is asked for."""

    def __init__(self, sheet: Sheet, mapping: Sequence[int | None]) -> None:
        self._sheet = sheet
        self._now = {
            line: now
            for line in sheet.known
            if (now := mapping[sheet.editor_line[line]]) is not None
        }
        self._then = {now: line for line, now in sorted(self._now.items(), reverse=True)}
        self._made: dict[int, LineView] = {}

    def __getitem__(self, line: int) -> LineView:
        found = self._made.get(line)
        if found is None:
            found = self._made[line] = self._line(line, self._then[line])
        return found

    def __iter__(self) -> Iterator[int]:
        return reversed(self._then)

    def __len__(self) -> int:
        return len(self._then)

    def _line(self, now: int, then: int) -> LineView:
        sheet = self._sheet
        hits = sheet.hits.get(then)
        return LineView(
            line=now,
            hits=hits,
            bins=self._views((then, *mark) for mark in sheet.bins.get(then, ())),
            blocks=self._views(sheet.blocks.get(then, ())),
            dead=hits == 0,
        )

    def _views(self, marks: Iterable[tuple[int, int, Judgement]]) -> tuple[BinView, ...]:
        guards, now = self._sheet.guards, self._now
        return tuple(
            BinView(
                bin=judgement.bin,
                count=judgement.count,
                verdict=judgement.verdict,
                guard=guards.get(judgement.bin.id, "") if guards else "",
                line=now[line],
                character=character,
            )
            for line, character, judgement in sorted(marks, key=itemgetter(0, 1))
            if line in now
        )
