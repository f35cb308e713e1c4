"""The bins of one file by line, as they stand in the text that was run.

The simulator ends lines at line feeds only, an editor at lone carriage returns as well; both
numbers of a line are known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from benchwright_server.results.columns import begin_in_comment, character_of
from benchwright_server.results.execution import Counted, executions, lines_of_span
from benchwright_server.results.judged import Judged, Judgement
from benchwright_server.results.line_map import lines_of
from benchwright_sim.bins import Kind


class Sheet:
    """One file of a design; lines count from 0, as the simulator ends them, but for `lines`.

    Attributes:
        lines: the text's lines as an editor ends them.
        editor_line: line of the simulator -> line of an editor.
        bins: line -> character and bin, of all that stand there.
        blocks: line -> line, character and bin, of those that count it and stand elsewhere.
        hits: line -> how often it was executed.
        known: lines of which something is known.
        guards: id of a bin -> what must hold for it.
    """

    def __init__(self, judged: Judged, file: str) -> None:
        """The bins of `file`, which is one of `judged.texts`."""
        text = judged.texts[file]
        self.lines = lines_of(text)
        self.guards = judged.guards
        self._run = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
        lone_returns = (line.count("\r") for line in self._run)
        shifts = accumulate(lone_returns, initial=0)
        self.editor_line = [line + shift for line, shift in enumerate(shifts)]
        self.bins: dict[int, list[tuple[int, Judgement]]] = {}
        self.blocks: dict[int, list[tuple[int, int, Judgement]]] = {}
        self.hits = executions(self._place(judged.files.get(file, ())), self._run)
        self.known = self.bins.keys() | self.blocks.keys() | self.hits.keys()

    def _place(self, judgements: Sequence[Judgement]) -> list[Counted]:
        """Fills `bins` and `blocks`; gives the bins that count lines."""
        commented = begin_in_comment(self._run)
        counting: list[Counted] = []
        characters: dict[tuple[int, int], int] = {}
        for judgement in judgements:
            bin_ = judgement.bin
            line = bin_.line - 1
            if not 0 <= line < len(self._run):
                continue
            place = (line, bin_.column)
            if bin_.kind is not Kind.TOGGLE:
                character = character_of(bin_, self._run[line], in_comment=line in commented)
            elif place in characters:
                character = characters[place]
            else:
                character = character_of(bin_, self._run[line], in_comment=line in commented)
                characters[place] = character
            self.bins.setdefault(line, []).append((character, judgement))
            if bin_.kind in (Kind.LINE, Kind.BRANCH):
                counting.append(Counted(bin_, judgement.count, line, character))
                for other in lines_of_span(bin_.span, len(self._run)):
                    if other != line:
                        self.blocks.setdefault(other, []).append((line, character, judgement))
        return counting
