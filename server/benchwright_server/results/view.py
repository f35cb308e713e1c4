"""What an editor shows of one file: bins, hits and verdicts where they stand in its current text.

Lines and characters count from 0; a character is a code point of the line's text, which
`documents` turns into the client's unit. A line whose text is not the one that was run shows
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchwright_server.results.outline import ModuleOutline
from benchwright_server.results.result import Result
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Tally
from benchwright_sim.verdict import Verdict


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
