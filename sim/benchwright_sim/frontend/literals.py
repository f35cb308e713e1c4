"""The values that a design compares with: a dictionary for stimulus.

A comparison with a constant is followed from what is compared back to the inputs of the top,
through names, slices, concatenations, port connections and registers that copy, so that
`if (buf_q[7:4] == 4'hA)` says 8'hA0 of the input that `buf_q` was loaded from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyslang import SVInt, ast

from benchwright_sim.frontend.hierarchy import Driver, Gate, Hierarchy, named, strip, unsigned
from benchwright_sim.frontend.slices import Slice, part_of, slice_of
from benchwright_sim.interface import Signal

MAX_LITERALS = 256
"""Most literals that an elaboration, or one signal, carries."""

_MAX_PROCESSES = 20_000
_MAX_STEPS = 64
_ByPort = dict[tuple[str, int | None], dict[tuple[int, int], None]]
_COMPARISONS = frozenset(
    {
        ast.BinaryOperator.Equality,
        ast.BinaryOperator.Inequality,
        ast.BinaryOperator.CaseEquality,
        ast.BinaryOperator.CaseInequality,
        ast.BinaryOperator.WildcardEquality,
        ast.BinaryOperator.WildcardInequality,
        ast.BinaryOperator.GreaterThan,
        ast.BinaryOperator.GreaterThanEqual,
        ast.BinaryOperator.LessThan,
        ast.BinaryOperator.LessThanEqual,
    }
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expression and a constant that it is compared with, in the bits set in `care`."""

    expression: ast.Expression
    value: int
    care: int


@dataclass(frozen=True, slots=True)
class Literals:
    """Literals of each signal that has any, by name, and of the whole design; all sorted.

    `patterns` are (value, care) pairs of a signal of which only some bits are compared.
    """

    by_signal: Mapping[str, tuple[int, ...]]
    patterns: Mapping[str, tuple[tuple[int, int], ...]]
    all: tuple[int, ...]


def find_literals(hierarchy: Hierarchy, signals: tuple[Signal, ...]) -> Literals:
    """Collects the literals of a design."""
    comparisons = list(dict.fromkeys(_comparisons(hierarchy)))
    by_port: _ByPort = defaultdict(dict)
    drivers = _drivers(hierarchy)
    sources: dict[Slice, tuple[Slice, ...]] = {}
    inputs = {
        port.internalSymbol: port.name
        for port in hierarchy.top.body.portList
        if isinstance(port, ast.PortSymbol) and port.internalSymbol is not None
    }
    for comparison in comparisons:
        for piece, value, care in _pieces(
            comparison.expression, comparison.value, comparison.care, hierarchy
        ):
            if piece not in sources:
                sources[piece] = tuple(_sources(piece, drivers, inputs, hierarchy))
            for source in sources[piece]:
                literal = (value << source.low, care << source.low)
                by_port[inputs[source.symbol], source.index][literal] = None
    inward = [signal for signal in signals if signal.direction == "input"]
    by_signal = {s.name: found for s in inward if (found := _of_signal(s, by_port, hierarchy))}
    patterns = {s.name: pairs for s in inward if (pairs := _patterns_of(s, by_port))}
    return Literals(by_signal, patterns, _of_design(comparisons, hierarchy))


def _of_signal(signal: Signal, by_port: _ByPort, hierarchy: Hierarchy) -> tuple[int, ...]:
    """Literals of one signal: those of its element, and those of any element of its port."""
    found = [value for value, _ in _compared(signal, by_port)]
    if not signal.name.endswith(".oe"):
        found.extend(_members(hierarchy.top.body.findPort(signal.port)))
    limit = 1 << signal.width
    return tuple(sorted({value for value in found if 0 <= value < limit})[:MAX_LITERALS])


def _patterns_of(signal: Signal, by_port: _ByPort) -> tuple[tuple[int, int], ...]:
    """(value, care) of the comparisons that leave bits of the signal open."""
    every = (1 << signal.width) - 1
    found = {(value & care, care) for value, care in _compared(signal, by_port) if 0 < care < every}
    return tuple(sorted(found)[:MAX_LITERALS])


def _compared(signal: Signal, by_port: _ByPort) -> list[tuple[int, int]]:
    if signal.name.endswith(".oe"):
        return []
    indexes = signal.name[len(signal.port) + 1 : -1].split("][")
    element = int(indexes[0]) if indexes[0] else None
    return [*by_port.get((signal.port, None), ()), *by_port.get((signal.port, element), ())]


def _of_design(comparisons: Iterable[Comparison], hierarchy: Hierarchy) -> tuple[int, ...]:
    """What is compared with comes first when there are too many."""
    values: dict[int, None] = dict.fromkeys(comparison.value for comparison in comparisons)
    for parameter in hierarchy.parameters:
        value = unsigned(parameter.value.value)
        if value is not None:
            values.setdefault(value)
    for variable in hierarchy.variables:
        values.update(dict.fromkeys(_members(variable)))
        if variable.type.isUnpackedArray and variable.type.hasFixedRange:
            values.setdefault(variable.type.fixedRange.upper)
    for assignment in _assignments(hierarchy):
        value = hierarchy.constant(assignment.right)
        if value is not None:
            values.setdefault(value)
    legal = [value for value in values if 0 <= value < 1 << 64]
    return tuple(sorted(legal[:MAX_LITERALS]))


