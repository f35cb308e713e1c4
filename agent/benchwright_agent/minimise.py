"""Takes away what a program does not need: runs of segments, actions, cycles.

A change stays only when the whole program, executed from power-up, still covers every bin. The
effort is bounded in cycles, so that the result is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchwright_agent.goals import Goals
from benchwright_agent.tape import RUN_LIMIT, n_cycles
from benchwright_sim.harness.client import START, Worker
from benchwright_sim.harness.encode import Encoder
from benchwright_sim.stimulus import Action, Cycles, Drive, Random, Segment

EFFORT = 30_000_000
"""Cycles that minimising may simulate."""


class Minimiser:
    """Shrinks the segments of one program.

    Args:
        worker: of the design; what it has marked as covered is forgotten.
        encoder: of the design's interface.
        goals: whose covered bins must stay covered.
        effort: cycles that may be simulated.
    """

    def __init__(
        self, worker: Worker, encoder: Encoder, goals: Goals, *, effort: int = EFFORT
    ) -> None:
        self._worker = worker
        self._encoder = encoder
        self._goals = goals
        self._wanted = goals.covered & goals.wanted
        worker.forget(points=True)
        self._left = effort

    def run(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments, fewer and shorter; as given when the whole does not reproduce."""
        kept = list(segments)
        if not self._suffices(kept):
            return kept
        kept = self._drop_runs(kept)
        kept = self._shrink(kept)
        return self._drop_runs(kept)

    def _suffices(self, segments: Sequence[Segment]) -> bool:
        words = self._encoder.chain(segments)
        limit = min(RUN_LIMIT * 8, max(1, self._left))
        (run,) = self._worker.run(START, [words], limit=limit)
        self._left -= run.cycles + 1000
        return run.status != "limit" and self._wanted <= self._goals.bins_of(run.new)

    def _drop_runs(self, segments: list[Segment]) -> list[Segment]:
        """Leaves out runs, halves of the program first, then single ones, the longest first."""
        size = len(segments) // 2
        while size > 1 and self._left > 0:
            for position in range(len(segments) - size, -1, -size):
                shorter = segments[:position] + segments[position + size :]
                if self._suffices(shorter):
                    segments = shorter
            size //= 2
        cycles = [n_cycles(segment.actions) or 0 for segment in segments]
        dropped: set[int] = set()
        for i in sorted(range(len(segments)), key=lambda i: -cycles[i]):
            rest = [s for j, s in enumerate(segments) if j not in dropped and j != i]
            if self._left > 0 and self._suffices(rest):
                dropped.add(i)
        return [s for j, s in enumerate(segments) if j not in dropped]

    def _shrink(self, segments: list[Segment]) -> list[Segment]:
        """Shortens each segment, in all of its runs at once, the longest first."""
        names = {s.name: n_cycles(s.actions) or 0 for s in segments}
        for name in sorted(names, key=lambda n: -names[n]):
            for shorter in self._shorter_forms(name, segments):
                segments = shorter
        return segments

    def _shorter_forms(self, name: str, segments: list[Segment]) -> Iterator[list[Segment]]:
        """Accepted forms, each built on the one before."""
        index = 0
        while True:
            segment = next(s for s in segments if s.name == name)
            if index >= len(segment.actions) or self._left <= 0:
                return
            without = _with_actions(
                segments, name, (*segment.actions[:index], *segment.actions[index + 1 :])
            )
            if len(segment.actions) > 1 and self._suffices(without):
                segments = without
                yield segments
                continue
            segments = self._fewer(segments, segment, index)
            yield segments
            index += 1

    def _fewer(self, segments: list[Segment], segment: Segment, index: int) -> list[Segment]:
        """Binary search for the smallest count of one action; sound, not always minimal."""
        action = segment.actions[index]
        if isinstance(action, Drive):
            return self._fewer_inputs(segments, segment, index, action)
        if not isinstance(action, Cycles | Random):
            return segments
        low, high = 1, action.n
        best = segments
        while low < high and self._left > 0:
            middle = (low + high) // 2
            actions = _replaced(segment.actions, index, replace(action, n=middle))
            tried = _with_actions(segments, segment.name, actions)
            if self._suffices(tried):
                best, high = tried, middle
            else:
                low = middle + 1
        return best

    def _fewer_inputs(
        self, segments: list[Segment], segment: Segment, index: int, drive: Drive
    ) -> list[Segment]:
        """Leaves out inputs that need not be set."""
        values = list(drive.values)
        position = 0
        while position < len(values) and len(values) > 1 and self._left > 0:
            fewer = values[:position] + values[position + 1 :]
            actions = _replaced(segment.actions, index, Drive(tuple(fewer)))
            tried = _with_actions(segments, segment.name, actions)
            if self._suffices(tried):
                segments, values = tried, fewer
            else:
                position += 1
        return segments


def _replaced(actions: tuple[Action, ...], index: int, action: Action) -> tuple[Action, ...]:
    return (*actions[:index], action, *actions[index + 1 :])


def _with_actions(segments: list[Segment], name: str, actions: tuple[Action, ...]) -> list[Segment]:
    return [replace(s, actions=actions) if s.name == name else s for s in segments]
