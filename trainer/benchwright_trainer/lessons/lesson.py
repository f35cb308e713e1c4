"""What the coverage loop finds on a design, generalised to text worth imitating.

The loop's own testbench is minimal: it holds the very numbers that happened to cover the last bins,
which nobody can learn. A lesson keeps its structure (which inputs move how, for how long, in which
order) with round lengths, and is put together from that and from idioms that anyone would try, by
what each adds with random numbers of *other* seeds; all in the compiled harness, thousands of times
faster than as text. The text is executed before it counts, like any other (`rollouts`).
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from benchwright_agent.bench import Bench, on_bench
from benchwright_agent.budget import Budget
from benchwright_agent.events import ignore
from benchwright_agent.minimise import Minimiser
from benchwright_agent.options import GenerateOptions
from benchwright_agent.policies.turns import Turns
from benchwright_agent.prompts.skeleton import OPENING, Skeleton, skeleton
from benchwright_agent.proposals import Proposer
from benchwright_agent.tape import Tape
from benchwright_sim.coverage import overall_average
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.harness.client import START, Run
from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import Action, Cycles, Driver, Random, Segment
from benchwright_trainer.lessons.statements import Statements, spellings

DUT = "dut"
_DRAWS = 4
"""Of random numbers that a lesson is judged by."""

_LIMIT = 60_000
"""Cycles that a lesson may run."""

_LENGTHS = (20, 50, 200, 1_000, 5_000)
_SEGMENTS = 10
_ENOUGH = Fraction(1, 250)
"""What a segment must add to the overall average."""

_OPENING = 200
_LONG = (1_000, 5_000)
_RARE, _SELDOM = 16, 32
_CONTROLS = 6
_CONSTANTS = 6


def lessons(
    elaboration: Elaboration, *, n: int, seed: int, budget_cycles: int, instance: str = DUT
) -> tuple[str, ...]:
    """Up to `n` lessons on a design, each of a search of its own; fewer where they are the same.

    Each is a whole reply, as a model would give it: the line that names the file, and the block.

    Args:
        elaboration: of the design.
        n: searches.
        seed: of the first; the others follow.
        budget_cycles: of each search.
        instance: what the testbench calls the design's instance.

    Raises:
        SimError: the design cannot be built or run.
    """
    form = skeleton(elaboration.interface, instance)
    if form is None:
        return ()
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    found: dict[str, None] = {}
    with on_bench(elaboration, fsm, ()) as bench:
        for number in range(n):
            found[_Teacher(bench, form, seed + number).lesson(budget_cycles)] = None
    return tuple(found)


def reply_of(form: Skeleton, statements: str) -> str:
    """A compact testbench as a model answers it."""
    return f"{OPENING}{form.around(statements)}```\n"


@dataclass(slots=True)
class _Draw:
    """A lesson as far as it goes, run with random numbers of one seed.

    Attributes:
        rng: draws the seeds of its random actions.
        state: where it ends.
        points: that it has reached.
    """

    rng: random.Random
    state: int = START
    points: set[int] = field(default_factory=set)


class _Teacher:
    """One search on a design and the lesson of it."""

    def __init__(self, bench: Bench, form: Skeleton, seed: int) -> None:
        self._bench = replace(bench, goals=bench.goals.fresh())
        self._form = form
        self._seed = seed

    def lesson(self, budget_cycles: int) -> str:
        elaboration = self._bench.elaboration
        reset = Proposer(elaboration, random.Random(self._seed)).reset()
        first = [*([reset] if reset else []), _moved(_inputs(elaboration.interface), {}, _OPENING)]
        found = [_rounded(segment) for segment in self._search(budget_cycles)]
        whole = Segment("whole", "whole", tuple(a for segment in found for a in segment.actions))
        kept = self._grown(first, [*idioms(elaboration.interface), *found, whole])
        texts = [path.read_text("utf-8", "replace") for path in elaboration.design.sources]
        writer = Statements(elaboration.interface, self._form, spellings(texts))
        return reply_of(self._form, "".join(writer.text(segment.actions) for segment in kept))

    def _search(self, budget_cycles: int) -> list[Segment]:
        """What the loop keeps, minimised."""
        bench, budget = self._bench, Budget(None, budget_cycles)
        options = GenerateOptions(
            output=Path("lesson.sv"), budget_s=None, budget_cycles=budget_cycles, seed=self._seed
        )
        bench.worker.forget(points=True)
        tape = Tape(bench.worker, bench.encoder, bench.goals, budget)
        Turns(bench, tape, options, ignore).run()
        if tape.ended:
            raise DesignRunError("the design ends the simulation by itself")
        return Minimiser(bench, searched=budget.spent).run(tape.segments)

    def _grown(self, first: Sequence[Segment], others: Sequence[Segment]) -> list[Segment]:
        """The first segments and, one after another, the one that adds most to the average."""
        draws = [_Draw(random.Random(f"{self._seed}:{n}")) for n in range(_DRAWS)]
        kept, others = list(first), list(others)
        for segment in kept:
            self._append(segment, draws)
        average = self._average([draw.points for draw in draws])
        while len(kept) < _SEGMENTS:
            scores = self._scores(others, draws)
            best = max(scores, default=average)
            if best < average + _ENOUGH:
                break
            index = next(i for i, score in enumerate(scores) if score >= best - _ENOUGH / 2)
            kept.append(others.pop(index))
            self._append(kept[-1], draws)
            average = self._average([draw.points for draw in draws])
        return kept

    def _scores(self, segments: Sequence[Segment], draws: Sequence[_Draw]) -> list[Fraction]:
        """The average that each would lead to, over all draws; 0 for one that does not end well."""
        reached: list[list[set[int]]] = [[] for _ in segments]
        for draw in draws:
            rng = random.Random(draw.rng.random())
            words = [self._bench.encoder.segment(_redrawn(s, rng)) for s in segments]
            runs = self._run(draw, words)
            for points, run in zip(reached, runs, strict=True):
                if run.status == "ok":
                    points.append(draw.points | set(run.new))
        return [
            self._average(points) if len(points) == len(draws) else Fraction(0)
            for points in reached
        ]

    def _append(self, segment: Segment, draws: Sequence[_Draw]) -> None:
        worker = self._bench.worker
        for draw in draws:
            words = self._bench.encoder.segment(_redrawn(segment, draw.rng))
            self._mark(draw)
            run, state = worker.advance(draw.state, words, limit=_LIMIT)
            if draw.state != START:
                worker.forget([draw.state])
            draw.state = state
            draw.points.update(run.new)

    def _run(self, draw: _Draw, words: Sequence[array[int]]) -> tuple[Run, ...]:
        self._mark(draw)
        return self._bench.worker.run(draw.state, words, limit=_LIMIT)

    def _mark(self, draw: _Draw) -> None:
        """Lets the worker report what is new to this draw."""
        self._bench.worker.forget(points=True)
        self._bench.worker.cover(draw.points)

    def _average(self, reached: Sequence[Collection[int]]) -> Fraction:
        """The mean of the overall averages of several draws."""
        total = Fraction(0)
        for points in reached:
            goals = self._bench.goals.fresh()
            goals.reach(sorted(points))
            total += Fraction(overall_average(goals.tallies()) or 0)
        return total / max(1, len(reached))


def idioms(interface: Interface) -> list[Segment]:
    """Ways to move all inputs but resets, from what every design needs to what few do.

    At random; with the constants that the design compares an input with; with one control rare, or
    one of them nearly always on; slowly.
    """
    inputs = _inputs(interface)
    if not inputs:
        return []
    controls = [s.name for s in inputs if s.width == 1][:_CONTROLS]
    constants = {s.name: s.literals[:_CONSTANTS] for s in inputs if s.width > 2 and s.literals}
    only = {name: Driver("choice", values=values) for name, values in constants.items()}
    found = [_moved(inputs, {}, n) for n in _LONG]
    found += [_moved(inputs, only, n) for n in _LONG if only]
    for amount in (_RARE, 256 - _RARE):
        for control in controls:
            biased = {control: Driver("bias", amount=amount)}
            found += [_moved(inputs, {**how, **biased}) for how in ({}, only) if not how or only]
    return [*found, _moved(inputs, {s.name: Driver(change=_SELDOM) for s in inputs})]


def _inputs(interface: Interface) -> list[Signal]:
    resets = {reset.signal for reset in interface.resets}
    return [s for s in interface.inputs if s.name not in resets]


def _moved(inputs: Sequence[Signal], how: Mapping[str, Driver], n: int = _LONG[0]) -> Segment:
    if not inputs:
        return Segment("idiom", "idiom", (Cycles(n),))
    drivers = tuple((s.name, how.get(s.name, Driver())) for s in inputs)
    return Segment("idiom", "idiom", (Random(n, 1, drivers),))


def _rounded(segment: Segment) -> Segment:
    """Random moves for about twice as long, in round numbers."""
    return replace(segment, actions=tuple(_longer(action) for action in segment.actions))


def _longer(action: Action) -> Action:
    if not isinstance(action, Random):
        return action
    n = next((length for length in _LENGTHS if length >= 2 * action.n), _LENGTHS[-1])
    return replace(action, n=n)


def _redrawn(segment: Segment, rng: random.Random) -> Segment:
    actions = tuple(
        replace(a, seed=rng.randrange(1, 1 << 32)) if isinstance(a, Random) else a
        for a in segment.actions
    )
    return replace(segment, actions=actions)
