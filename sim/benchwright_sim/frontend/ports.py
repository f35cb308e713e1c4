"""Ports of a top module and the signals that stand for them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal

from pyslang import ast

from benchwright_sim.errors import UnsupportedError
from benchwright_sim.frontend.diagnostics import Places
from benchwright_sim.identifiers import Identifiers, is_identifier
from benchwright_sim.interface import Direction, Port, Signal

_DIRECTIONS: dict[ast.ArgumentDirection, Direction] = {
    ast.ArgumentDirection.In: "input",
    ast.ArgumentDirection.Out: "output",
    ast.ArgumentDirection.InOut: "inout",
}


def find_ports(top: ast.InstanceSymbol, places: Places) -> tuple[Port, ...]:
    """The declared ports, in order.

    Raises:
        UnsupportedError: a port is an interface, a reference, a real, a string or another thing
            without a fixed number of bits.
    """
    return tuple(_port(symbol, places) for symbol in top.body.portList)


def signals_of(module: str, ports: tuple[Port, ...]) -> tuple[Signal, ...]:
    """One signal per packed vector, in port order; an inout gives three."""
    identifiers = Identifiers(module)
    whole = {port.name: identifiers.take(port.name) for port in ports if _is_simple(port, module)}
    return tuple(
        Signal(name, whole.get(name) or identifiers.take(name), direction, width, signed, port=p)
        for name, direction, width, signed, p in itertools.chain.from_iterable(map(_parts, ports))
    )


def _is_simple(port: Port, module: str) -> bool:
    return not port.unpacked and is_identifier(port.name) and port.name != module


def _parts(
    port: Port,
) -> Iterator[tuple[str, Literal["input", "output"], int, bool, str]]:
    for index in itertools.product(*(_indexes(*bounds) for bounds in port.unpacked)):
        name = port.name + "".join(f"[{i}]" for i in index)
        if port.direction == "inout":
            yield name, "input", port.width, port.signed, port.name
            yield f"{name}.oe", "input", 1, False, port.name
            yield f"{name}.in", "output", port.width, port.signed, port.name
        else:
            yield name, port.direction, port.width, port.signed, port.name


def _indexes(left: int, right: int) -> range:
    return range(left, right + 1) if left <= right else range(left, right - 1, -1)


def _port(symbol: ast.Symbol, places: Places) -> Port:
    if not isinstance(symbol, ast.PortSymbol):
        what = "an interface" if isinstance(symbol, ast.InterfacePortSymbol) else "a list of nets"
        raise _unsupported(symbol, what, places)
    direction = _DIRECTIONS.get(symbol.direction)
    if direction is None:
        raise _unsupported(symbol, "a reference", places)
    element, unpacked = _split(symbol.type)
    if not element.isIntegral:
        raise _unsupported(symbol, f"of type {element}", places)
    type_name = _name_of_type(element)
    return Port(
        name=symbol.name,
        direction=direction,
        width=element.bitWidth,
        signed=element.isSigned,
        unpacked=unpacked,
        type_text=type_name or packed_text(element.bitWidth, signed=element.isSigned),
        is_enum=bool(type_name) and element.isEnum,
    )


def packed_text(width: int, *, signed: bool) -> str:
    """A packed vector type as text: `logic`, `logic [7:0]`, `logic signed [7:0]`."""
    sign = " signed" if signed else ""
    return f"logic{sign} [{width - 1}:0]" if width > 1 else f"logic{sign}"


def _split(kind: ast.Type) -> tuple[ast.Type, tuple[tuple[int, int], ...]]:
    """Element type and bounds of unpacked dimensions, outermost first."""
    bounds = []
    while isinstance(canonical := kind.canonicalType, ast.FixedSizeUnpackedArrayType):
        bounds.append((canonical.range.left, canonical.range.right))
        kind = canonical.elementType
    return kind, tuple(bounds)


def _name_of_type(kind: ast.Type) -> str:
    """Name of a type that a testbench can see (of a package or outside of modules), or empty."""
    while isinstance(kind, ast.TypeAliasType):
        path = kind.hierarchicalPath
        if all(is_identifier(name) for name in path.split("::", 1)):
            return path
        kind = kind.targetType.type
    return ""


def _unsupported(symbol: ast.Symbol, what: str, places: Places) -> UnsupportedError:
    return UnsupportedError(
        f"port {symbol.name!r} is {what}, which a stimulus cannot drive",
        location=places.location(symbol.location),
        hint="wrap the module in one whose ports are packed vectors, and make that one the top",
    )
