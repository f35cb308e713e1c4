"""A module as text: header, declarations, items; and its specification."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from benchwright_trainer.designs.size import last, vector
from benchwright_trainer.designs.style import Style


@dataclass(frozen=True, slots=True)
class Port:
    """A port, and what is said of it."""

    direction: Literal["input", "output"]
    name: str
    width: int = 1
    about: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal inside; `depth` makes it a memory, `type` is that of a state."""

    name: str
    width: int = 1
    depth: int | None = None
    type: str = ""


@dataclass(slots=True)
class ModuleText:
    """What a module consists of, in the order in which it was asked for.

    Attributes:
        nets: names that an assignment or an instance drives; all other signals are variables.
        clock: its name, "" for none; so is `reset`.
    """

    title: str
    style: Style
    parameters: list[tuple[str, int]] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    constants: list[tuple[str, int, str]] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    types: list[list[str]] = field(default_factory=list)
    items: list[list[str]] = field(default_factory=list)
    nets: set[str] = field(default_factory=set)
    clock: str = ""
    reset: str = ""
    state_type: str = ""
    state_width: int = 1

    def width(self, name: str) -> int:
        """Bits of a port or signal that was declared.

        Raises:
            KeyError: there is none of this name.
        """
        widths = {port.name: port.width for port in self.ports}
        widths |= {signal.name: signal.width for signal in self.signals}
        return widths[name]

    def add_states(self, names: tuple[str, ...], type_name: Callable[[], str]) -> None:
        """Declares states in the style's way and encoding."""
        n = len(names)
        onehot = self.style.encoding == "onehot"
        width = n if onehot else max(1, (n - 1).bit_length())
        if onehot:
            codes = [1 << i for i in range(n)]
        else:
            codes = [i ^ (i >> 1) if self.style.encoding == "gray" else i for i in range(n)]
        literals = [f"{width}'b{code:0{width}b}" for code in codes]
        self.state_width = width
        if self.style.states == "enum":
            self.state_type = type_name()
            indent = self.style.indent
            rows = [f"{indent * 2}{a} = {b}" for a, b in zip(names, literals, strict=True)]
            head = f"{indent}typedef enum logic {vector(width)}{{"
            body = [*(f"{row}," for row in rows[:-1]), rows[-1]]
            self.types.append([head, *body, f"{indent}}} {self.state_type};"])
        else:
            self.state_type = ""
            self.constants += [(a, width, b) for a, b in zip(names, literals, strict=True)]

    def render(self) -> str:
        """The module."""
        indent = self.style.indent
        inside = [
            *(f"{indent}localparam {vector(w)}{name} = {of};" for name, w, of in self.constants),
            *(line for lines in self.types for line in lines),
            *(f"{indent}{self._signal(signal)};" for signal in self.signals),
        ]
        blocks = [[*self._header(), *inside], *_grouped(self.items)]
        return "\n\n".join("\n".join(block) for block in blocks) + "\n\nendmodule\n"

    def _all_ports(self) -> list[Port]:
        own = [Port("input", name) for name in (self.clock, self.reset) if name]
        ports = [*own, *self.ports] if self.style.clock_first else [*self.ports, *own]
        return sorted(ports, key=lambda port: port.direction) if self.style.grouped else ports

    def _header(self) -> Iterator[str]:
        indent = self.style.indent
        ports = self._all_ports()
        if self.parameters:
            yield f"module {self.title} #("
            rows = [f"{indent}parameter {name} = {value:d}" for name, value in self.parameters]
            yield ",\n".join(rows)
            yield ") ("
        else:
            yield f"module {self.title} ("
        if self.style.ansi:
            yield ",\n".join(f"{indent}{self._port(port)}" for port in ports)
            yield ");"
        else:
            yield ",\n".join(f"{indent}{port.name}" for port in ports)
            yield ");"
            yield from (f"{indent}{self._port(port)};" for port in ports)

    def _port(self, port: Port) -> str:
        if port.direction == "input":
            kind = "logic " if self.style.logic else ""
        else:
            kind = self._kind(port.name).replace("wire ", "")
        return f"{port.direction} {kind}{vector(port.width)}{port.name}"

    def _signal(self, signal: Signal) -> str:
        if signal.type:
            return f"{signal.type} {signal.name}"
        depth = f" [0:{last(signal.depth)}]" if signal.depth else ""
        return f"{self._kind(signal.name)}{vector(signal.width)}{signal.name}{depth}"

    def _kind(self, name: str) -> str:
        if self.style.logic:
            return "logic "
        return "wire " if name in self.nets else "reg "

    def specify(self, said: list[str]) -> str:
        """The specification: what was said, then the ports."""
        paragraphs = "\n".join(said).split("\n\n")
        texts = [" ".join(part.split("\n")) for part in paragraphs if part.strip()]
        clocking = self._clocking()
        if clocking:
            texts.append(clocking)
        return "\n\n".join((f"# {self.title}", *texts, "## Ports", self._ports())) + "\n"

    def _ports(self) -> str:
        ports = self._all_ports()
        if self.style.port_table:
            rows = ["| Port | Direction | Bits | Meaning |", "|---|---|---|---|"]
            rows += [f"| `{p.name}` | {p.direction} | {int(p.width)} | {p.about} |" for p in ports]
        else:
            rows = [
                f"- `{port.name}` ({port.direction}, {_bits(port.width)})"
                + (f": {port.about}" if port.about else "")
                for port in ports
            ]
        return "\n".join(rows)

    def _clocking(self) -> str:
        if not self.clock:
            return "The module is purely combinational."
        edge = "rising" if self.style.edge == "posedge" else "falling"
        text = f"Everything is clocked on the {edge} edge of `{self.clock}`."
        if not self.reset:
            return text
        kind = "a synchronous" if self.style.reset == "sync" else "an asynchronous"
        level = "low" if self.style.reset_low else "high"
        return f"{text} `{self.reset}` is {kind} reset, active {level}."


def _bits(width: int) -> str:
    return "1 bit" if width == 1 else f"{int(width)} bits"


def _grouped(items: list[list[str]]) -> Iterator[list[str]]:
    """Items, with assignments of one line that follow each other together."""
    group: list[str] = []
    for item in items:
        if len(item) == 1:
            group += item
            continue
        if group:
            yield group
            group = []
        yield item
    if group:
        yield group
