"""The model's turn in the loop: stimulus for the bins that search left open.

A model is asked for a few bins at a time, in words and as JSON under a grammar, so that every
answer runs. Each answer is tried in the harness, after reset and from where the tape ends, as it
is and in many variants (another value, length or seed): what a model gets nearly right, a variant
may get right. Only what raises coverage is kept. The turn ends when its tokens or seconds
are spent, or when several answers in a row have brought nothing.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from benchwright_agent.events import ModelText, OnEvent
from benchwright_agent.models.model import Cancelled, Message, Model, Reply, Request, Sampling
from benchwright_agent.prompts.answer import read_answer
from benchwright_agent.prompts.answer_schema import answer_schema
from benchwright_agent.prompts.stimulus import OpenBin, question
from benchwright_agent.proposals import Proposer
from benchwright_agent.protocol import round_seed
from benchwright_agent.tape import Tape
from benchwright_sim.bins import METRICS, Bin
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.stimulus import Segment

_PATIENCE = 4
"""Answers in a row that may bring nothing."""

_PLACES = 8
"""Lines of the source asked for at a time."""

_VARIANTS = 15
"""Of each segment of an answer, beside itself."""

_TRY_LIMIT = 200_000
"""Cycles that a candidate may run."""


@dataclass(frozen=True, slots=True)
class ClosingOptions:
    """What the model may spend.

    Attributes:
        seconds: of wall time in all, None for no bound.
        tokens: that it may write in all.
        answer_tokens: in one answer.
        temperature: of its answers.
        seed: base of each answer's.
    """

    seconds: float | None = 60.0
    tokens: int = 4_096
    answer_tokens: int = 512
    temperature: float = 0.7
    seed: int = 1


@dataclass(slots=True)
class Spent:
    """What the model has cost so far.

    Attributes:
        answers: given.
        tokens: written.
        gains: answers that covered something.
        seconds: of answering.
    """

    answers: int = 0
    tokens: int = 0
    gains: int = 0
    seconds: float = field(default=0.0, compare=False)


class Closing:
    """The model's policy for one run.

    Args:
        elaboration: of the design.
        tape: what it grows.
        model: that is asked.
        fixed: what every question begins with, see `prompts.stimulus.fixed_part`.
        describe: bins of one line, put into words.
        options: what may be spent.
        done: asked after each gain: whether the coverage is enough.
        cancelled: asked all through an answer.
        on_event: told of the model's words as they come.

    Attributes:
        spent: so far.
    """

    def __init__(
        self,
        elaboration: Elaboration,
        tape: Tape,
        model: Model,
        *,
        fixed: Sequence[Message],
        describe: Callable[[Sequence[Bin]], OpenBin],
        options: ClosingOptions,
        done: Callable[[], bool],
        cancelled: Cancelled,
        on_event: OnEvent,
    ) -> None:
        self._tape = tape
        self._model = model
        self._fixed = fixed
        self._describe = describe
        self._options = options
        self._done = done
        self._cancelled = cancelled
        self._on_event = on_event
        self._interface = elaboration.interface
        self._schema = answer_schema(elaboration.interface)
        self._rng = random.Random(options.seed)
        self._proposer = Proposer(elaboration, self._rng)
        self._asked: Counter[Bin] = Counter()
        self._in_vain = 0
        self.spent = Spent()

    def run(self) -> bool:
        """Asks until an answer covers something (true) or there is nothing more to ask (false)."""
        while not self._finished():
            bins = self._next_places()
            reply = self._ask(bins)
            if reply.finish == "cancelled":
                return False
            self._asked.update(bin_ for place in bins for bin_ in place)
            if self._try(read_answer(reply.text, self._interface, self._rng)):
                self._in_vain = 0
                self.spent.gains += 1
                return True
            self._in_vain += 1
        return False

    def _finished(self) -> bool:
        options, spent, tape = self._options, self.spent, self._tape
        return (
            self._in_vain >= _PATIENCE
            or spent.tokens >= options.tokens
            or (options.seconds is not None and spent.seconds >= options.seconds)
            or not tape.goals.left
            or tape.ended
            or self._cancelled()
            or self._done()
        )

    def _next_places(self) -> list[list[Bin]]:
        """The open bins of the lines to ask for: the least asked first, then the most valuable."""
        totals = Counter(bin_.kind for bin_ in self._tape.goals.bins)
        total_of = {k: sum(totals[other] for other in ks) for ks in METRICS.values() for k in ks}
        places: dict[tuple[str, int], list[Bin]] = {}
        for bin_ in sorted(self._tape.goals.left):
            places.setdefault((bin_.file, bin_.line), []).append(bin_)

        def rank(bins: list[Bin]) -> tuple[int, float]:
            worth = sum(1 / total_of[bin_.kind] for bin_ in bins)
            return min(self._asked[bin_] for bin_ in bins), -worth

        return sorted(places.values(), key=rank)[:_PLACES]

    def _ask(self, places: Sequence[Sequence[Bin]]) -> Reply:
        options, spent = self._options, self.spent
        left_s = None if options.seconds is None else options.seconds - spent.seconds
        spent.answers += 1
        number = spent.answers
        request = Request(
            question(self._fixed, [self._place(bins) for bins in places]),
            Sampling(
                temperature=options.temperature,
                seed=round_seed(options.seed, 0, number),
                max_tokens=min(options.answer_tokens, options.tokens - spent.tokens),
                timeout_s=left_s,
            ),
            schema=self._schema,
            reuse_prefix=True,
        )
        started = time.monotonic()
        reply = self._model.answer(
            request,
            on_text=lambda text: self._on_event(ModelText(number, text)),
            cancelled=self._cancelled,
        )
        spent.seconds += time.monotonic() - started
        spent.tokens += reply.new_tokens
        return reply

    def _place(self, bins: Sequence[Bin]) -> OpenBin:
        return replace(self._describe(bins), tries=min(self._asked[bin_] for bin_ in bins))

    def _try(self, segments: Sequence[Segment]) -> bool:
        """Runs an answer's segments and their variants; offers those that reach something new."""
        tape = self._tape
        reset = self._proposer.reset()
        ways: list[tuple[Segment, ...]] = [(reset,), ()] if reset else [()]
        candidates = [
            (way, candidate)
            for segment in self._wholes(segments)
            for candidate in (segment, *self._variants(segment))
            for way in ways
        ]
        programs = [tape.encoder.chain((*way, candidate)) for way, candidate in candidates]
        runs = tape.worker.run(tape.tip.state, programs, limit=_TRY_LIMIT)
        gained = False
        for run in runs:
            tape.budget.charge(run.cycles)
        tried = sorted(zip(runs, candidates, strict=True), key=lambda pair: -len(pair[0].new))
        for run, (way, candidate) in tried:
            if not tape.goals.covered.issuperset(tape.goals.bins_of(run.new)):
                gained = bool(tape.offer(way, candidate)) or gained
        return gained

    def _wholes(self, segments: Sequence[Segment]) -> list[Segment]:
        """Each segment, and all of them one after another."""
        if len(segments) < 2:
            return list(segments)
        joined = tuple(action for segment in segments for action in segment.actions)
        return [*segments, replace(segments[0], actions=joined)]

    def _variants(self, segment: Segment) -> list[Segment]:
        return [self._proposer.vary(segment) for _ in range(_VARIANTS)]
