"""What a stimulus program means, in plain Python: the reference for every other form of it.

It knows nothing of a simulator: it says what each cycle drives, and asks for outputs where the
program waits for one. Limit: a pace of about 100,000 cycles a second; the harness is for speed.
Source of the generator: Marsaglia, Xorshift RNGs, 2003, page 4 (triple 13, 17, 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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

_WORD = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of a program.

    Attributes:
        segment: name of the segment that it belongs to.
        inputs: value of every input during the cycle, by signal name.
        due: clocks that go to their active level and back, in the interface's order.
    """

    segment: str
    inputs: Mapping[str, int]
    due: tuple[str, ...]


class Xorshift32:
    """The generator behind `Random` actions.

    Attributes:
        state: the last word drawn, or the seed.
    """

    def __init__(self, seed: int) -> None:
        self.state = seed

    def word(self) -> int:
        """The next 32 random bits."""
        x = self.state
        x ^= x << 13 & _WORD
        x ^= x >> 17
        x ^= x << 5 & _WORD
        self.state = x
        return x

    def below(self, n: int) -> int:
        """A number below `n`, from one word."""
        return self.word() % n

    def chance(self, odds: int) -> bool:
        """True `odds` times in 256, from one word."""
        return self.word() >> 24 < odds

    def bits(self, width: int) -> int:
        """A number of `width` bits, from as many words as it takes, the least significant first."""
        value = 0
        for shift in range(0, width, 32):
            value |= self.word() << shift
        return value & ((1 << width) - 1)


def cycles(interface: Interface, program: Program, read: Callable[[str], int]) -> Iterator[Cycle]:
    """The cycles of a program, one by one.

    Args:
        interface: that the program was written for.
        program: to run.
        read: value of an output now. It is called between cycles: whoever iterates has applied the
            last cycle that was yielded before asking for the next.

    Raises:
        KeyError: the program names a signal or segment that does not exist.
    """
    yield from _Run(interface, read).program(program)


class _Run:
    """The inputs as a run has left them."""

    def __init__(self, interface: Interface, read: Callable[[str], int]) -> None:
        self._width = {s.name: s.width for s in interface.inputs}
        self._values = {s.name: interface.idle_value(s.name) for s in interface.inputs}
        self._clocks = tuple(clock.signal for clock in interface.clocks)
        self._outputs = frozenset(s.name for s in interface.outputs)
        self._read = read
        self._segment = Segment("", "", ())
        self._count = 0

    def program(self, program: Program) -> Iterator[Cycle]:
        for name in program.run:
            self._segment = program.segment(name)
            self._count = 0
            yield from self._actions(self._segment.actions)

    def _actions(self, actions: Sequence[Action]) -> Iterator[Cycle]:
        for action in actions:
            match action:
                case Drive(values):
                    for name, value in values:
                        self._set(name, value)
                case Cycles(n):
                    for _ in range(n):
                        yield self._cycle()
                case Random():
                    yield from self._random(action)
                case WaitFor():
                    yield from self._wait(action)
                case Repeat(n, body):
                    for _ in range(n):
                        yield from self._actions(body)

    def _cycle(self) -> Cycle:
        periods = dict(self._segment.periods)
        due = tuple(c for c in self._clocks if _is_due(self._count, periods.get(c, 1)))
        self._count += 1
        return Cycle(self._segment.name, dict(self._values), due)

    def _wait(self, wait: WaitFor) -> Iterator[Cycle]:
        if wait.signal not in self._outputs:
            raise KeyError(wait.signal)
        for _ in range(wait.timeout):
            if self._read(wait.signal) == wait.value:
                return
            yield self._cycle()

    def _random(self, action: Random) -> Iterator[Cycle]:
        rng = Xorshift32(action.seed)
        for move in range(action.n):
            for name, driver in action.drivers:
                if driver.change >= 256 or rng.chance(driver.change):
                    self._set(name, self._next(name, driver, rng, move))
            for _ in range(action.pace):
                yield self._cycle()

    def _set(self, name: str, value: int) -> None:
        self._values[name] = value & ((1 << self._width[name]) - 1)

    def _next(self, name: str, driver: Driver, rng: Xorshift32, move: int) -> int:  # noqa: PLR0911 - one return a mode
        width = self._width[name]
        match driver.mode:
            case "uniform":
                return rng.bits(width)
            case "bias":
                return (1 << width) - 1 if rng.chance(driver.amount) else 0
            case "onehot":
                return 1 << rng.below(width)
            case "walk":
                return 1 << move % width
            case "step":
                return self._values[name] + driver.amount
            case "choice":
                i = rng.below(len(driver.values))
                free = rng.bits(width) & ~driver.cares[i] if driver.cares else 0
                return driver.values[i] | free
            case "copy":
                return self._values[driver.source] + driver.amount


def _is_due(count: int, period: int) -> bool:
    return period > 0 and count % period == 0
