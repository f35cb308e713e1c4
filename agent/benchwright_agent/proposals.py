"""Candidate segments: structured random stimulus over the inputs of a design.

Every proposal is a segment a reader can follow: a few inputs set, or inputs that move at random in
a stated way. What makes designs do something is mixed here: values held and bursts, corner values,
one-hot and walking bits, equal and nearly equal operands, few values used again and again, the
design's own literals, slow rates, resets in mid-run, clocks of different rates. In a *swarm*
(Groce et al., ISSTA 2012) some inputs are left alone, so that others get room.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchwright_sim.elaboration import Elaboration
from benchwright_sim.interface import Signal
from benchwright_sim.stimulus import (
    Action,
    Cycles,
    Drive,
    Driver,
    Mode,
    Random,
    Repeat,
    Segment,
    WaitFor,
)

RESET = "reset"
"""Name of the segment that resets the design."""

_CHANGES = (256, 256, 128, 64, 32, 16, 8, 4, 2)
_BIASES = (4, 16, 32, 64, 128, 192, 224, 240, 252)
_PATTERNS: tuple[Mode, ...] = ("onehot", "walk")
_LENGTHS = (8, 16, 32, 64, 128, 256)
_PERIODS = (1, 1, 1, 2, 3, 5, 8)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate and the style that made it, for the statistics of styles."""

    style: str
    segment: Segment


