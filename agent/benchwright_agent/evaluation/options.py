"""What is evaluated, on what terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Policy = Literal["llm", "search", "default"]
POLICIES: tuple[Policy, ...] = get_args(Policy)

DIRECT_ROUNDS = 1
AGENTIC_ROUNDS = 3

DEFAULT_TARGET_PCT = 95.0
"""Overall average that a row without targets must reach. Not 100: what cannot be covered at all
(tied-off logic, defaults of full cases) would then decide, and no testbench."""


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """Everything that the result depends on, but for the suite and the model.

    Attributes:
        policy: `llm` is the paper's protocol, `search` the loop without a model, `default` the loop
            with all that it has, the model among it.
        rounds: of the protocol: 1 is the paper's direct inference, 3 its agentic one.
        samples: for each design.
        ks: of pass@k; none above `samples`.
        seed: sample n of the loop begins with seed + n.
        temperature: of the model.
        max_tokens: of one answer.
        context_tokens: prompt and answer together, None for the model's own.
        rules: the validity rules of appendix A stand in the prompt.
        constrained: answers of the protocol are held to a grammar, see `ProtocolOptions`.
        budget_s: of the loop's search, None for no bound.
        budget_cycles: the same in cycles, which repeats exactly.
        model_budget_s: of the model's answers in the loop, None for no bound but its tokens.
        target_pct: overall average that rows without targets must reach.
        timeout_s: that a testbench of a model may run.
    """

    policy: Policy = "llm"
    rounds: int = AGENTIC_ROUNDS
    samples: int = 5
    ks: tuple[int, ...] = (1, 5)
    seed: int = 1
    temperature: float = 0.7
    max_tokens: int = 8192
    context_tokens: int | None = None
    rules: bool = False
    constrained: bool = False
    budget_s: float | None = 30.0
    budget_cycles: int | None = None
    model_budget_s: float | None = 120.0
    target_pct: float = DEFAULT_TARGET_PCT
    timeout_s: float = 30.0

    @property
    def asks_model(self) -> bool:
        """Whether a model may take part."""
        return self.policy != "search"
