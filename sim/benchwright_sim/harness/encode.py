"""A stimulus program as the 32-bit words that harness.cpp interprets.

Signals are numbered as in `Interface.signals`; a value takes ceil(width / 32) words, the least
significant first. Each run of a segment starts with the periods of its clocks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from benchwright_sim.interface import Interface
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

_PERIODS, _SET, _CYCLES, _RANDOM, _WAIT, _REPEAT = range(1, 7)
_MODES = {"uniform": 0, "bias": 1, "onehot": 2, "walk": 3, "step": 4, "choice": 5, "copy": 6}
_MATCH = 7  # a choice with cares


class Encoder:
    """Turns segments into words for one interface.

    Raises:
        KeyError: a program names a signal that the interface does not have.
    """

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self._index = {s.name: i for i, s in enumerate(interface.signals)}
        self._width = {s.name: s.width for s in interface.signals}
        self._clocks = tuple(clock.signal for clock in interface.clocks)

    def program(self, program: Program) -> array[int]:
        """The words of a whole program, in run order."""
        segments = {segment.name: self.segment(segment) for segment in program.segments}
        words = array("I")
        for name in program.run:
            words.extend(segments[name])
        return words

    def chain(self, segments: Iterable[Segment]) -> array[int]:
        """The words of segments that run one after another."""
        words = array("I")
        for segment in segments:
            words.extend(self.segment(segment))
        return words

    def segment(self, segment: Segment) -> array[int]:
        """The words of one run of a segment."""
        words = array("I")
        if self._clocks:
            periods = dict(segment.periods)
            words.append(_PERIODS)
            words.extend(periods.get(clock, 1) for clock in self._clocks)
        self._actions(words, segment.actions)
        return words

    def _actions(self, words: array[int], actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Drive(values):
                    for name, value in values:
                        words.extend((_SET, self._index[name]))
                        self._value(words, name, value)
                case Cycles(n):
                    words.extend((_CYCLES, n))
                case Random():
                    self._random(words, action)
                case WaitFor(signal, value, timeout):
                    words.extend((_WAIT, self._index[signal]))
                    self._value(words, signal, value)
                    words.append(timeout)
                case Repeat(n, body):
                    inner = array("I")
                    self._actions(inner, body)
                    words.extend((_REPEAT, n, len(inner)))
                    words.extend(inner)

    def _random(self, words: array[int], action: Random) -> None:
        words.extend((_RANDOM, action.n, action.pace, action.seed, len(action.drivers)))
        for name, driver in action.drivers:
            mode = _MATCH if driver.cares else _MODES[driver.mode]
            words.extend((self._index[name], mode, driver.change))
            words.append(self._argument(driver))
            if driver.mode == "choice":
                for value in (*driver.values, *driver.cares):
                    self._value(words, name, value)
            elif driver.mode in ("step", "copy"):
                self._value(words, name, driver.amount)

    def _argument(self, driver: Driver) -> int:
        if driver.mode == "bias":
            return driver.amount
        if driver.mode == "choice":
            return len(driver.values)
        return self._index[driver.source] if driver.mode == "copy" else 0

    def _value(self, words: array[int], name: str, value: int) -> None:
        for _ in range((self._width[name] + 31) // 32):
            words.append(value & 0xFFFFFFFF)
            value >>= 32
