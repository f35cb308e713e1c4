"""What the coverage loop finds on a design, generalised to text worth imitating.

The loop's own testbench is minimal: it holds the very numbers that happened to cover the last bins,
which nobody can learn. A lesson keeps its structure (which inputs move how, for how long, in which
order) with round lengths, and is judged by what it covers with random numbers of *other* seeds, all
in the compiled harness, thousands of times faster than as text. What adds nothing is left out. The
text is executed before it counts, like any other (`benchwright_trainer.rollouts`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from benchwright_sim.harness.client import START
from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import Action, Cycles, Driver, Random, Segment
from benchwright_trainer.lessons.statements import Statements, spellings

DUT = "dut"
_SEEDS = 4
"""Draws of random numbers that a lesson is judged by."""

_LIMIT = 60_000
"""Cycles that a lesson may run."""

_LENGTHS = (20, 50, 200, 1_000, 5_000)
_ENOUGH = Fraction(1, 500)
"""What a part must add to the overall average to stay."""

_OPENING = 200
_LONG = 1_000
_CONTROLS = 6
_CONSTANTS = 4


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


class _Teacher:
    """One search on a design and the lesson of it."""

    def __init__(self, bench: Bench, form: Skeleton, seed: int) -> None:
        self._bench = replace(bench, goals=bench.goals.fresh())
        self._form = form
        self._seed = seed
        self._rng = random.Random(seed)

    def lesson(self, budget_cycles: int) -> str:
        program = self._opening() + [_rounded(segment) for segment in self._search(budget_cycles)]
        kept = _joined(self._shortened(self._pruned(program)))
        elaboration = self._bench.elaboration
        texts = [path.read_text("utf-8", "replace") for path in elaboration.design.sources]
        writer = Statements(elaboration.interface, self._form, spellings(texts))
        body = "".join(writer.text(segment.actions) for segment in kept)
        return reply_of(self._form, body)

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

    def _opening(self) -> list[Segment]:
        """Reset, and the idioms that anyone would try, each for a while."""
        reset = Proposer(self._bench.elaboration, self._rng).reset()
        return [*([reset] if reset else []), *idioms(self._bench.elaboration.interface)]

    def _expected(self, segments: Sequence[Segment]) -> Fraction:
        """The overall average of a program, over several draws of its random numbers."""
        worker, encoder, goals = self._bench.worker, self._bench.encoder, self._bench.goals
        total = Fraction(0)
        rng = random.Random(self._seed)
        for _ in range(_SEEDS):
            program = [_redrawn(segment, rng) for segment in segments]
            worker.forget(points=True)
            (run,) = worker.run(START, [encoder.chain(program)], limit=_LIMIT)
            if run.status not in ("ok", "limit"):
                return Fraction(0)
            seen = goals.fresh()
            seen.reach(run.new)
            total += Fraction(overall_average(seen.tallies()) or 0)
        return total / _SEEDS

    def _pruned(self, segments: list[Segment]) -> list[Segment]:
        """Without the segments that add little, the last ones first; never without the reset."""
        kept, best = list(segments), self._expected(segments)
        first = int(bool(self._bench.elaboration.interface.resets))
        for index in reversed(range(first, len(kept))):
            fewer = kept[:index] + kept[index + 1 :]
            if fewer and (score := self._expected(fewer)) >= best - _ENOUGH:
                kept, best = fewer, max(best, score)
        return kept

    def _shortened(self, segments: list[Segment]) -> list[Segment]:
        """With random segments as short as they may be."""
        kept, best = list(segments), self._expected(segments)
        for index, segment in enumerate(kept):
            for shorter in _shorter(segment):
                tried = [*kept[:index], shorter, *kept[index + 1 :]]
                if self._expected(tried) < best - _ENOUGH / 4:
                    break
                kept = tried
        return kept


def idioms(interface: Interface) -> list[Segment]:
    """Ways to move all inputs but resets, from what every design needs to what few do.

    At random; with the constants that the design compares an input with; with one control rare, or
    one of them always on; slowly.
    """
    resets = {reset.signal for reset in interface.resets}
    inputs = [s for s in interface.inputs if s.name not in resets]
    if not inputs:
        return [Segment("cycles", "cycles", (Cycles(_OPENING),))]
    controls = [s.name for s in inputs if s.width == 1][:_CONTROLS]
    found = [_moved(inputs, {})]
    for number in range(min(_CONSTANTS, max(len(s.literals) for s in inputs))):
        chosen = {
            s.name: Driver("choice", values=(s.literals[number % len(s.literals)],))
            for s in inputs
            if s.width > 2 and s.literals
        }
        found += [_moved(inputs, chosen)] if chosen else []
    found += [_moved(inputs, {name: Driver("bias", amount=16)}, n=_LONG) for name in controls]
    found += [_moved(inputs, {name: Driver("bias", amount=240)}, n=_LONG) for name in controls]
    found.append(_moved(inputs, {s.name: Driver(change=32) for s in inputs}, n=_LONG))
    return found


def _moved(inputs: Sequence[Signal], how: Mapping[str, Driver], n: int = _OPENING) -> Segment:
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


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Neighbours that move the same inputs in the same way as one, as long as the longer."""
    kept: list[Segment] = []
    for segment in segments:
        match (kept[-1].actions if kept else (), segment.actions):
            case ((Random() as a,), (Random() as b,)) if (a.drivers, a.pace) == (
                b.drivers,
                b.pace,
            ):
                kept[-1] = replace(segment, actions=(replace(b, n=max(a.n, b.n)),))
            case _:
                kept.append(segment)
    return kept


def _shorter(segment: Segment) -> Iterator[Segment]:
    """The same with less and less random moves."""
    longest = max((a.n for a in segment.actions if isinstance(a, Random)), default=0)
    for length in reversed([n for n in _LENGTHS if n < longest]):
        actions = tuple(
            replace(a, n=min(a.n, length)) if isinstance(a, Random) else a for a in segment.actions
        )
        yield replace(segment, actions=actions)


def _redrawn(segment: Segment, rng: random.Random) -> Segment:
    actions = tuple(
        replace(a, seed=rng.randrange(1, 1 << 32)) if isinstance(a, Random) else a
        for a in segment.actions
    )
    return replace(segment, actions=actions)
