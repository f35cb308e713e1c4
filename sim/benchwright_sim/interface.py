"""The boundary of a design: ports, clocks, resets, and the signals a stimulus drives or reads.

A *port* is what the source declares. A *signal* is one packed vector of it: an unpacked array port
has one signal per element, an inout port has a driven value, an enable and an observed value. A
stimulus speaks of signals only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["input", "output", "inout"]
Edge = Literal["posedge", "negedge", "both"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One packed vector at the boundary.

    Attributes:
        name: what a stimulus calls it: `data`, `lanes[2]`, `bus.valid`, `pad`, `pad.oe`.
        identifier: a legal, unique, non-keyword SystemVerilog identifier of the variable that
            stands for it in a wrapper or testbench; never equals the top module's name.
        direction: as seen from the design: an `input` is driven, an `output` is read.
        width: bits, at least 1.
        signed: whether the source declares it signed.
        literals: values (0 <= v < 2**width) that the design compares it with or that its
            enum type names, sorted.
        patterns: (value, care) pairs: the design compares the bits set in `care` with those of
            `value`, and no others: an opcode, a field of a header.
        port: name of the port that it belongs to.
    """

    name: str
    identifier: str
    direction: Literal["input", "output"]
    width: int
    signed: bool = False
    literals: tuple[int, ...] = ()
    port: str = ""
    patterns: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """One declared port of the top module.

    Attributes:
        name: as declared, without the backslash of an escaped identifier.
        direction: as declared.
        width: packed bits of one element.
        signed: as declared.
        unpacked: (left, right) bounds of each unpacked dimension, outermost first.
        type_text: type as a testbench may write it, `pkg::state_t` or `logic [7:0]`; an enum or
            struct declared inside the module has its packed equivalent here.
        is_enum: its type is an enum, so that a vector needs a cast to `type_text`.
    """

    name: str
    direction: Direction
    width: int
    signed: bool = False
    unpacked: tuple[tuple[int, int], ...] = ()
    type_text: str = "logic"
    is_enum: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock input; `signal` names a `Signal` of width 1.

    `edge` is the one that the design's event controls use: `both` when they use both.
    """

    signal: str
    edge: Edge = "posedge"

    @property
    def idle(self) -> int:
        """The level between cycles: high where the design uses the negative edge alone."""
        return int(self.edge == "negedge")


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset input; `active` is its asserted level (0 or 1)."""

    signal: str
    active: int
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything at the boundary of one elaborated top module.

    Attributes:
        module: name of the top module, without the backslash of an escaped identifier.
        parameters: (name, value as SystemVerilog text) overrides that the user gave.
        ports: in declaration order.
        signals: in port order, clocks and resets among them.
        clocks: in port order; empty for a combinational design.
        resets: in port order.
    """

    module: str
    parameters: tuple[tuple[str, str], ...]
    ports: tuple[Port, ...]
    signals: tuple[Signal, ...]
    clocks: tuple[Clock, ...] = ()
    resets: tuple[Reset, ...] = ()

    def signal(self, name: str) -> Signal:
        """The signal called `name`.

        Raises:
            KeyError: there is none.
        """
        for signal in self.signals:
            if signal.name == name:
                return signal
        raise KeyError(name)

    @property
    def clock_names(self) -> frozenset[str]:
        """Names of the signals that are clocks."""
        return frozenset(clock.signal for clock in self.clocks)

    @property
    def inputs(self) -> tuple[Signal, ...]:
        """Signals that a stimulus drives: all inputs but the clocks, resets among them."""
        clocks = self.clock_names
        return tuple(s for s in self.signals if s.direction == "input" and s.name not in clocks)

    @property
    def outputs(self) -> tuple[Signal, ...]:
        """Signals that a stimulus can wait for."""
        return tuple(s for s in self.signals if s.direction == "output")

    def idle_value(self, name: str) -> int:
        """Value of an input before the first cycle: resets inactive, all else 0."""
        for reset in self.resets:
            if reset.signal == name:
                return 1 - reset.active
        return 0
