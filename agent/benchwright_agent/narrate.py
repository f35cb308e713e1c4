"""Words for a program: what each segment does and which bins it is the first to cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchwright_agent.bench import Bench
from benchwright_agent.proposals import RESET
from benchwright_agent.tape import RUN_LIMIT, n_cycles
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.harness.client import START
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

_MAX_LINES = 6
_NOUNS = {
    Kind.LINE: "line",
    Kind.BRANCH: "branch",
    Kind.EXPR: "expression term",
    Kind.TOGGLE: "toggle",
    Kind.FSM_STATE: "FSM state",
    Kind.FSM_ARC: "FSM arc",
    Kind.USER: "cover point",
}


def first_covers(bench: Bench, segments: Sequence[Segment]) -> dict[str, list[Bin]]:
    """Segment name -> the bins that it covers and no earlier run does, sorted.

    What the design covers by settling at power-up stands under the name ``""``.
    """
    worker, encoder, goals = bench.worker, bench.encoder, bench.goals
    worker.forget(points=True)
    run, state = worker.advance(START, encoder.chain(()), limit=1)
    seen = goals.bins_of(run.new)
    found: dict[str, list[Bin]] = {"": sorted(seen)}
    for segment in segments:
        worker.cover(run.new)
        run, after = worker.advance(state, encoder.segment(segment), limit=RUN_LIMIT)
        worker.forget([state])
        state = after
        new = goals.bins_of(run.new) - seen
        seen |= new
        found.setdefault(segment.name, []).extend(sorted(new))
    worker.forget([state])
    return found


def purpose(segment: Segment) -> str:
    """What a segment does, in one line, and what it is for where someone said so."""
    doing, aim = _doing(segment), segment.purpose.rstrip(".")
    return f"{doing} Aim: {aim}." if aim and not aim.isidentifier() else doing


def _doing(segment: Segment) -> str:
    if segment.name == RESET:
        return "Assert every reset, then release it."
    waits = [a for a in _flat(segment.actions) if isinstance(a, WaitFor)]
    if waits:
        return _waiting(segment, waits)
    drivers = sorted({n for a in segment.actions if isinstance(a, Random) for n, _ in a.drivers})
    driven = sorted({n for a in segment.actions if isinstance(a, Drive) for n, _ in a.values})
    cycles = n_cycles(segment.actions)
    length = "" if cycles is None else f" for {_count(cycles, 'cycle')}"
    pace = max((a.pace for a in segment.actions if isinstance(a, Random)), default=1)
    if drivers:
        slow = f", new values every {pace} cycles" if pace > 1 else ""
        held = f", {_names(driven)} held" if driven and not set(driven) & set(drivers) else ""
        return f"Random {_names(drivers)}{held}{length}{slow}."
    if not cycles:
        return f"Set {_names(driven)} for what follows."
    if len([a for a in segment.actions if isinstance(a, Cycles)]) > 1:
        return f"Chosen values of {_names(driven)}{length}."
    return f"{'Hold ' + _names(driven) if driven else 'Leave all inputs as they are'}{length}."


def _waiting(segment: Segment, waits: Sequence[WaitFor]) -> str:
    driven = sorted(
        {n for a in _flat(segment.actions) if isinstance(a, Drive) for n, _ in a.values}
    )
    until = ", ".join(sorted({f"{wait.signal} is {wait.value}" for wait in waits}))
    most = max(wait.timeout for wait in waits)
    n = max((a.n for a in segment.actions if isinstance(a, Repeat)), default=1)
    held = f"Hold {_names(driven)}" if driven else "Leave all inputs as they are"
    again = f"; {n} times" if n > 1 else ""
    return f"{held} until {until}, for {_count(most, 'cycle')} at most{again}."


def renumbered(segments: Sequence[Segment]) -> list[Segment]:
    """The same segments, numbered in the order in which they first run."""
    names: dict[str, str] = {}
    for segment in segments:
        style, _, number = segment.name.rpartition("_")
        if segment.name not in names:
            n = 1 + sum(name != RESET for name in names)
            names[segment.name] = f"{style}_{n}" if number.isdigit() else segment.name
    return [replace(segment, name=names[segment.name]) for segment in segments]


def _flat(actions: Sequence[Action]) -> Iterator[Action]:
    for action in actions:
        if isinstance(action, Repeat):
            yield from _flat(action.body)
        else:
            yield action


def covers(bins: Sequence[Bin]) -> list[str]:
    """A few lines that name the bins: the rare kinds one by one, toggles by number."""
    lines = []
    toggles = [b for b in bins if b.kind is Kind.TOGGLE]
    others = [b for b in bins if b.kind is not Kind.TOGGLE]
    if len(others) <= _MAX_LINES:
        lines += [f"{_NOUNS[b.kind]} {b.file}:{b.line} {b.name}" for b in others]
    else:
        for file in sorted({b.file for b in others}):
            here = Counter(b.kind for b in others if b.file == file)
            lines.append(f"{file}: " + ", ".join(_count(n, _NOUNS[k]) for k, n in here.items()))
    if toggles:
        names = sorted({b.name.split("[")[0].split(":")[0] for b in toggles})
        lines.append(f"{_count(len(toggles), 'toggle')} of {_names(names)}")
    return lines


def _count(n: int, noun: str) -> str:
    plural = "es" if noun.endswith("ch") else "s"
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{plural}"


def _names(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
