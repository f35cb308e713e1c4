"""A design behind flat ports: one packed vector for each signal of its interface.

What stands between signals and ports (elements of an unpacked array, fields of a struct, the
enable of an inout pad, the cast to an enum) is the same text in a wrapper and in a testbench:
`instantiate` makes it for both. The text compiles with Verilator 5 and, where it compiles the
design itself, with `iverilog -g2012`.

Limits: the enable of an inout port drives or releases all its bits at once, and an unpacked array
of inout elements needs a simulator that resolves such nets (Verilator 5.048 does not).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from benchwright_sim.identifiers import Identifiers, is_identifier
from benchwright_sim.interface import Interface, Port, Signal

INSTANCE = "dut"
COLUMNS = 98
"""Width of a line inside a module, which indents it by two more."""
_TYPE_NAME = re.compile(r"[A-Za-z_][\w$]*(::[A-Za-z_][\w$]*)*")
_BUILT_IN = frozenset({"", "logic", "bit", "reg", "wire"})


@dataclass(frozen=True, slots=True)
class Instantiation:
    """How a module that declares one variable or net for each signal instantiates the design.

    Attributes:
        name: of the instance: `dut`, or `dut_2` where a signal is called so.
        glue: declarations and continuous assignments between the signals and the ports.
        instance: lines of the instance itself.
    """

    name: str
    glue: tuple[str, ...]
    instance: tuple[str, ...]


def escaped(name: str) -> str:
    """`name` as source writes it: `data`, or `\\bus-a ` with the blank that ends it."""
    return name if is_identifier(name) else f"\\{name} "


def packed_range(width: int) -> str:
    """` [7:0]` for 8 bits, nothing for one bit."""
    return f" [{width - 1}:0]" if width > 1 else ""


def fill(items: Iterable[str], *, indent: str, separator: str = " ") -> list[str]:
    """Joins `items` into lines of at most `COLUMNS`; a longer item stands alone on its line."""
    lines: list[str] = []
    line = ""
    for item in items:
        # The last character may be that of a separator that follows.
        if line and len(indent) + len(line) + len(separator) + len(item) >= COLUMNS:
            lines.append(f"{indent}{line}{separator.rstrip()}")
            line = item
        else:
            line = f"{line}{separator}{item}" if line else item
    return [*lines, f"{indent}{line}"] if line else lines


def render_wrapper(interface: Interface, name: str = "benchwright_top") -> str:
    """Source of module `name`: the design behind one flat packed port for each signal.

    The ports are called by `Signal.identifier` and stand in the order of `interface.signals`.
    """
    inner = instantiate(interface, Identifiers(*(s.identifier for s in interface.signals)))
    ports = [
        f"  {s.direction} {'logic' if s.direction == 'input' else 'wire'}"
        f"{packed_range(s.width)} {s.identifier}"
        for s in interface.signals
    ]
    head = f"module {escaped(name)} (\n" + ",\n".join(ports) + "\n);"
    body = [f"  {line}" for line in (*inner.glue, *inner.instance)]
    return "\n".join(["`timescale 1ns / 1ps", "", head, *body, "endmodule", ""])


def instantiate(interface: Interface, names: Identifiers) -> Instantiation:
    """The instance of the design and what connects its ports with the signals.

    Args:
        interface: of the design.
        names: of the instantiating module, those of the signals taken; what this text declares is
            taken from it.
    """
    instance = names.take(INSTANCE)
    by_port: dict[str, list[Signal]] = {port.name: [] for port in interface.ports}
    for signal in interface.signals:
        by_port.setdefault(signal.port or signal.name, []).append(signal)
    glue = _Glue(names)
    connections = [
        f".{escaped(port.name)}({glue.connect(port, by_port[port.name])})"
        for port in interface.ports
        if by_port[port.name]
    ]
    lines = _instance(interface, instance, connections)
    return Instantiation(instance, (*glue.types, *glue.lines), tuple(lines))


def _instance(interface: Interface, instance: str, connections: list[str]) -> list[str]:
    module = escaped(interface.module).rstrip()
    overrides = ", ".join(f".{escaped(name)}({value})" for name, value in interface.parameters)
    head = f"{module} #({overrides}) {instance}" if overrides else f"{module} {instance}"
    whole = f"{head} ({', '.join(connections)});"
    if len(whole) + 2 <= COLUMNS:
        return [whole]
    return [f"{head} (", *fill(connections, indent="  ", separator=", "), ");"]


class _Glue:
    """What stands between signals and ports.

    Attributes:
        types: lines that name the enum types in use. Icarus has no casts to enums, but takes a
            vector where an enum is due.
        lines: declarations and continuous assignments.
    """

    def __init__(self, names: Identifiers) -> None:
        self.types: list[str] = []
        self.lines: list[str] = []
        self._names = names
        self._aliases: dict[str, str] = {}

    def connect(self, port: Port, signals: list[Signal]) -> str:
        """The expression to connect a port with."""
        if port.direction == "inout":
            return self._pad(port, signals)
        if len(signals) == 1 and not port.unpacked and signals[0].name == port.name:
            whole = signals[0].identifier
            return self._cast(port, whole) if port.direction == "input" else whole
        local = self._names.take(port.name)
        self.lines.append(f"{self._type(port)} {local}{_unpacked(port)};")
        for signal in signals:
            part = f"{local}{signal.name[len(port.name) :]}"
            if port.direction == "input":
                self.lines.append(f"assign {part} = {self._cast(port, signal.identifier)};")
            else:
                self.lines.append(f"assign {signal.identifier} = {part};")
        return local

    def _pad(self, port: Port, signals: list[Signal]) -> str:
        """The net of an inout port: driven where enabled, and always observed."""
        net = self._names.take(f"{port.name}_net")
        self.lines.append(f"wire{packed_range(port.width)} {net}{_unpacked(port)};")
        inputs = {s.name: s for s in signals if s.direction == "input"}
        driven = [s for s in inputs.values() if f"{s.name}.oe" in inputs]
        observed = [s for s in signals if s.direction == "output"]
        for value, seen in zip(driven, observed, strict=True):
            part = f"{net}{value.name[len(port.name) :]}"
            enable = inputs[f"{value.name}.oe"].identifier
            released = f"{value.width}'bz"
            self.lines.append(f"assign {part} = {enable} ? {value.identifier} : {released};")
            self.lines.append(f"assign {seen.identifier} = {part};")
        return net

    def _cast(self, port: Port, text: str) -> str:
        return f"{self._type(port)}'({text})" if _is_named_enum(port) else text

    def _type(self, port: Port) -> str:
        """The type of one element of a port, as a declaration names it."""
        if not _is_named_enum(port):
            vector = f"logic{packed_range(port.width)}"
            return vector if port.type_text in _BUILT_IN else port.type_text
        if port.type_text not in self._aliases:
            self._names.take(port.type_text)
            alias = self._names.take(port.type_text.split("::")[-1])
            self._aliases[port.type_text] = alias
            self.types += [
                "`ifdef __ICARUS__  // which has no casts to enum types",
                f"typedef logic{packed_range(port.width)} {alias};",
                "`else",
                f"typedef {port.type_text} {alias};",
                "`endif",
            ]
        return self._aliases[port.type_text]


def _is_named_enum(port: Port) -> bool:
    return port.is_enum and _TYPE_NAME.fullmatch(port.type_text) is not None


def _unpacked(port: Port) -> str:
    return "".join(f" [{left}:{right}]" for left, right in port.unpacked)
