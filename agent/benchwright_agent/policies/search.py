"""Coverage-guided random search over snapshots of the compiled design.

Each round draws a state to start from (mostly the end of the tape, sometimes an earlier one), runs
a batch of candidates from there, and offers the best to the tape. While nothing is found,
candidates grow longer, and once 100,000 uniform cycles are tried, so that no search ends below that
baseline. The search ends when everything is covered, the budget is spent, or as much
effort again has brought nothing as brought the last gain.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchwright_agent.proposals import RESET, Proposal, Proposer
from benchwright_agent.tape import Entry, Tape, n_cycles
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.harness.client import Run
from benchwright_sim.stimulus import Segment

_BATCH = 16
_TRY_LIMIT = 2_000_000  # a batch must not outlast the seconds that the user gave by much
_MAX_STATES = 64
_MAX_STATE_BYTES = 256 << 20
_PATIENCE = 40_000_000
_BASELINE = 100_000
_LONGEST_CHAIN = 10_000
_BASELINE_AT = 0.1
_STRETCHES = (1, 1, 4, 16, 64, 256)


@dataclass(slots=True)
class _Place:
    """A state to search from, and how often that was tried and brought something."""

    entry: Entry
    tries: int = 0
    gains: int = 0

    @property
    def promise(self) -> float:
        return (1 + self.gains) / (2 + self.tries)


@dataclass(slots=True)
class _Stagnation:
    """How long nothing was found, in cycles of effort."""

    last_gain: int = 0

    def stretch(self, spent: int) -> int:
        """Factor on the length of candidates."""
        return _STRETCHES[min(int(self.part(spent) * len(_STRETCHES)), len(_STRETCHES) - 1)]

    def part(self, spent: int) -> float:
        """How far the patience is used up; 1 is the end."""
        return (spent - self.last_gain) / self.patience

    @property
    def patience(self) -> int:
        return max(_PATIENCE, 2 * self.last_gain)

    def hopeless(self, spent: int) -> bool:
        """Whether the search should give up."""
        return self.part(spent) > 1


class Search:
    """The search policy of one run.

    Args:
        elaboration: of the design.
        tape: what it grows.
        seed: of all its choices.
        done: asked after each gain: whether the coverage is enough.
        on_round: called after each round.
    """

    def __init__(
        self,
        elaboration: Elaboration,
        tape: Tape,
        *,
        seed: int,
        done: Callable[[], bool],
        on_round: Callable[[], None],
    ) -> None:
        self._tape = tape
        self._rng = random.Random(seed)
        self._proposer = Proposer(elaboration, self._rng)
        self._reset = self._proposer.reset()
        self._places: list[_Place] = []
        self._endings: list[tuple[Entry, Proposal]] = []
        self._stagnation = _Stagnation()
        self._baseline_due = True
        self._done = done
        self._on_round = on_round
        by_bytes = _MAX_STATE_BYTES // max(1, tape.worker.state_bytes)
        self._max_states = max(3, min(_MAX_STATES, by_bytes))

    def run(self) -> None:
        """Grows the tape until nothing is left, nothing more is found, or the budget ends."""
        self._begin()
        self._search()

    def resume(self) -> None:
        """Goes on where another policy has taken the tape."""
        self._stagnation.last_gain = self._tape.budget.spent
        self._remember(self._tape.tip)
        self._search()

    def finish(self) -> None:
        """Takes one of the candidates that end the simulation, as the last thing to happen."""
        for entry, proposal in self._endings:
            for chain in self._ways(entry):
                if self._tape.offer(chain, proposal.segment, last=True):
                    return

    def _search(self) -> None:
        while not self._finished():
            if self._baseline_due and self._stagnation.part(self._tape.budget.spent) > _BASELINE_AT:
                self._offer_plain(_BASELINE)
            self._round()
            self._on_round()
        open_ = self._tape.goals.left and not self._tape.ended and not self._done()
        if self._baseline_due and open_:
            self._offer_plain(_BASELINE)

    def _finished(self) -> bool:
        tape = self._tape
        return (
            tape.ended
            or not tape.goals.left
            or self._done()
            or tape.budget.exhausted()
            or self._stagnation.hopeless(tape.budget.spent)
        )

    def _begin(self) -> None:
        """Resets and takes a few uniform cycles."""
        if self._reset is not None and self._tape.offer((), self._reset):
            self._remember(self._tape.tip)
        for n in (32, 1_000):
            if self._finished():
                return
            self._offer_plain(n)
            self._on_round()

    def _offer_plain(self, n: int) -> None:
        self._baseline_due = self._baseline_due and n < _BASELINE
        before = self._tape.tip
        if self._tape.offer((), self._proposer.plain(n)):
            self._stagnation.last_gain = self._tape.budget.spent
            self._forget(before)
            for milestone in self._tape.milestones:
                self._remember(milestone)

    def _round(self) -> None:
        tape = self._tape
        self._proposer.stretch = self._stretch()
        place = self._pick()
        place.tries += 1
        proposals = [self._propose() for _ in range(max(2, _BATCH // self._proposer.stretch))]
        programs = [tape.encoder.segment(proposal.segment) for proposal in proposals]
        runs = tape.worker.run(place.entry.state, programs, limit=_TRY_LIMIT)
        for proposal, run in zip(proposals, runs, strict=True):
            tape.budget.charge(run.cycles)
            self._proposer.learn(proposal.style, len(run.new))
        ranked = sorted(zip(proposals, runs, strict=True), key=lambda pair: _merit(pair[1]))
        for proposal, run in ranked:
            if not tape.goals.covered.issuperset(tape.goals.bins_of(run.new)):
                place.gains += self._accept(place.entry, proposal, run)

    def _stretch(self) -> int:
        """Factor on the length of this round's candidates: long ones get half of the effort."""
        stretch = self._stagnation.stretch(self._tape.budget.spent)
        return stretch if self._rng.random() < 8 / (8 + stretch) else 1

    def _propose(self) -> Proposal:
        accepted = [s for s in self._tape.segments if s.name != RESET]
        if accepted and self._rng.random() < 0.15:
            segment = self._rng.choice(accepted)
            return Proposal(segment.purpose, self._proposer.mutate(segment))
        return self._proposer.propose()

    def _pick(self) -> _Place:
        """The end of the tape, the state after reset, or an earlier state by its promise."""
        roll = self._rng.random()
        if not self._places or roll < 0.4:
            return _Place(self._tape.tip)
        if roll < 0.6:
            return self._places[0]
        return self._rng.choices(self._places, [place.promise for place in self._places])[0]

    def _accept(self, entry: Entry, proposal: Proposal, run: Run) -> bool:
        """Offers a candidate from the tip, then after a reset, then along the entry's own chain."""
        if run.status in ("finished", "stopped"):
            self._endings.append((entry, proposal))
        before = self._tape.tip
        for chain in self._ways(entry):
            if self._tape.offer(chain, proposal.segment):
                self._stagnation.last_gain = self._tape.budget.spent
                self._forget(before)
                for entry_on_way in (*self._tape.milestones, self._tape.tip):
                    self._remember(entry_on_way)
                return True
        return False

    def _ways(self, entry: Entry) -> list[tuple[Segment, ...]]:
        ways: list[tuple[Segment, ...]] = [()]
        if self._reset is not None:
            ways.append((self._reset,))
        length = n_cycles([action for segment in entry.chain for action in segment.actions])
        is_short = length is None or length <= _LONGEST_CHAIN
        if is_short and entry.state != self._tape.tip.state and entry.chain not in ways:
            ways.append(entry.chain)
        return ways

    def _forget(self, tip: Entry) -> None:
        """Drops the state of a former end of the tape that is no place to search from."""
        if all(place.entry.state != tip.state for place in self._places):
            self._tape.worker.forget([tip.state])

    def _remember(self, entry: Entry) -> None:
        """Keeps a state; the first is kept for good, of the others those that promise more."""
        self._places.append(_Place(entry))
        if len(self._places) > self._max_states:
            worst = min(self._places[1:-1], key=lambda place: place.promise)
            self._places.remove(worst)
            self._tape.worker.forget([worst.entry.state])


def _merit(run: Run) -> tuple[int, int]:
    """Best first: many new points in few cycles."""
    return (-len(run.new), run.cycles)