class Proposer:
    """Makes candidates for one design, the same for the same random generator.

    Attributes:
        stretch: factor on lengths; the search raises it while nothing new is found.
    """

    def __init__(self, elaboration: Elaboration, rng: random.Random) -> None:
        interface = elaboration.interface
        resets = {reset.signal: reset for reset in interface.resets}
        self._rng = rng
        self._resets = resets
        self._data = tuple(s for s in interface.inputs if s.name not in resets)
        self._clocks = tuple(clock.signal for clock in interface.clocks)
        self._flags = tuple(s.name for s in interface.outputs if s.width == 1)
        self._values = {s.name: _dictionary(s, elaboration.literals) for s in self._data}
        self._paces = tuple(sorted({v for n in elaboration.literals for v in _near(n)}))
        self.stretch = 1
        self._styles: dict[str, Callable[[], tuple[Action, ...]]] = {"uniform": self._uniform}
        if self._data:
            self._styles["random"] = self._mixed
            self._styles["directed"] = self._directed
        if self._clocks:
            self._styles["hold"] = self._hold
        if self._clocks and self._data:
            self._styles["paced"] = self._paced
        if self._clocks and self._data and self._flags:
            self._styles["handshake"] = self._handshake
        if resets:
            self._styles["random_reset"] = self._reset_in_run
        self._tries = dict.fromkeys(self._styles, 1)
        self._gains = dict.fromkeys(self._styles, 1.0)

    def reset(self) -> Segment | None:
        """Asserts every reset for two cycles and releases them; None without resets."""
        if not self._resets:
            return None
        asserted = tuple((name, r.active) for name, r in self._resets.items())
        released = tuple((name, 1 - r.active) for name, r in self._resets.items())
        actions = (Drive(asserted), Cycles(2), Drive(released), Cycles(1))
        return Segment(RESET, "reset", actions)

    def plain(self, n: int) -> Segment:
        """`n` cycles of uniformly random inputs: the baseline that a search must not miss."""
        drivers = tuple((s.name, Driver()) for s in self._data)
        actions: tuple[Action, ...] = (
            (Random(n, self._seed(), drivers),) if drivers else (Cycles(n),)
        )
        return Segment("", "uniform", actions)

    def propose(self) -> Proposal:
        """A candidate of a style drawn by how much each style has gained."""
        names = list(self._styles)
        weights = [0.02 + self._gains[n] / self._tries[n] for n in names]
        style = self._rng.choices(names, weights)[0]
        return Proposal(style, Segment("", style, self._styles[style](), self._some_periods()))

    def mutate(self, segment: Segment) -> Segment:
        """An accepted segment with another seed, length or driver."""
        actions: list[Action] = []
        for action in segment.actions:
            match action:
                case Random():
                    actions.append(self._mutate_random(action))
                case Cycles(n):
                    actions.append(Cycles(max(1, n * self._rng.choice((1, 1, 2, 4)))))
                case _:
                    actions.append(action)
        return replace(segment, name="", actions=tuple(actions), periods=self._some_periods())

    def vary(self, segment: Segment) -> Segment:
        """A segment that someone thought up, with one value, length or driver changed."""
        actions = list(segment.actions)
        i = self._rng.randrange(len(actions))
        actions[i] = self._vary_action(actions[i])
        return replace(segment, name="", actions=tuple(actions))

    def _vary_action(self, action: Action) -> Action:
        rng = self._rng
        match action:
            case Drive(values):
                j = rng.randrange(len(values))
                name, value = values[j]
                known = next((s for s in self._data if s.name == name), None)
                new = self._value(known) if known else 1 - value
                return Drive((*values[:j], (name, new), *values[j + 1 :]))
            case Cycles(n):
                return Cycles(max(1, rng.choice((n - 1, n + 1, 2 * n, 4 * n, n // 2))))
            case WaitFor(signal, value, timeout):
                return WaitFor(signal, value, 4 * timeout)
            case Repeat(n, body) if rng.random() < 0.5:
                return Repeat(max(1, rng.choice((n - 1, n + 1, 2 * n, 4 * n))), body)
            case Repeat(n, body):
                j = rng.randrange(len(body))
                return Repeat(n, (*body[:j], self._vary_action(body[j]), *body[j + 1 :]))
            case Random():
                return self._mutate_random(action)

    def learn(self, style: str, gain: int) -> None:
        """Records that a candidate of `style` reached `gain` new points."""
        self._tries[style] += 1
        self._gains[style] += min(gain, 4)

    def _mutate_random(self, action: Random) -> Random:
        drivers = list(action.drivers)
        if drivers and self._rng.random() < 0.5:
            i = self._rng.randrange(len(drivers))
            name = drivers[i][0]
            if name in self._values:
                drivers[i] = (name, self._driver(next(s for s in self._data if s.name == name)))
        n = max(1, action.n * self._rng.choice((1, 1, 2, 4)))
        return Random(n, self._seed(), tuple(drivers), action.pace)

    def _uniform(self) -> tuple[Action, ...]:
        return self.plain(self._length()).actions

    def _mixed(self) -> tuple[Action, ...]:
        """Each input with a driver of its own; in half of the cases some stay as they are set."""
        rng = self._rng
        still = rng.choice((0.0, 0.0, 0.3, 0.6))
        fixed = [s for s in self._data if rng.random() < still]
        drivers = tuple((s.name, self._driver(s)) for s in self._data if s not in fixed)
        actions: list[Action] = []
        if fixed:
            actions.append(Drive(tuple((s.name, self._value(s)) for s in fixed)))
        actions.append(Random(self._length(), self._seed(), drivers) if drivers else Cycles(1))
        return tuple(actions)

    def _paced(self) -> tuple[Action, ...]:
        """Inputs that move once in several cycles: rates of serial lines and slow peers."""
        pace = self._rng.choice(self._paces) if self._paces else 0
        if not 1 < pace <= 4096 or self._rng.random() < 0.3:
            pace = self._rng.choice((2, 3, 4, 5, 8, 10, 16, 32, 64))
        *before, last = self._mixed()
        if isinstance(last, Random):
            moves = max(_LENGTHS[0], 4096 * self.stretch // pace)
            last = replace(last, n=min(last.n, moves), pace=pace)
        return (*before, last)

    def _directed(self) -> tuple[Action, ...]:
        """Chosen values, a cycle or a few each."""
        rng = self._rng
        actions: list[Action] = []
        for _ in range(rng.choice((1, 2, 3, 4, 6))):
            chosen = [s for s in self._data if rng.random() < 0.7] or [rng.choice(self._data)]
            actions.append(Drive(tuple((s.name, self._value(s)) for s in chosen)))
            actions.append(Cycles(rng.choice((1, 1, 1, 2, 3))))
        return tuple(actions)

    def _hold(self) -> tuple[Action, ...]:
        """Chosen values held for long: counters, timers, divided clocks."""
        values = tuple((s.name, self._value(s)) for s in self._data)
        n = 1 << self._rng.randrange(3, 12)
        cycles = Cycles(n * self.stretch)
        return (Drive(values), cycles) if values else (cycles,)

    def _handshake(self) -> tuple[Action, ...]:
        """Values held until an output answers, then others for a cycle; once or several times."""
        rng = self._rng
        wait = WaitFor(rng.choice(self._flags), rng.choice((1, 1, 0)), rng.choice((16, 64, 256)))
        answer = [s for s in self._data if rng.random() < 0.4] or [rng.choice(self._data)]
        body = (
            Drive(tuple((s.name, self._value(s)) for s in self._data)),
            wait,
            Drive(tuple((s.name, self._value(s)) for s in answer)),
            Cycles(1),
        )
        n = rng.choice((1, 1, 2, 4, 8))
        return body if n == 1 else (Repeat(n, body),)

    def _reset_in_run(self) -> tuple[Action, ...]:
        """Random inputs with resets now and then, for one reset or all of them."""
        rng = self._rng
        names = list(self._resets)
        chosen = names if rng.random() < 0.5 else [rng.choice(names)]
        drivers = tuple((s.name, self._driver(s)) for s in self._data)
        often = rng.choice((2, 4, 16, 64))
        resets = tuple(
            (name, Driver("bias", amount=often if self._resets[name].active else 256 - often))
            for name in chosen
        )
        released = Drive(tuple((name, 1 - self._resets[name].active) for name in chosen))
        return (Random(self._length(), self._seed(), (*drivers, *resets)), released, Cycles(1))

    def _driver(self, signal: Signal) -> Driver:
        if signal.width == 1:
            return self._bit_driver()
        makers = (self._uniform_driver, self._pool_driver, self._pattern_driver)
        more = (self._step_driver, self._copy_driver, self._literal_driver, self._field_driver)
        fields = 12 if signal.patterns else 0
        maker = self._rng.choices((*makers, *more), (6, 4, 2, 2, 2, 4, fields))[0]
        return maker(signal, self._rng.choice(_CHANGES))

    def _bit_driver(self) -> Driver:
        if self._rng.random() < 0.3:
            return Driver(change=self._rng.choice(_CHANGES))
        return Driver("bias", amount=self._rng.choice(_BIASES))

    def _uniform_driver(self, _signal: Signal, change: int) -> Driver:
        return Driver(change=change)

    def _pool_driver(self, signal: Signal, change: int) -> Driver:
        """A few values that will come again and again: addresses, tags, keys."""
        n = self._rng.choice((2, 2, 3, 4, 8))
        return Driver("choice", change, values=tuple(self._value(signal) for _ in range(n)))

    def _pattern_driver(self, _signal: Signal, change: int) -> Driver:
        return Driver(self._rng.choice(_PATTERNS), change)

    def _step_driver(self, signal: Signal, change: int) -> Driver:
        top = (1 << signal.width) - 1
        return Driver("step", change, self._rng.choice((1, 1, 1, 4 & top or 1, top)))

    def _copy_driver(self, signal: Signal, _change: int) -> Driver:
        """Equal or nearly equal to another input."""
        peers = [s.name for s in self._data if s.name != signal.name and s.width > 1]
        if not peers:
            return Driver()
        amount = self._rng.choice((0, 0, 1, (1 << signal.width) - 1))
        change = self._rng.choice((256, 128, 64))
        return Driver("copy", change, amount, source=self._rng.choice(peers))

    def _literal_driver(self, signal: Signal, change: int) -> Driver:
        """A few of the values that mean something to the design, its own comparisons first."""
        rng = self._rng
        known = self._values[signal.name]
        n = min(rng.choice((2, 3, 4, 6)), len(known))
        if len(signal.literals) > 1 and rng.random() < 0.6:
            return Driver("choice", change, values=tuple(signal.literals[:8]))
        return Driver("choice", change, values=tuple(sorted(rng.sample(known, n))))

    def _field_driver(self, signal: Signal, change: int) -> Driver:
        """Opcodes and header fields: some bits as the design compares them, the others random."""
        n = self._rng.choice((1, 2, 4, 8))
        fields = [self._merged_fields(signal) for _ in range(n)]
        values, cares = zip(*fields, strict=True)
        return Driver("choice", change, values=values, cares=cares)

    def _merged_fields(self, signal: Signal) -> tuple[int, int]:
        """One to three patterns of a signal that do not contradict each other, as one."""
        value = care = 0
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            more, bits = self._rng.choice(signal.patterns)
            if (value ^ more) & care & bits == 0:
                value, care = value | more, care | bits
        return value, care

    def _value(self, signal: Signal) -> int:
        if self._rng.random() < 0.5:
            return self._rng.choice(self._values[signal.name])
        free = self._rng.getrandbits(signal.width)
        if signal.patterns and self._rng.random() < 0.7:
            value, care = self._merged_fields(signal)
            return value | (free & ~care)
        return free

    def _length(self) -> int:
        return min(self._rng.choice(_LENGTHS) * self.stretch, 200_000)

    def _seed(self) -> int:
        return self._rng.randrange(1, 1 << 16)

    def _some_periods(self) -> tuple[tuple[str, int], ...]:
        if len(self._clocks) < 2 or self._rng.random() < 0.3:
            return ()
        periods = ((clock, self._rng.choice(_PERIODS)) for clock in self._clocks)
        return tuple((clock, period) for clock, period in periods if period != 1)


def _near(value: int) -> tuple[int, ...]:
    return tuple(v for v in (value - 1, value, value + 1) if 1 < v <= 4096)


def _dictionary(signal: Signal, literals: tuple[int, ...]) -> tuple[int, ...]:
    """Corner values first, then the literals that this input is compared with, then the rest."""
    top = (1 << signal.width) - 1
    corners = (0, top, 1, top - 1 if top else 0, 1 << (signal.width - 1), top >> 1)
    alternating = (top // 3, top - top // 3) if signal.width > 2 else ()
    near = (v + d for v in signal.literals for d in (0, -1, 1))
    fitting = (v for v in literals if v <= top)
    return tuple(dict.fromkeys(v & top for v in (*corners, *near, *alternating, *fitting)))