def _members(symbol: ast.Symbol) -> Iterator[int]:
    """Values of the members when a symbol's type, or that of its elements, is an enum."""
    kind = getattr(symbol, "type", None)
    while kind is not None and kind.isArray and kind.isFixedSize:
        kind = kind.arrayElementType
    canonical = kind.canonicalType if kind is not None else None
    if isinstance(canonical, ast.EnumType):
        for member in canonical:
            if isinstance(member, ast.EnumValueSymbol):
                value = unsigned(member.value.value)
                if value is not None:
                    yield value


def _comparisons(hierarchy: Hierarchy) -> Iterator[Comparison]:
    binaries: list[ast.BinaryExpression] = []
    insides: list[ast.InsideExpression] = []
    cases: list[ast.CaseStatement] = []
    table = {
        ast.ExpressionKind.BinaryOp: binaries.append,
        ast.ExpressionKind.Inside: insides.append,
        ast.StatementKind.Case: cases.append,
    }
    for node in _code(hierarchy):
        node.visit(lookup_table=table)
    for binary in binaries:
        if binary.op in _COMPARISONS:
            yield from _compare(binary.left, [binary.right], hierarchy)
            yield from _compare(binary.right, [binary.left], hierarchy)
    for inside in insides:
        yield from _compare(inside.left, inside.rangeList, hierarchy)
    for case in cases:
        for item in case.items:
            yield from _compare(case.expr, item.expressions, hierarchy)


def _code(hierarchy: Hierarchy) -> Iterator[ast.Statement | ast.Expression]:
    """All that can hold an expression worth reading."""
    for process in hierarchy.processes[:_MAX_PROCESSES]:
        yield process.block.body
    for assign in hierarchy.assigns[:_MAX_PROCESSES]:
        yield assign.assignment
    for subroutine in hierarchy.subroutines:
        yield subroutine.body
    for drivers in hierarchy.drivers.values():
        yield from (driver for driver in drivers if isinstance(driver, ast.Expression))


def _compare(
    expression: ast.Expression, others: Iterable[ast.Expression], hierarchy: Hierarchy
) -> Iterator[Comparison]:
    if hierarchy.constant(expression) is not None:
        return
    for other in others:
        ends = (
            (other.left, other.right) if isinstance(other, ast.ValueRangeExpression) else (other,)
        )
        for end in ends:
            pattern = _pattern(end, hierarchy)
            if pattern is not None:
                yield Comparison(expression, *pattern)


def _pattern(expression: ast.Expression, hierarchy: Hierarchy) -> tuple[int, int] | None:
    """Value of a constant, and its bits that are no wildcards; those count as 0 in the value."""
    number = expression.eval(ast.EvalContext(hierarchy.top.body)).value
    if not isinstance(number, SVInt):
        return None
    every = (1 << number.bitWidth) - 1
    care = every
    if number.hasUnknown:
        care = sum(1 << i for i in range(number.bitWidth) if str(number[i]) in "01")
        number.flattenUnknowns()
    return int(number) & care, care


def _pieces(
    expression: ast.Expression, value: int, care: int, hierarchy: Hierarchy
) -> Iterator[tuple[Slice, int, int]]:
    """The slices of symbols that an expression is made of, each with its bits of both numbers."""
    expression = strip(expression)
    if isinstance(expression, ast.ConcatenationExpression):
        low = 0
        for operand in reversed(expression.operands):
            width = operand.type.bitWidth
            bits = (1 << width) - 1
            yield from _pieces(operand, (value >> low) & bits, (care >> low) & bits, hierarchy)
            low += width
        return
    piece = slice_of(expression, hierarchy)
    if piece is not None:
        bits = (1 << piece.width) - 1
        yield piece, value & bits, bits if care > bits else care & bits


def _drivers(hierarchy: Hierarchy) -> dict[ast.Symbol, list[Driver]]:
    """What drives or loads whole symbols, anywhere."""
    drivers = {symbol: list(found) for symbol, found in hierarchy.drivers.items()}
    for assignment in _assignments(hierarchy):
        symbol = named(assignment.left)
        if symbol is not None and hierarchy.constant(assignment.right) is None:
            drivers.setdefault(symbol, []).append(assignment.right)
    return drivers


def _assignments(hierarchy: Hierarchy) -> list[ast.AssignmentExpression]:
    found: list[ast.AssignmentExpression] = []
    for process in hierarchy.processes[:_MAX_PROCESSES]:
        process.block.body.visit(lookup_table={ast.ExpressionKind.Assignment: found.append})
    return found


def _sources(
    piece: Slice,
    drivers: Mapping[ast.Symbol, list[Driver]],
    inputs: Mapping[ast.Symbol, str],
    hierarchy: Hierarchy,
) -> Iterator[Slice]:
    """Slices of inputs that a slice is copied from."""
    pending, seen = [piece], {piece}
    while pending and len(seen) <= _MAX_STEPS:
        piece = pending.pop()
        if piece.symbol in inputs:
            yield piece
        for driver in drivers.get(piece.symbol, ()) if piece.index is None else ():
            for source in _through(piece, driver, hierarchy):
                if source not in seen:
                    seen.add(source)
                    pending.append(source)


def _through(piece: Slice, driver: Driver, hierarchy: Hierarchy) -> Iterator[Slice]:
    """The slices that `piece` is when its symbol is a copy of a driver's slice, or one of two."""
    if isinstance(driver, Gate):
        return
    if isinstance(driver, ast.Symbol):
        yield Slice(driver, piece.low, piece.width)
        return
    driver = strip(driver)
    if isinstance(driver, ast.ConditionalExpression):
        for arm in (driver.left, driver.right):
            yield from _through(piece, arm, hierarchy)
        return
    outer = slice_of(driver, hierarchy)
    source = part_of(outer, piece.low, piece.width) if outer is not None else None
    if source is not None:
        yield source
