"""Which executed transitions are worth learning (LLM4Cov, section 3.3: rejection fine-tuning).

A transition is kept only if what fails comes to run, or coverage rises by at least 1 % while no
single metric falls; a metric that is no longer there has fallen. Of the transitions of a state the
one that gains most is kept. In s_0 coverage is 0: an answer must cover at least 1 %, and those of
the largest coverage are kept. Stage 0 also asks for an absolute coverage.

A state is what the student is shown: traces of one kind and one design with the same prompt. All
fractions are exact; what is kept does not depend on the order in which traces come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from benchwright_agent.models.model import Message
from benchwright_agent.protocol.task import Outcome
from benchwright_trainer.rollouts.trace import Judged, Kind, Trace

Reason = Outcome | Literal["metric_fell", "small_gain", "below_floor", "not_largest"]
"""Why a trace is not kept: how its answer failed, or what it did not reach."""

_State = tuple[Kind, str, tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What a trace must show to be kept.

    Attributes:
        min_gain: of coverage, from s_0 or a state that runs.
        floor: of coverage after the transition, None for none; 0.5 in stage 0 of the paper.
        execution: False keeps whatever holds a testbench (the ablation without execution).
        n_best: answers that are kept from s_0 of a design.
    """

    min_gain: float = 0.01
    floor: float | None = None
    execution: bool = True
    n_best: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.min_gain <= 1:
            raise ValueError(f"min_gain is {self.min_gain}; legal: 0 to 1")
        if self.floor is not None and not 0 <= self.floor <= 1:
            raise ValueError(f"floor is {self.floor}; legal: 0 to 1")
        if self.n_best < 1:
            raise ValueError(f"n_best is {self.n_best}; legal: 1 and above")


@dataclass(frozen=True, slots=True)
class Filtered:
    """What filtering leaves.

    Attributes:
        kept: in the order of their keys.
        rejected: reason -> traces, reasons in the order of the alphabet.
    """

    kept: tuple[Trace, ...]
    rejected: Mapping[str, int]


def filter_traces(traces: Iterable[Trace], options: FilterOptions) -> Filtered:
    """Keeps the traces that are worth learning; holds no others in memory.

    Args:
        traces: of one stage, of any kinds and designs, in any order; their keys are distinct.
        options: see there.
    """
    rejected: Counter[Reason] = Counter()
    states: dict[_State, list[Trace]] = {}
    for trace in traces:
        reason = _refusal(trace, options)
        if reason is not None:
            rejected[reason] += 1
            continue
        kept = states.setdefault((trace.kind, trace.design, trace.prompt), [])
        kept.append(trace)
        if options.execution:
            kept.sort(key=_rank)
            n_most = options.n_best if trace.before is None else 1
            rejected["not_largest"] += len(kept[n_most:])
            del kept[n_most:]
    found = (trace for kept in states.values() for trace in kept)
    return Filtered(
        kept=tuple(sorted(found, key=lambda trace: trace.key)),
        rejected=MappingProxyType({key: n for key, n in sorted(rejected.items()) if n}),
    )


def _refusal(trace: Trace, options: FilterOptions) -> Reason | None:
    """Why a trace is not kept, whatever the others of its state are."""
    before, after = trace.before, trace.after
    if not options.execution:
        return "no_testbench" if after.outcome == "no_testbench" else None
    if not after.ran:
        return after.outcome
    if before is not None and before.ran and _fallen(before, after):
        return "metric_fell"
    if (before is None or before.ran) and _gain(trace) < Fraction(str(options.min_gain)):
        return "small_gain"
    if options.floor is not None and after.score < Fraction(str(options.floor)):
        return "below_floor"
    return None


def _fallen(before: Judged, after: Judged) -> bool:
    """Whether any single metric is lower than it was, or gone."""
    for metric, (covered, total) in before.tallies.items():
        now_covered, now_total = after.tallies.get(metric, (0, 0))
        if total and (not now_total or now_covered * total < covered * now_total):
            return True
    return False


def _gain(trace: Trace) -> Fraction:
    return trace.after.score - (trace.before.score if trace.before else 0)


def _rank(trace: Trace) -> tuple[Fraction, int, str]:
    """The largest gain first; among equals the shorter answer, then the key."""
    return -_gain(trace), len(trace.answer), trace.key
