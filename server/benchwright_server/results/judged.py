"""Every bin of a design with its count and verdict as of now.

Waivers are read anew: what a waiver of the time of a run said holds only where the design names no
waiver file of its own. What a running job has covered counts once, until it is measured.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchwright_server.results.line_map import same_lines
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Result
from benchwright_sim.bins import METRICS, Bin, Kind
from benchwright_sim.coverage import Tally
from benchwright_sim.errors import ParameterError
from benchwright_sim.verdict import Verdict
from benchwright_sim.waivers import (
    AppliedWaivers,
    Waiver,
    apply_waivers,
    parse_waivers,
    read_waivers,
)

_LOG = logging.getLogger(__name__)

SEEN = Verdict("covered", note="seen by the job that is running")
"""Of a bin that a running job has covered and no simulation has counted."""

_UNKNOWN = Verdict("unknown")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One bin: how often it was hit, and what is known of it."""

    bin: Bin
    count: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ModuleTally:
    """How much of one module is covered.

    Attributes:
        metrics: covered and all bins of each metric that it has bins of.
        closure: covered, unreachable and waived bins, of all.
    """

    metrics: Mapping[str, Tally]
    closure: Tally


@dataclass(frozen=True, slots=True)
class Judged:
    """All bins of a design.

    Attributes:
        files: file as bins name it -> its bins, in order.
        modules: name -> how much of it is covered, over all files.
        texts: file as bins name it -> text that was run.
        guards: id of a bin -> what must hold for it.
        warnings: of waivers that are stale.
    """

    files: Mapping[str, Sequence[Judgement]]
    modules: Mapping[str, ModuleTally]
    texts: Mapping[str, str]
    guards: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def judge(result: Result, waivers: Sequence[Waiver] = ()) -> Judged:
    """The bins of a result, with the waivers of now."""
    record = result.record
    applied = apply_waivers(waivers, record.coverage) if waivers else AppliedWaivers()
    anew = bool(result.spec.waivers)

    def verdict(bin_: Bin, recorded: Verdict) -> Verdict:
        if recorded.status == "waived" and anew:
            recorded = _UNKNOWN
        waiver = applied.waived.get(bin_) if recorded.status == "unknown" else None
        return Verdict("waived", waiver.author, waiver.reason) if waiver else recorded

    recorded = record.verdicts
    found = [
        Judgement(bin_, count, verdict(bin_, recorded[bin_]))
        for bin_, count in record.coverage.items()
    ]
    return _grouped(found, result.texts, result.guards, applied.warnings)


def with_provisional(judged: Judged | None, provisional: Provisional) -> Judged:
    """The bins with what a running job has covered; alone where it runs other texts."""

    def seen(bin_: Bin) -> Judgement:
        covered = bin_ in provisional.covered
        return Judgement(bin_, int(covered), SEEN if covered else _UNKNOWN)

    if judged is None or not all(
        same_lines(judged.texts.get(file, text), text) for file, text in provisional.texts.items()
    ):
        return _grouped([seen(bin_) for bin_ in provisional.bins], provisional.texts)
    found = [
        Judgement(judgement.bin, 1, SEEN)
        if not judgement.count and judgement.bin in provisional.covered
        else judgement
        for judgements in judged.files.values()
        for judgement in judgements
    ]
    found += [seen(bin_) for bin_ in provisional.bins if bin_.file not in judged.files]
    texts = {**provisional.texts, **judged.texts}
    return _grouped(found, texts, judged.guards, judged.warnings)


def _grouped(
    judgements: Sequence[Judgement],
    texts: Mapping[str, str],
    guards: Mapping[str, str] | None = None,
    warnings: tuple[str, ...] = (),
) -> Judged:
    files: dict[str, list[Judgement]] = {}
    modules: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        bin_ = judgement.bin
        files.setdefault(bin_.file, []).append(judgement)
        modules.setdefault(bin_.module, []).append(judgement)
    tallies = {name: _tally(of_module) for name, of_module in modules.items()}
    return Judged(files, tallies, texts, guards or {}, warnings)


def _tally(judgements: Sequence[Judgement]) -> ModuleTally:
    totals = Counter(judgement.bin.kind for judgement in judgements)
    covered = Counter(judgement.bin.kind for judgement in judgements if judgement.count)
    n_open = sum(judgement.verdict.status == "unknown" for judgement in judgements)

    def tally(kinds: Sequence[Kind]) -> Tally:
        return Tally(sum(covered[kind] for kind in kinds), sum(totals[kind] for kind in kinds))

    metrics = {metric: tally(kinds) for metric, kinds in METRICS.items() if tally(kinds).total}
    return ModuleTally(metrics, Tally(len(judgements) - n_open, len(judgements)))


class WaiverFiles:
    """Waiver files as they are now: those of unsaved buffers, or of the disk, read when changed.

    A file that is wrong keeps the waivers that it had when it was last right, and is named in
    `problems`; one that does not exist has none.
    """

    def __init__(self, buffer: Callable[[Path], str | None]) -> None:
        """`buffer` gives the text of a file that is open, None for others."""
        self.problems: dict[Path, ParameterError] = {}
        self._buffer = buffer
        self._read: dict[Path, tuple[object, tuple[Waiver, ...]]] = {}

    def of(self, paths: Sequence[Path]) -> tuple[Waiver, ...]:
        """The waivers of all files, in order."""
        return tuple(waiver for path in paths for waiver in self._of(path))

    @property
    def files(self) -> Collection[Path]:
        """That were read."""
        return self._read.keys()

    def state(self, paths: Sequence[Path]) -> tuple[object, ...]:
        """Differs when a file has changed."""
        return tuple(self._state(path) for path in paths)

    def _state(self, path: Path) -> object:
        text = self._buffer(path)
        if text is not None:
            return text
        try:
            stat = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, for every request
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _of(self, path: Path) -> tuple[Waiver, ...]:
        state = self._state(path)
        known = self._read.get(path)
        if known is not None and known[0] == state:
            return known[1]
        waivers = known[1] if known else ()
        self.problems.pop(path, None)
        try:
            waivers = self._parsed(path, state)
        except ParameterError as error:
            self.problems[path] = error
            _LOG.warning("%s", error)
        self._read[path] = (state, waivers)
        return waivers

    def _parsed(self, path: Path, state: object) -> tuple[Waiver, ...]:
        if state is None:
            return ()
        if isinstance(state, str):
            return parse_waivers(state, path)
        return read_waivers(path)
