"""Takes away what a program does not need: runs of segments, actions, inputs, cycles, choices.

A change stays only when the whole program, executed from power-up, still covers every bin and
ends as well as before: a failed assertion of the design fails a testbench. The effort is bounded in
cycles, so that the result is the same on every machine. An initial reset stays even where the
coverage could do without: a testbench begins with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from benchwright_agent.bench import Bench
from benchwright_agent.blocks import essential_blocks
from benchwright_agent.concretise import concretise
from benchwright_agent.proposals import RESET
from benchwright_agent.tape import RUN_LIMIT, n_cycles
from benchwright_sim.harness.client import START, Status
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Random, Repeat, Segment

EFFORT = (300_000, 30_000_000)
"""Least and most cycles that minimising may simulate; between them, half of the search's."""

MANY_ATTEMPTS = 200
"""Executions of a program that leaving out its parts one by one takes, more or less."""


class Minimiser:
    """Shrinks the segments of one program.

    Args:
        bench: of the design; what its worker has marked as covered is forgotten.
        searched: cycles of effort that the search spent.
        stopped: asked before each attempt: whether to leave it at what is reached.
    """

    def __init__(
        self, bench: Bench, *, searched: int, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._bench = bench
        self._worker = bench.worker
        self._encoder = bench.encoder
        self._goals = bench.goals
        self._wanted = bench.goals.covered & bench.goals.wanted
        bench.worker.forget(points=True)
        self._left = min(max(searched // 2, EFFORT[0]), EFFORT[1])
        self._stopped = stopped
        self._ending: Status | None = None  # of the program as given

    def run(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments, fewer and shorter; as given when the whole does not reproduce."""
        kept = list(segments)
        if not self._suffices(kept):
            return kept
        kept = self._drop_blocks(kept)
        kept = self._drop_runs(kept)
        kept = self._shrink(kept)
        kept = self._drop_runs(kept)
        values = concretise(self._encoder.interface, kept)
        return self._shrink(values) if values != kept and self._suffices(values) else kept

    def _suffices(self, segments: Sequence[Segment]) -> bool:
        if self._stopped():
            self._left = 0
            return False
        words = self._encoder.chain(segments)
        limit = min(RUN_LIMIT * 8, max(1, self._left))
        (run,) = self._worker.run(START, [words], limit=limit)
        self._left -= run.cycles + 1000
        ending = self._ending = self._ending or run.status
        if run.status == "limit" or run.status not in ("ok", ending):
            return False
        return self._wanted <= self._goals.bins_of(run.new)

    def _drop_blocks(self, segments: list[Segment]) -> list[Segment]:
        """Keeps only the blocks that are needed to cover everything, if that suffices.

        For long programs only: where the effort allows to leave out one run after another, that
        ends with less.
        """
        length = sum(n_cycles(segment.actions) or 0 for segment in segments)
        if self._left <= 0 or length * MANY_ATTEMPTS <= self._left:
            return segments
        fewer, spent = essential_blocks(self._bench, segments, self._wanted)
        self._left -= spent
        return fewer if len(fewer) < len(segments) and self._suffices(fewer) else segments

    def _drop_runs(self, segments: list[Segment]) -> list[Segment]:
        """Leaves out runs, halves of the program first, then single ones, the longest first."""
        first = 1 if segments and segments[0].name == RESET else 0
        size = (len(segments) - first) // 2
        while size > 1 and self._left > 0:
            for position in range(len(segments) - size, first - 1, -size):
                shorter = segments[:position] + segments[position + size :]
                if self._suffices(shorter):
                    segments = shorter
            size //= 2
        cycles = [n_cycles(segment.actions) or 0 for segment in segments]
        dropped: set[int] = set()
        for i in sorted(range(first, len(segments)), key=lambda i: -cycles[i]):
            rest = [s for j, s in enumerate(segments) if j not in dropped and j != i]
            if self._left > 0 and self._suffices(rest):
                dropped.add(i)
        return [s for j, s in enumerate(segments) if j not in dropped]

    def _shrink(self, segments: list[Segment]) -> list[Segment]:
        """Shortens each segment, in all of its runs at once, the longest first."""
        names = {s.name: n_cycles(s.actions) or 0 for s in segments if s.name != RESET}
        for name in sorted(names, key=lambda n: -names[n]):
            segments = self._shrink_segment(segments, name)
        return segments

    def _shrink_segment(self, segments: list[Segment], name: str) -> list[Segment]:
        index = 0
        while self._left > 0:
            actions = _actions_of(segments, name)
            if index >= len(actions):
                break
            rest = (*actions[:index], *actions[index + 1 :])
            if rest and self._suffices(without := _with_actions(segments, name, rest)):
                segments = without
                continue
            for simpler in (self._fewer_inputs, self._simpler_drivers, self._fewer_cycles):
                segments = simpler(segments, name, index)
            index += 1
        return segments

    def _attempt(
        self, segments: list[Segment], name: str, index: int, action: Action
    ) -> list[Segment] | None:
        """The program with one action of a segment replaced, if that suffices."""
        actions = _actions_of(segments, name)
        tried = _with_actions(segments, name, (*actions[:index], action, *actions[index + 1 :]))
        return tried if self._left > 0 and self._suffices(tried) else None

    def _fewer_cycles(self, segments: list[Segment], name: str, index: int) -> list[Segment]:
        """Binary search for the smallest count of one action; sound, not always minimal."""
        action = _actions_of(segments, name)[index]
        if not isinstance(action, Cycles | Random | Repeat):
            return segments
        low, high = 1, action.n
        while low < high:
            middle = (low + high) // 2
            tried = self._attempt(segments, name, index, replace(action, n=middle))
            if tried is not None:
                segments, high = tried, middle
            else:
                low = middle + 1
        return segments

    def _fewer_inputs(self, segments: list[Segment], name: str, index: int) -> list[Segment]:
        """Leaves out inputs that an action need not set."""
        position = 0
        while True:
            action = _actions_of(segments, name)[index]
            if not isinstance(action, Drive | Random):
                return segments
            inputs = action.values if isinstance(action, Drive) else action.drivers
            if position >= len(inputs) or len(inputs) == 1:
                return segments
            tried = self._attempt(segments, name, index, _without_input(action, position))
            if tried is not None:
                segments = tried
            else:
                position += 1

    def _simpler_drivers(self, segments: list[Segment], name: str, index: int) -> list[Segment]:
        """Gives each input of a random action the simplest way to move that suffices."""
        action = _actions_of(segments, name)[index]
        if not isinstance(action, Random):
            return segments
        for position, (_, driver) in enumerate(action.drivers):
            for simpler in _simpler(driver):
                drivers = list(action.drivers)
                drivers[position] = (drivers[position][0], simpler)
                candidate = replace(action, drivers=tuple(drivers))
                tried = self._attempt(segments, name, index, candidate)
                if tried is not None:
                    segments, action = tried, candidate
                    break
        return segments


def _simpler(driver: Driver) -> Iterator[Driver]:
    """Simplest first; nothing when there is no simpler one."""
    if driver != Driver():
        yield Driver()
    if driver.change < 256:
        yield replace(driver, change=256)
    if driver.mode == "choice" and len(driver.values) > 4:
        middle = len(driver.values) // 2
        yield replace(driver, values=driver.values[:middle], cares=driver.cares[:middle])
        yield replace(driver, values=driver.values[middle:], cares=driver.cares[middle:])


def _without_input(action: Drive | Random, position: int) -> Drive | Random:
    if isinstance(action, Drive):
        return Drive((*action.values[:position], *action.values[position + 1 :]))
    return replace(action, drivers=(*action.drivers[:position], *action.drivers[position + 1 :]))


def _actions_of(segments: list[Segment], name: str) -> tuple[Action, ...]:
    return next(s.actions for s in segments if s.name == name)


def _with_actions(segments: list[Segment], name: str, actions: tuple[Action, ...]) -> list[Segment]:
    return [replace(s, actions=actions) if s.name == name else s for s in segments]
