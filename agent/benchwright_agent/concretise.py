"""Short random actions as the values that they drive.

A random action of a few cycles tells a reader less than the values themselves. Which values those
are, the reference interpreter says; whether they do the same, execution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from benchwright_agent.tape import n_cycles, program_of
from benchwright_sim.interface import Interface
from benchwright_sim.interpreter import cycles
from benchwright_sim.stimulus import Action, Cycles, Drive, Random, Segment

MAX_MOVES = 2
"""Random actions of up to so many moves are written as values."""

_MAX_CYCLES = 200_000


def concretise(interface: Interface, segments: Sequence[Segment]) -> list[Segment]:
    """The same segments, with short random actions as drives where each run drives the same."""
    if not _is_short(segments):
        return list(segments)
    inputs = (c.inputs for c in cycles(interface, program_of(segments), _no_outputs))
    written: dict[str, Segment] = {}
    changed: set[str] = set()
    before: Mapping[str, int] = {s.name: interface.idle_value(s.name) for s in interface.inputs}
    for segment in segments:
        n = n_cycles(segment.actions) or 0
        own = [before, *islice(inputs, n)]  # all runs' at once could take gigabytes
        values = _written(segment, own)
        if written.setdefault(segment.name, values) != values:
            changed.add(segment.name)
        before = own[-1]
    return [s if s.name in changed else written[s.name] for s in segments]


def _is_short(segments: Sequence[Segment]) -> bool:
    lengths = [n_cycles(segment.actions) for segment in segments]
    return all(n is not None for n in lengths) and sum(n or 0 for n in lengths) <= _MAX_CYCLES


def _no_outputs(name: str) -> int:
    raise KeyError(name)


def _written(segment: Segment, inputs: Sequence[Mapping[str, int]]) -> Segment:
    """`inputs` are those before the segment and then those of each of its cycles."""
    actions: list[Action] = []
    at = 0
    for action in segment.actions:
        n = n_cycles((action,)) or 0
        if isinstance(action, Random) and action.n <= MAX_MOVES:
            for _ in range(action.n):
                moved = [(name, inputs[at + 1][name]) for name, _ in action.drivers]
                values = tuple((k, v) for k, v in moved if v != inputs[at][k])
                actions.extend(
                    (Drive(values), Cycles(action.pace)) if values else (Cycles(action.pace),)
                )
                at += action.pace
        else:
            actions.append(action)
            at += n
    return replace(segment, actions=tuple(actions))
