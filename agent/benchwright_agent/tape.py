"""The stimulus accepted so far: it is executed, and it only grows.

Whatever a policy finds, from whatever state, is run again from the end of the tape before it
counts; so the tape is at every moment a program that covers what it says, from power-up to end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from benchwright_agent.budget import Budget
from benchwright_agent.goals import Goals
from benchwright_sim.bins import Kind
from benchwright_sim.harness.client import START, Run, Status, Worker
from benchwright_sim.harness.encode import Encoder
from benchwright_sim.stimulus import Action, Cycles, Drive, Program, Random, Segment

MILESTONES = 4
"""States on the way of an accepted candidate that are kept to search from."""

_RARITY = {Kind.FSM_STATE: 0, Kind.FSM_ARC: 1, Kind.USER: 2, Kind.LINE: 3, Kind.BRANCH: 4}

RUN_LIMIT = 8_000_000
"""Cycles that one candidate may run."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A state of the design worth returning to, and the segments that lead there from reset."""

    state: int
    chain: tuple[Segment, ...]


class Tape:
    """The accepted program of one design.

    Attributes:
        goals: what is wanted and covered.
        segments: in run order; one that runs twice stands twice.
        tip: where the tape ends.
        milestones: states on the way of the segment accepted last, for the caller to forget.
        ended: the design has ended the simulation (`$finish`): nothing more can be appended.
    """

    def __init__(
        self,
        worker: Worker,
        encoder: Encoder,
        goals: Goals,
        budget: Budget,
        endings: Collection[Status] = ("finished", "stopped"),
    ) -> None:
        """Starts at power-up; `endings` are the ways in which the design may end the tape."""
        self.worker = worker
        self._endings = tuple(endings)
        self.encoder = encoder
        self.budget = budget
        self.goals = goals
        self.segments: list[Segment] = []
        self.milestones: list[Entry] = []
        worker.cover(goals.closed_points())
        run, state = worker.advance(START, encoder.chain(()), limit=RUN_LIMIT)
        self.tip = Entry(state, ())
        self.ended = run.status != "ok"
        self._mark(run.new)

    def offer(self, chain: Sequence[Segment], candidate: Segment, *, last: bool = False) -> int:
        """Appends `chain` and `candidate` if that covers new points; returns how many.

        The candidate is cut after the last cycle that adds a point, unless it has a name: others
        run what has that name, too. One that ends the simulation (`$finish` in the design) is taken
        whole only as the `last`, else up to the cycle before.
        """
        run = self._try(chain, candidate)
        acceptable = ("ok", *self._endings) if last else ("ok",)
        if run.new and run.status not in acceptable:
            n = run.cycles - 1 - (n_cycles([a for s in chain for a in s.actions]) or 0)
            candidate = replace(candidate, name="", actions=cut_actions(candidate.actions, n))
            if not candidate.actions:
                return 0
            run = self._try(chain, candidate)
        if not run.new or run.status not in acceptable:
            return 0
        candidate, stops = self._cut(chain, candidate, run)
        self.milestones = [self._milestone(chain, candidate, n) for n in stops]
        named = self._named((*chain, candidate))
        run, state = self.worker.advance(self.tip.state, self.encoder.chain(named), limit=RUN_LIMIT)
        self.budget.charge(run.cycles)
        self.segments.extend(named)
        self.tip = Entry(state, named if chain else (*self.tip.chain, named[-1]))
        self.ended = run.status != "ok"
        self._mark(run.new)
        return len(run.new)

    def _try(self, chain: Sequence[Segment], candidate: Segment) -> Run:
        words = self.encoder.chain((*chain, candidate))
        (run,) = self.worker.run(self.tip.state, [words], limit=RUN_LIMIT)
        self.budget.charge(run.cycles)
        return run

    def program(self) -> Program:
        """The tape as a program; each segment is defined once."""
        return program_of(self.segments)

    def _mark(self, points: Sequence[int]) -> None:
        self.worker.cover(self.goals.reach(points))

    def _named(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """The same segments, those without a name under names that no other has."""
        taken = {segment.name for segment in (*self.segments, *segments)}
        named: list[Segment] = []
        for segment in segments:
            name, n = segment.name, len(taken)
            style = segment.purpose if segment.purpose.isidentifier() else "aimed"
            while not segment.name and (not name or name in taken):
                name, n = f"{style}_{n}", n + 1
            taken.add(name)
            named.append(replace(segment, name=name))
        return tuple(named)

    def _cut(
        self, chain: Sequence[Segment], candidate: Segment, run: Run
    ) -> tuple[Segment, list[int]]:
        """The shortest prefix of the candidate that still reaches every new point of its run.

        Also the candidate's cycles before its last at which something but a toggle first happened,
        the rarest kinds of bins first, a few at most.
        """
        length = n_cycles(candidate.actions)
        if candidate.name or not length or run.status != "ok":
            return candidate, []
        words = self.encoder.chain((*chain, candidate))
        cycles = self.worker.reach(self.tip.state, words, run.new, limit=RUN_LIMIT)
        if cycles is None:
            return candidate, []
        self.budget.charge(max(cycles))
        before = run.cycles - length
        kept = max(1, max(cycles) - before)
        stops: dict[int, int] = {}
        for point, cycle in zip(run.new, cycles, strict=True):
            rarity = min(_RARITY.get(bin_.kind, 9) for bin_ in self.goals.bins_of([point]))
            if rarity < 9 and 0 < cycle - before < kept:
                stops[cycle - before] = min(rarity, stops.get(cycle - before, 9))
        rarest = sorted(stops, key=lambda n: (stops[n], -n))[:MILESTONES]
        return replace(candidate, actions=cut_actions(candidate.actions, kept)), rarest

    def _milestone(self, chain: Sequence[Segment], candidate: Segment, n: int) -> Entry:
        """The state after `n` cycles of a candidate."""
        part = replace(candidate, name="", actions=cut_actions(candidate.actions, n))
        way = (*chain, part)
        run, state = self.worker.advance(self.tip.state, self.encoder.chain(way), limit=RUN_LIMIT)
        self.budget.charge(run.cycles)
        return Entry(state, way if chain else (*self.tip.chain, part))


def program_of(segments: Sequence[Segment]) -> Program:
    """A program that runs these segments in order; equal names must be equal segments."""
    unique = {segment.name: segment for segment in segments}
    return Program(tuple(unique.values()), tuple(segment.name for segment in segments))


def n_cycles(actions: Sequence[Action]) -> int | None:
    """Cycles that actions run, or None when that depends on the design."""
    total = 0
    for action in actions:
        match action:
            case Drive():
                pass
            case Cycles(n):
                total += n
            case Random():
                total += action.n * action.pace
            case _:
                return None
    return total


def cut_actions(actions: Sequence[Action], cycles: int) -> tuple[Action, ...]:
    """The first actions, which run `cycles` or, with a pace, a few more."""
    kept: list[Action] = []
    for action in actions:
        if cycles <= 0:
            break
        match action:
            case Cycles(n):
                kept.append(Cycles(min(n, cycles)))
                cycles -= n
            case Random():
                moves = min(action.n, -(-cycles // action.pace))
                kept.append(replace(action, n=moves))
                cycles -= action.n * action.pace
            case _:
                kept.append(action)
    while kept and isinstance(kept[-1], Drive):
        kept.pop()
    return tuple(kept)
