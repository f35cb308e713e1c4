"""The model's turn in the loop: stimulus for the bins that search left open.

A model is asked for a few bins at a time, in words and as JSON under a grammar, so that every
answer runs. Each answer is tried in the harness, after reset and from where the tape ends, as it
is and in many variants (another value, length or seed): what a model gets nearly right, a variant
may get right. Only what raises coverage is kept. The turn ends when its tokens or seconds
are spent, or when several answers in a row have brought nothing.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchwright_agent.events import ModelText, OnEvent, Phase
from benchwright_agent.models.model import (
    Cancelled,
    Message,
    Model,
    Reply,
    Request,
    Sampling,
    round_seed,
)
from benchwright_agent.options import ModelOptions
from benchwright_agent.policies.holes import Holes
from benchwright_agent.prompts.answer_schema import answer_schema
from benchwright_agent.prompts.open_bins import Place
from benchwright_agent.prompts.stimulus import question
from benchwright_agent.proposals import Proposer
from benchwright_agent.replies.answer import read_answer
from benchwright_agent.result import ModelUse
from benchwright_agent.tape import Tape
from benchwright_sim.bins import Bin
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.harness.client import Run
from benchwright_sim.stimulus import Segment

_PATIENCE = 4
"""Answers in a row that may bring nothing."""

PLACES = 12
"""Asked for at a time."""

_VARIANTS = 15
"""Of each segment of an answer, beside itself."""

_TRY_LIMIT = 200_000
"""Cycles that a candidate may run."""

_EFFORT = 4_000_000
"""Cycles, about, for trying an answer and its variants, and again for keeping what helps."""

_BATCH = 16
"""Candidates that are tried at once."""

OnAnswer = Callable[[Request, Reply, int], None]
"""Told of a question, its answer, and the bins that it covered."""

_Candidate = tuple[tuple[Segment, ...], Segment]
"""A segment, and those that run before it."""


class Closing:
    """The model's policy for one run.

    Args:
        elaboration: of the design.
        tape: what it grows.
        model: that is asked.
        use: of it; what is asked, and what that brings, is added.
        fixed: what every question begins with, see `prompts.stimulus.fixed_part`.
        holes: the open bins, in places and words.
        options: what may be spent.
        seed: base of each answer's.
        done: asked after each gain: whether the coverage is enough.
        cancelled: asked all through an answer.
        on_event: told of the model's words as they come.
        on_answer: told of each answer once it was tried, and of what that brought.
    """

    def __init__(
        self,
        elaboration: Elaboration,
        tape: Tape,
        model: Model,
        *,
        use: ModelUse,
        fixed: Sequence[Message],
        holes: Holes,
        options: ModelOptions,
        seed: int,
        done: Callable[[], bool],
        cancelled: Cancelled,
        on_event: OnEvent,
        on_answer: OnAnswer,
    ) -> None:
        self._tape = tape
        self._model = model
        self._use = use
        self._fixed = fixed
        self._holes = holes
        self._options = options
        self._done = done
        self._cancelled = cancelled
        self._on_event = on_event
        self._on_answer = on_answer
        self._seed = seed
        self._interface = elaboration.interface
        self._schema = answer_schema(elaboration.interface)
        self._rng = random.Random(seed)
        self._proposer = Proposer(elaboration, self._rng)
        self._asked: Counter[Bin] = Counter()
        self._in_vain = 0

    def run(self) -> bool:
        """Asks until an answer covers something (true) or there is nothing more to ask (false)."""
        while not self._finished():
            places = self._next_places()
            request, reply = self._ask(places)
            if reply.finish == "cancelled":
                return False
            if reply.finish == "timeout" and not reply.new_tokens:
                self._on_answer(request, reply, 0)
                return False
            self._use.answers += 1
            self._asked.update(bin_ for place in places for bin_ in place.bins)
            before = len(self._tape.goals.covered)
            try:
                self._try(read_answer(reply.text, self._interface, self._rng))
            finally:  # a design that hangs on an answer ends the turn; a replay must get there, too
                gain = len(self._tape.goals.covered) - before
                self._use.bins += gain
                self._on_answer(request, reply, gain)
            if gain:
                self._use.helpful += 1
                self._in_vain = 0
                return True
            self._in_vain += 1
        return False

    def _finished(self) -> bool:
        options, use, tape = self._options, self._use, self._tape
        return (
            self._in_vain >= _PATIENCE
            or use.new_tokens >= options.tokens
            or (options.seconds is not None and use.seconds >= options.seconds)
            or not tape.goals.left
            or tape.ended
            or self._cancelled()
            or self._done()
        )

    def _next_places(self) -> Sequence[Place]:
        """What to ask for: the least asked first, then the most valuable."""
        places = sorted(self._holes.places(), key=self._tries)
        fewest = self._tries(places[0])
        return self._fitting([p for p in places[:PLACES] if self._tries(p) == fewest])

    def _fitting(self, places: Sequence[Place]) -> Sequence[Place]:
        """As many of the places as there is room for; one at least."""
        room = self._options.prompt_tokens

        def is_too_long(n: int) -> bool:
            return self._model.count(self._question(places[:n])) > room

        return places[: max(1, bisect_left(range(1, len(places) + 1), True, key=is_too_long))]

    def _question(self, places: Sequence[Place]) -> tuple[Message, ...]:
        return question(self._fixed, self._holes.words(places), self._tries(places[0]))

    def _tries(self, place: Place) -> int:
        return min(self._asked[bin_] for bin_ in place.bins)

    def _ask(self, places: Sequence[Place]) -> tuple[Request, Reply]:
        options, use = self._options, self._use
        number = use.answers + 1
        request = Request(
            self._question(places),
            Sampling(
                temperature=options.temperature,
                seed=round_seed(self._seed, 0, number),
                max_tokens=min(options.answer_tokens, options.tokens - use.new_tokens),
                timeout_s=None if options.seconds is None else options.seconds - use.seconds,
            ),
            schema=self._schema,
            reuse_prefix=True,
        )
        n_tokens = self._model.count(request.messages)
        self._on_event(Phase(f"the model reads {n_tokens:,} tokens (question {number})"))
        reply = self._model.answer(
            request,
            on_text=lambda text: self._on_event(ModelText(number, text)),
            cancelled=self._cancelled,
        )
        use.seconds += round(reply.seconds, 3)  # as a recording keeps it
        use.prompt_tokens += reply.prompt_tokens
        use.new_tokens += reply.new_tokens
        return request, reply

    def _try(self, segments: Sequence[Segment]) -> None:
        """Runs an answer's segments and their variants; offers those that reach something new.

        However long they run: what an answer costs is bounded in cycles, so that the same answer
        brings the same everywhere.
        """
        tape = self._tape
        reset = self._proposer.reset()
        ways: list[tuple[Segment, ...]] = [(reset,), ()] if reset else [()]
        wholes = _wholes(segments)
        variants = [variant for whole in wholes for variant in self._variants(whole)]
        candidates = [(way, candidate) for candidate in (*wholes, *variants) for way in ways]
        tried: list[tuple[Run, _Candidate]] = []
        stopped = self._stopper()
        while len(tried) < len(candidates) and not stopped():
            batch = candidates[len(tried) :][:_BATCH]
            programs = [tape.encoder.chain((*way, candidate)) for way, candidate in batch]
            runs = tape.worker.run(tape.tip.state, programs, limit=_TRY_LIMIT)
            for run in runs:
                tape.budget.charge(run.cycles)
            tried.extend(zip(runs, batch, strict=True))
        stopped = self._stopper()
        for run, (way, candidate) in sorted(tried, key=_merit):
            if stopped():
                break
            if not tape.goals.covered.issuperset(tape.goals.bins_of(run.new)):
                tape.offer(way, candidate)

    def _stopper(self) -> Callable[[], bool]:
        """Says when the cycles of one piece of work are spent, or nobody wants it any more."""
        end = self._tape.budget.spent + _EFFORT
        return lambda: self._tape.budget.spent >= end or self._cancelled()

    def _variants(self, segment: Segment) -> list[Segment]:
        return [self._proposer.vary(segment) for _ in range(_VARIANTS)]


def _wholes(segments: Sequence[Segment]) -> list[Segment]:
    """Each segment, and all of them one after another."""
    if len(segments) < 2:
        return list(segments)
    joined = tuple(action for segment in segments for action in segment.actions)
    return [*segments, replace(segments[0], actions=joined)]


def _merit(tried: tuple[Run, _Candidate]) -> tuple[bool, int]:
    """Best first: what ran to its end, with many new points; the answer's own before variants."""
    run, _ = tried
    return run.status == "limit", -len(run.new)
