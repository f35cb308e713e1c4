"""Questions of the closing policy with answers that the loop found: what a model does in the loop.

The loop's model is asked for stimulus when the search leaves bins open (`policies.closing`). So the
search stops here, early or after its baseline of random cycles by turns, the question is asked
about what is open then, and the search goes on to find the answer: those of its later segments
that reach bins that were asked about, written as the model has to write them. An answer is read
back and run exactly as a model's would be, and kept for what it then covers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchwright_agent.bench import Bench, on_bench
from benchwright_agent.budget import Budget
from benchwright_agent.models.model import Message
from benchwright_agent.options import GenerateOptions
from benchwright_agent.policies.closing import PLACES
from benchwright_agent.policies.holes import Holes
from benchwright_agent.policies.search import Search
from benchwright_agent.prompts.answer_schema import MAX_CYCLES, MAX_MOVES, MAX_SEGMENTS, MODES
from benchwright_agent.prompts.sources import Sources
from benchwright_agent.prompts.stimulus import fixed_messages, question
from benchwright_agent.proposals import Proposer
from benchwright_agent.protocol.task import Task
from benchwright_agent.replies.answer import read_answer
from benchwright_agent.tape import Tape
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.harness.client import START
from benchwright_sim.stimulus import Action, Cycles, Drive, Random, Repeat, Segment, WaitFor

Tallies = Mapping[str, tuple[int, int]]

_EARLY_CYCLES = 2_000
_EXACT_BITS = 32
_LIMIT = 200_000
_DRIVERS = 8


@dataclass(frozen=True, slots=True)
class Aimed:
    """One question and the loop's answer to it.

    Attributes:
        prompt: the question, as the closing policy asks it.
        answer: JSON of segments.
        before: metric -> (covered, total) when it was asked.
        after: the same with what the answer, run alone, adds.
    """

    prompt: tuple[Message, ...]
    answer: str
    before: Tallies
    after: Tallies


def aimed_answers(
    task: Task,
    *,
    n: int,
    seed: int,
    budget_cycles: int,
    fits: Callable[[Sequence[Message]], bool],
) -> tuple[Aimed, ...]:
    """Up to `n` questions about a design, each after a search of its own.

    Args:
        task: the design.
        n: searches; one that leaves nothing open, or finds nothing more, gives no question.
        seed: of the first; the others follow.
        budget_cycles: of each search in all.
        fits: whether a prompt is short enough for the student.

    Raises:
        SimError: the design cannot be built or run.
    """
    elaboration = task.elaboration
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    found: dict[str, Aimed] = {}
    with on_bench(elaboration, fsm, ()) as bench:
        for number in range(n):
            asked = _Asked(bench, task, seed + number, fits)
            if (aimed := asked.answered(budget_cycles)) is not None:
                found.setdefault(aimed.answer, aimed)
    return tuple(found.values())


class _Asked:
    """One search, cut in two by a question."""

    def __init__(
        self, bench: Bench, task: Task, seed: int, fits: Callable[[Sequence[Message]], bool]
    ) -> None:
        self._bench = replace(bench, goals=bench.goals.fresh())
        self._task = task
        self._seed = seed
        self._fits = fits

    def answered(self, budget_cycles: int) -> Aimed | None:
        bench, goals = self._bench, self._bench.goals
        bench.worker.forget(points=True)
        budget = Budget(None, _EARLY_CYCLES)
        tape = Tape(bench.worker, bench.encoder, goals, budget)
        is_early = self._seed % 2 == 0
        search = Search(
            bench.elaboration,
            tape,
            seed=self._seed,
            # else a search ends with its baseline of 100,000 random cycles
            done=lambda: is_early and budget.cycles == _EARLY_CYCLES <= budget.spent,
            on_round=lambda: None,
        )
        search.run()
        if tape.ended or not goals.left:
            return None
        early, covered = tape.tip.state, frozenset(goals.covered)
        asked, prompt = self._question(tape)
        if prompt is None:
            return None
        n_early = len(tape.segments)
        budget.cycles = budget.spent + budget_cycles
        search.resume()
        later = tape.segments[n_early:]
        answer, reached = self._answer(later, early, asked - covered)
        if not reached:
            return None
        return Aimed(prompt, answer, self._tallies(covered), self._tallies(covered | reached))

    def _tallies(self, covered: Collection[Bin]) -> Tallies:
        coverage = Coverage({bin_: int(bin_ in covered) for bin_ in self._bench.goals.bins})
        return {name: (t.covered, t.total) for name, t in coverage.by_metric().items()}

    def _question(self, tape: Tape) -> tuple[frozenset[Bin], tuple[Message, ...] | None]:
        """What is asked about, and the words; None where the design is too long."""
        holes = Holes(self._task, self._bench.goals)
        options = GenerateOptions(output=Path("aimed.sv"), seed=self._seed)
        holes.look(tape, options, self._bench.fsm)
        fixed = fixed_messages(self._task, Sources(self._task).shown(0))
        places = holes.places()[:PLACES]
        while places:
            prompt = question(fixed, holes.words(places), 0)
            if self._fits(prompt):
                return frozenset(bin_ for place in places for bin_ in place.bins), prompt
            places = places[: len(places) // 2]
        return frozenset(), None

    def _answer(
        self, segments: Sequence[Segment], early: int, wanted: frozenset[Bin]
    ) -> tuple[str, set[Bin]]:
        """The segments that reach most of what is wanted, as an answer, and what they reach."""
        reached: set[Bin] = set()
        chosen: list[dict[str, Any]] = []
        distinct = {segment.name: segment for segment in segments}.values()
        tried = [
            (data, self._reached(data, early)) for data in map(_segment_data, distinct) if data
        ]
        while len(chosen) < MAX_SEGMENTS and tried:
            data, bins = max(tried, key=lambda pair: len(pair[1] & wanted - reached))
            if not bins & wanted - reached:
                break
            chosen.append(data)
            reached |= bins
            tried = [pair for pair in tried if pair[0] is not data]
        return _json(chosen), reached

    def _reached(self, data: Mapping[str, Any], early: int) -> frozenset[Bin]:
        """What a segment covers, read back, after reset and from where the early search ended."""
        bench = self._bench
        rng = random.Random(self._seed)
        segments = read_answer(_json([data]), bench.elaboration.interface, rng)
        reset = Proposer(bench.elaboration, rng).reset()
        bench.worker.forget(points=True)
        found: set[Bin] = set()
        for segment in segments:
            ways = [(START, (reset, segment) if reset else (segment,)), (early, (segment,))]
            for state, program in ways:
                words = [bench.encoder.chain(program)]
                (run,) = bench.worker.run(state, words, limit=_LIMIT)
                found |= bench.goals.bins_of(run.new)
        return frozenset(found)


def _json(segments: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"segments": list(segments)}, separators=(",", ":"))


def _segment_data(segment: Segment) -> dict[str, Any] | None:
    """A segment as an answer writes it, None where nothing of it can be written."""
    actions = [data for action in segment.actions if (data := _action(action)) is not None]
    purpose = segment.purpose.replace("_", " ") or "reach"
    return {"purpose": purpose, "actions": actions} if actions else None


def _action(action: Action) -> dict[str, Any] | None:
    match action:
        case Drive(values):
            return {"drive": {name: _number(value) for name, value in values}}
        case Cycles(n):
            return {"cycles": min(n, MAX_CYCLES)}
        case WaitFor(signal, value, timeout):
            value_ = _number(value)
            return {"wait_for": {"signal": signal, "value": value_, "timeout": timeout}}
        case Repeat(n, body):
            inner = [data for each in body if (data := _action(each)) and "random" not in data]
            return {"repeat": {"n": n, "body": inner}} if inner else None
        case Random():
            drivers = [
                {"input": name, "mode": driver.mode if driver.mode in MODES else "uniform"}
                for name, driver in action.drivers[:_DRIVERS]
            ]
            n_moves = min(action.n * action.pace, MAX_MOVES)
            return {"random": {"n": n_moves, "drivers": drivers}} if drivers else None


def _number(value: int) -> int | str:
    return value if value < 1 << _EXACT_BITS else f"{value:#x}"
