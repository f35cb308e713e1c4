"""Random stimulus programs for an interface, as hypothesis strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Program,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

_NAMES = ("reset", "fill", "cycle", "noise", "drain", "dut", "lanes", "corner_values", "begin_all")


def programs(interface: Interface) -> st.SearchStrategy[Program]:
    """Programs of a few short segments, some of them run more than once.

    Asynchronous resets are driven for whole cycles only: driven twice at one time they would be
    glitches to an event-driven simulator, which is a documented limit.
    """
    names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True)
    return names.flatmap(lambda chosen: _program(interface, chosen))


@st.composite
def _program(draw: Any, interface: Interface, names: list[str]) -> Program:
    clocks = [clock.signal for clock in interface.clocks]
    segments = []
    for name in names:
        periods = tuple((c, p) for c in clocks if (p := draw(st.integers(0, 4))) != 1)
        actions = draw(st.lists(_actions(interface, depth=0), min_size=1, max_size=4))
        flat = tuple(action for group in actions for action in group)
        segments.append(Segment(name, f"Random {name}.", flat, periods if len(clocks) > 1 else ()))
    run = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
    return Program(tuple(segments), tuple(run))


def _actions(interface: Interface, depth: int) -> st.SearchStrategy[list[Action]]:
    choices: list[st.SearchStrategy[list[Action]]] = [
        _drives(interface),
        st.builds(lambda n: [Cycles(n)], st.integers(1, 5)),
        _randoms(interface),
    ]
    if interface.outputs:
        choices.append(_waits(interface))
    if _asynchronous(interface):
        choices.append(_reset(interface))
    if depth < 1:
        choices.append(
            st.builds(
                lambda n, body: [Repeat(n, tuple(a for group in body for a in group))],
                st.integers(1, 3),
                st.lists(_actions(interface, depth + 1), min_size=1, max_size=3),
            )
        )
    return st.one_of(choices)


def _asynchronous(interface: Interface) -> list[str]:
    return [reset.signal for reset in interface.resets if reset.asynchronous]


def _steady(interface: Interface) -> list[Signal]:
    return [s for s in interface.inputs if s.name not in _asynchronous(interface)]


def _reset(interface: Interface) -> st.SearchStrategy[list[Action]]:
    return st.builds(
        lambda name, n: [Drive(((name, 0),)), Cycles(n), Drive(((name, 1),)), Cycles(1)],
        st.sampled_from(_asynchronous(interface)),
        st.integers(1, 3),
    )


def _drives(interface: Interface) -> st.SearchStrategy[list[Action]]:
    some = st.lists(st.sampled_from(_steady(interface)), min_size=1, max_size=4, unique=True)
    return some.flatmap(
        lambda chosen: st.tuples(
            *(st.tuples(st.just(s.name), _value(s.width)) for s in chosen)
        ).map(lambda values: [Drive(values)])
    )


def _waits(interface: Interface) -> st.SearchStrategy[list[Action]]:
    return st.sampled_from(interface.outputs).flatmap(
        lambda s: st.builds(
            lambda value, timeout: [WaitFor(s.name, value, timeout)],
            _value(s.width),
            st.integers(1, 8),
        )
    )


def _randoms(interface: Interface) -> st.SearchStrategy[list[Action]]:
    drivers = st.sampled_from(_steady(interface)).flatmap(
        lambda s: st.tuples(st.just(s.name), _driver(interface, s))
    )
    return st.builds(
        lambda n, seed, chosen, pace: [Random(n, seed, tuple(chosen), pace)],
        st.integers(1, 8),
        st.integers(1, 2**32 - 1),
        st.lists(drivers, max_size=5),
        st.sampled_from([1, 1, 1, 3]),
    )


def _driver(interface: Interface, signal: Signal) -> st.SearchStrategy[Driver]:
    change = st.one_of(st.just(256), st.integers(1, 256))
    value = _value(signal.width)
    others = [s.name for s in _steady(interface) if s.name != signal.name]
    modes = [
        st.builds(lambda c: Driver("uniform", c), change),
        st.builds(lambda c, a: Driver("bias", c, a), change, st.integers(0, 256)),
        st.builds(lambda c: Driver("onehot", c), change),
        st.builds(lambda c: Driver("walk", c), change),
        st.builds(lambda c, a: Driver("step", c, a), change, value),
        st.builds(
            lambda c, v: Driver("choice", c, values=tuple(v)),
            change,
            st.lists(value, min_size=1, max_size=12),
        ),
    ]
    modes.append(
        st.lists(st.tuples(value, value), min_size=1, max_size=5).flatmap(
            lambda pairs: st.builds(
                lambda c: Driver(
                    "choice",
                    c,
                    values=tuple(v & care for v, care in pairs),
                    cares=tuple(care for _, care in pairs),
                ),
                change,
            )
        )
    )
    if others:
        modes.append(
            st.builds(
                lambda c, a, s: Driver("copy", c, a, source=s),
                change,
                value,
                st.sampled_from(others),
            )
        )
    return st.one_of(modes)


def _value(width: int) -> st.SearchStrategy[int]:
    top = (1 << width) - 1
    return st.one_of(
        st.integers(0, top),
        st.sampled_from([0, top, 1 << (width - 1), 1]),
    )
