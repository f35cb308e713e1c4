"""Which helpers a program needs, so that an emitted file holds no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchwright_sim.interface import Interface
from benchwright_sim.stimulus import (
    Action,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)


@dataclass(frozen=True, slots=True)
class Uses:
    """What the runs of a program make use of.

    Attributes:
        cycles: whether a cycle is run at all.
        drivers: whether any input is moved by a driver.
        randomness: whether a word is drawn.
        chance: whether something happens by chance.
        below: whether a number below a bound is drawn.
        wide_bits: width of the widest uniform value above 32 bits, 0 when there is none.
        waits: outputs that are waited for, in the interface's order.
        paced: clocks that some run does not give every cycle, in the interface's order.
    """

    cycles: bool
    drivers: bool
    randomness: bool
    chance: bool
    below: bool
    wide_bits: int
    waits: tuple[str, ...]
    paced: tuple[str, ...]


def uses(interface: Interface, program: Program) -> Uses:
    """What the segments that are run make use of."""
    segments = segments_run(program)
    actions = [action for segment in segments for action in _every(segment.actions)]
    drivers = [d for a in actions if isinstance(a, Random) for d in a.drivers]
    width = {s.name: s.width for s in interface.inputs}
    waits = {a.signal for a in actions if isinstance(a, WaitFor)}
    paced = {clock for s in segments for clock, period in s.periods if period != 1}
    uniform = [width[name] for name, d in drivers if d.mode == "uniform" or d.cares]
    wide = [bits for bits in uniform if bits > 32]
    cycles = any(not isinstance(a, Drive | Repeat) for a in actions)
    return Uses(
        cycles=cycles,
        drivers=bool(drivers),
        randomness=any(draws(driver) for _, driver in drivers),
        chance=any(d.change < 256 or d.mode == "bias" for _, d in drivers),
        below=any(d.mode in ("onehot", "choice") for _, d in drivers),
        wide_bits=max(wide, default=0),
        waits=tuple(s.name for s in interface.outputs if s.name in waits),
        paced=tuple(c.signal for c in interface.clocks if cycles and c.signal in paced),
    )


def draws(driver: Driver) -> bool:
    """Whether a driver takes words from the generator."""
    return driver.change < 256 or driver.mode not in ("walk", "step", "copy")


def segments_run(program: Program) -> tuple[Segment, ...]:
    """The segments that are run, in the order of their definition."""
    return tuple(s for s in program.segments if s.name in program.run)


def merged(actions: Sequence[Action]) -> list[Action]:
    """The same actions with neighbouring drives as one, in which the last value of an input stays.

    An input that is driven twice without a cycle between would be a glitch where a simulator
    reacts to every event.
    """
    result: list[Action] = []
    for action in actions:
        last = result[-1] if result else None
        if isinstance(action, Drive) and isinstance(last, Drive):
            result[-1] = Drive(tuple({**dict(last.values), **dict(action.values)}.items()))
        elif isinstance(action, Drive):
            result.append(Drive(tuple(dict(action.values).items())))
        elif isinstance(action, Repeat):
            result.append(replace(action, body=tuple(merged(action.body))))
        else:
            result.append(action)
    return result


def _every(actions: Sequence[Action]) -> Iterator[Action]:
    for action in actions:
        yield action
        if isinstance(action, Repeat):
            yield from _every(action.body)
