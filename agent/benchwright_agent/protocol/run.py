"""What the paper's protocol is run with, and what its rounds bring, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchwright_agent.models.model import ModelError, Reply, Request, Sampling
from benchwright_agent.prompts.testbench import Prompt
from benchwright_agent.protocol.judging import STAGE_S
from benchwright_agent.protocol.task import Attempt, State

Stopped = Literal["covered", "rounds", "tokens", "seconds", "cancelled", "model"]
"""Everything wanted is covered, a budget is spent, the caller cancelled, or the model failed."""


@dataclass(frozen=True, slots=True)
class ProtocolOptions:
    """One sample of the protocol; all that a replay needs to know.

    Attributes:
        rounds: at most; 1 is the paper's direct inference, 3 its agentic one.
        sampling: of every answer; `seed` is the base that `round_seed` starts from.
        sample: which of several for the same task, from 0.
        prompt_tokens: at most, None for what the model's context leaves.
        rules: the validity rules of appendix A stand in the prompt.
        explanations: the conditions of uncovered bins stand in the prompt.
        budget_tokens: that the model may write in all rounds together, None for no bound.
        budget_s: of answering and simulating in all, None for no bound.
        flatten: count the bins of each instance apart.
        timeout_s: that a testbench may run.
        reuse_prefix: see `Request`.
        constrained: answers are held to the grammar of compact testbenches, where the design's
            interface has one; only models on this machine can be. None leaves it to who opens the
            model: those with a dialect are too small to do without.
    """

    rounds: int = 3
    sampling: Sampling = field(default_factory=Sampling)
    sample: int = 0
    prompt_tokens: int | None = None
    rules: bool = False
    explanations: bool = True
    budget_tokens: int | None = None
    budget_s: float | None = None
    flatten: bool = False
    timeout_s: float = STAGE_S
    reuse_prefix: bool = False
    constrained: bool | None = False


@dataclass(frozen=True, slots=True)
class Round:
    """One transition.

    Attributes:
        number: from 1.
        state: that the model was shown.
        prompt: what it was shown of it.
        request: the question.
        reply: the answer.
        attempt: what became of it.
        counts: tokens of prompts that were counted on the way, by digest.
    """

    number: int
    state: State
    prompt: Prompt
    request: Request
    reply: Reply
    attempt: Attempt
    counts: Mapping[str, int]

    @property
    def seconds(self) -> float:
        """Of answering and simulating, each in whole milliseconds, as a trajectory keeps them."""
        feedback = self.attempt.feedback
        return round(self.reply.seconds, 3) + round(feedback.wall_s if feedback else 0.0, 3)


@dataclass(frozen=True, slots=True)
class ProtocolRun:
    """What the rounds brought.

    Attributes:
        rounds: those that came to an attempt, in order.
        stopped: why there are no more.
        error: of the model, when that is why; the caller decides whether what there is counts.
    """

    rounds: tuple[Round, ...]
    stopped: Stopped
    error: ModelError | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """One a round."""
        return tuple(done.attempt for done in self.rounds)

    @property
    def best_round(self) -> int | None:
        """Number of the first of those that cover most, None when none runs to its end."""
        ran = [done for done in self.rounds if done.attempt.outcome == "ok"]
        best = max(ran, key=lambda done: done.attempt.score, default=None)
        return None if best is None else best.number

    @property
    def best(self) -> Attempt | None:
        """The attempt of `best_round`."""
        number = self.best_round
        return None if number is None else self.rounds[number - 1].attempt

    @property
    def prompt_tokens(self) -> int:
        """Read by the model."""
        return sum(done.reply.prompt_tokens for done in self.rounds)

    @property
    def new_tokens(self) -> int:
        """Written by the model."""
        return sum(done.reply.new_tokens for done in self.rounds)

    @property
    def simulations(self) -> int:
        """Calls of the simulator."""
        return sum(attempt.feedback is not None for attempt in self.attempts)

    @property
    def seconds(self) -> float:
        """Of answering and simulating."""
        return sum(done.seconds for done in self.rounds)
