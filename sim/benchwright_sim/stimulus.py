"""The stimulus program: a small language over the signals of an interface.

A program is a list of named segments and the order in which they run (a segment may run more than
once). It means the same thing in the compiled harness, in the emitted SystemVerilog testbench and
in the emitted cocotb test:

- Before time 0 every clock is at its idle level (low, or high for a clock of which the design uses
  the negative edge alone), resets are inactive and other inputs 0. The design settles once.
- A *cycle* is three settled steps: (1) inputs that the current action changed take their values;
  (2) every clock that is due goes to its active level; (3) the same clocks go back to idle. Without
  clocks a cycle is step 1 alone. A cycle takes 10 time units: inputs at 0, active level at 3, idle
  level at 8.
- Inputs keep their values until something drives them, from segment to segment as well. What is
  driven after a program's last cycle does nothing; but a SystemVerilog simulator may show it, so
  that a program had better end with a cycle.
- With several clocks, `Segment.periods` says which are due: a clock of period p is due in the
  cycles 0, p, 2p, ... of each run of the segment; 0 stops it. Default 1.

Random values come from xorshift32 (Marsaglia 2003: shifts 13, 17, 5), seeded by each `Random`
action, so that an action means the same wherever it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["uniform", "bias", "onehot", "walk", "step", "choice", "copy"]


@dataclass(frozen=True, slots=True)
class Driver:
    """How one input moves during a `Random` action.

    Each move, first `chance(change)` is drawn when `change < 256`; if it says no, the input keeps
    its value and draws nothing else. `chance(p)` draws one word r and says r >> 24 < p. Otherwise
    the new value is, modulo 2**width:

    - uniform: ceil(width / 32) words drawn, the first the least significant.
    - bias: all ones when `chance(amount)`, else all zeros.
    - onehot: 1 << (word % width), one word drawn.
    - walk: 1 << (i % width), i counting the action's moves from 0; nothing drawn.
    - step: old value + amount; nothing drawn.
    - choice: values[i] with i = word % len(values), one word drawn; with `cares`, only the bits
      set in cares[i] are those of values[i], and the others are drawn as for uniform.
    - copy: the present value of input `source` (as driven earlier in this move if it comes
      earlier in `Random.drivers`) zero-extended or cut, + amount; nothing drawn.

    Attributes:
        mode: as above.
        change: chance in 256 that the input takes part in a move, from 1 to 256 (always).
        amount: for bias 0..256, for step and copy a non-negative number below 2**width.
        values: for choice, at least one, each in 0 <= v < 2**width.
        source: for copy, the name of another driven input.
        cares: for choice, none or as many as values, each in 0 <= c < 2**width; a value has no
            bits outside of its care.
    """

    mode: Mode = "uniform"
    change: int = 256
    amount: int = 0
    values: tuple[int, ...] = ()
    source: str = ""
    cares: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Drive:
    """Sets inputs; they take effect with the next cycle."""

    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Cycles:
    """Runs `n` >= 1 cycles with the inputs as they are."""

    n: int


@dataclass(frozen=True, slots=True)
class Random:
    """Moves the inputs `n` >= 1 times, each move followed by `pace` >= 1 cycles.

    A move lets every driver move its input, in the order given. A pace above 1 sends values at the
    rate at which a divided clock, a serial line or a slow peer takes them.

    Attributes:
        n: moves; the action runs n * pace cycles.
        seed: 1 <= seed < 2**32, state of the generator before the first draw.
        drivers: (input, how it moves).
        pace: cycles after each move.
    """

    n: int
    seed: int
    drivers: tuple[tuple[str, Driver], ...]
    pace: int = 1


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Runs cycles until output `signal` has `value`, at most `timeout` >= 1 of them.

    The output is read after each cycle's third step, and once before the first: when it has the
    value already, no cycle is run.
    """

    signal: str
    value: int
    timeout: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Runs `body` `n` >= 1 times; bodies nest at most 4 deep."""

    n: int
    body: tuple[Action, ...]


Action = Drive | Cycles | Random | WaitFor | Repeat


@dataclass(frozen=True, slots=True)
class Segment:
    """A named piece of stimulus with a purpose that a reader understands.

    Attributes:
        name: a SystemVerilog identifier, unique in its program.
        purpose: one line for the comment above the task.
        actions: in order.
        periods: (clock, period) where it is not 1.
    """

    name: str
    purpose: str
    actions: tuple[Action, ...]
    periods: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Segments and the order of their runs.

    Attributes:
        segments: each defined once.
        run: names of segments, in the order in which they run.
    """

    segments: tuple[Segment, ...] = ()
    run: tuple[str, ...] = field(default=())

    def segment(self, name: str) -> Segment:
        """The segment called `name`; KeyError when there is none."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise KeyError(name)
