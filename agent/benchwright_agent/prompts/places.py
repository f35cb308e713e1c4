"""Open bins in words: the places of the source that a model is asked to reach."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from benchwright_agent.explain.explain import explain_bins, guard_texts
from benchwright_agent.prompts.stimulus import OpenBin
from benchwright_sim.bins import Bin
from benchwright_sim.elaboration import Elaboration

_MAX_NAMES = 3
_MAX_SOURCE = 120


class Describer:
    """Puts the bins of one line into words.

    Args:
        elaboration: of the design.
        bins: that will be asked for; their guards are looked up once.
    """

    def __init__(self, elaboration: Elaboration, bins: Collection[Bin]) -> None:
        self._root = elaboration.design.root
        self._guards = guard_texts(explain_bins(elaboration, sorted(bins)))
        self._lines = cache(_lines)

    def describe(self, bins: Sequence[Bin]) -> OpenBin:
        """The bins of one line as one place."""
        first = bins[0]
        lines = self._lines(self._root / first.file)
        source = lines[first.line - 1].strip() if first.line <= len(lines) else ""
        guards = dict.fromkeys(text for bin_ in bins if (text := self._guards.get(bin_)))
        return OpenBin(
            place=f"{first.file}:{first.line} {_names(bins)}",
            source=source[:_MAX_SOURCE],
            guards="; or ".join(list(guards)[:_MAX_NAMES]),
        )


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("utf-8", errors="replace").splitlines())
    except OSError:
        return ()


def _names(bins: Sequence[Bin]) -> str:
    """`branch if, expr (a==1) => 0 and 3 more`."""
    names = [f"{bin_.kind} {bin_.name}".strip() for bin_ in bins]
    shown = ", ".join(names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return shown if more <= 0 else f"{shown} and {more} more"
