"""Whether a stimulus program fits an interface: the names it uses exist, the values fit.

A program that was read from text and passes here can be run and emitted without a KeyError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchwright_sim.interface import Interface
from benchwright_sim.program_json import ProgramError
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Program, Random, Repeat, WaitFor


def check(program: Program, interface: Interface) -> None:
    """Checks names and widths of a program against an interface.

    Raises:
        ProgramError: with a line for each misfit.
    """
    problems = tuple(_Fit(interface).problems(program))
    if problems:
        raise ProgramError(
            f"the stimulus program does not fit module {interface.module!r}", details=problems
        )


class _Fit:
    """Finds what in a program an interface does not have."""

    def __init__(self, interface: Interface) -> None:
        self._inputs = {s.name: s.width for s in interface.inputs}
        self._outputs = {s.name: s.width for s in interface.outputs}
        self._clocks = interface.clock_names

    def problems(self, program: Program) -> Iterator[str]:
        """One line for each misfit."""
        for segment in program.segments:
            for clock, _ in segment.periods:
                if clock not in self._clocks:
                    yield f"{segment.name}: {clock!r} is no clock"
            for problem in self._actions(segment.actions):
                yield f"{segment.name}: {problem}"

    def _actions(self, actions: Sequence[Action]) -> Iterator[str]:
        for action in actions:
            match action:
                case Drive(values):
                    for name, value in values:
                        yield from self._value(self._inputs, "input", name, value)
                case WaitFor(signal, value, _):
                    yield from self._value(self._outputs, "output", signal, value)
                case Random():
                    for name, driver in action.drivers:
                        yield from self._driver(name, driver)
                case Repeat(_, body):
                    yield from self._actions(body)
                case Cycles():
                    pass

    def _driver(self, name: str, driver: Driver) -> Iterator[str]:
        amount = 0 if driver.mode == "bias" else driver.amount
        for value in (amount, *driver.values, *driver.cares):
            yield from self._value(self._inputs, "input", name, value)
        if driver.source and driver.source not in self._inputs:
            yield f"{driver.source!r} is no input"

    def _value(self, widths: Mapping[str, int], kind: str, name: str, value: int) -> Iterator[str]:
        if name not in widths:
            yield f"{name!r} is no {kind}"
        elif value >> widths[name]:
            yield f"{value:#x} does not fit the {widths[name]} bits of {name}"
