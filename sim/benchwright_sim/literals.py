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

from benchwright_sim.hierarchy import Driver, Gate, Hierarchy, named, strip, unsigned
from benchwright_sim.interface import Signal

MAX_LITERALS = 256
"""Most literals that an elaboration, or one signal, carries."""

_MAX_PROCESSES = 20_000
_MAX_STEPS = 64
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
class Slice:
    """Bits `low` to `low + width - 1` of a symbol; `index` selects an unpacked element."""

    symbol: ast.Symbol
    low: int
    width: int
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expression and a constant that it is compared with."""

    expression: ast.Expression
    value: int


@dataclass(frozen=True, slots=True)
class Literals:
    """Literals of each signal that has any, by name, and of the whole design; all sorted."""

    by_signal: Mapping[str, tuple[int, ...]]
    all: tuple[int, ...]


def find_literals(hierarchy: Hierarchy, signals: tuple[Signal, ...]) -> Literals:
    """Collects the literals of a design."""
    comparisons = list(dict.fromkeys(_comparisons(hierarchy)))
    by_port: dict[tuple[str, int | None], dict[int, None]] = defaultdict(dict)
    drivers = _drivers(hierarchy)
    inputs = {
        port.internalSymbol: port.name
        for port in hierarchy.top.body.portList
        if isinstance(port, ast.PortSymbol) and port.internalSymbol is not None
    }
    for comparison in comparisons:
        for piece, value in _pieces(comparison.expression, comparison.value, hierarchy):
            for source, literal in _sources(piece, value, drivers, inputs, hierarchy):
                by_port[inputs[source.symbol], source.index][literal] = None
    by_signal = {
        signal.name: literals
        for signal in signals
        if signal.direction == "input" and (literals := _of_signal(signal, by_port, hierarchy))
    }
    return Literals(by_signal, _of_design(comparisons, hierarchy))


def _of_signal(
    signal: Signal,
    by_port: Mapping[tuple[str, int | None], Iterable[int]],
    hierarchy: Hierarchy,
) -> tuple[int, ...]:
    """Literals of one signal: those of its element, and those of any element of its port."""
    if signal.name.endswith(".oe"):
        return ()
    indexes = signal.name[len(signal.port) + 1 : -1].split("][")
    element = int(indexes[0]) if indexes[0] else None
    found = [*by_port.get((signal.port, None), ()), *by_port.get((signal.port, element), ())]
    found.extend(_members(hierarchy.top.body.findPort(signal.port)))
    limit = 1 << signal.width
    return tuple(sorted({value for value in found if 0 <= value < limit})[:MAX_LITERALS])


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
            value = _pattern(end, hierarchy)
            if value is not None:
                yield Comparison(expression, value)


def _pattern(expression: ast.Expression, hierarchy: Hierarchy) -> int | None:
    """Value of a constant in which wildcard bits count as 0."""
    number = expression.eval(ast.EvalContext(hierarchy.top.body)).value
    if not isinstance(number, SVInt):
        return None
    if number.hasUnknown:
        number.flattenUnknowns()
    return int(number) % (1 << number.bitWidth)


def _pieces(
    expression: ast.Expression, value: int, hierarchy: Hierarchy
) -> Iterator[tuple[Slice, int]]:
    """The slices of symbols that an expression is made of, each with its bits of `value`."""
    expression = strip(expression)
    if isinstance(expression, ast.ConcatenationExpression):
        low = 0
        for operand in reversed(expression.operands):
            width = operand.type.bitWidth
            yield from _pieces(operand, (value >> low) & ((1 << width) - 1), hierarchy)
            low += width
        return
    piece = _slice(expression, hierarchy)
    if piece is not None:
        yield piece, value & ((1 << piece.width) - 1)


def _slice(expression: ast.Expression, hierarchy: Hierarchy) -> Slice | None:
    expression = strip(expression)
    width = expression.type.bitWidth
    if isinstance(expression, ast.ValueExpressionBase):
        return Slice(expression.symbol, 0, width)
    if isinstance(expression, ast.ElementSelectExpression):
        return _element(expression, hierarchy)
    if isinstance(expression, ast.RangeSelectExpression):
        outer = _slice(expression.value, hierarchy)
        low = _lowest(expression, hierarchy)
        return outer and _part(outer, low, width)
    if isinstance(expression, ast.MemberAccessExpression):
        outer = _slice(expression.value, hierarchy)
        member = expression.member
        if outer is not None and isinstance(member, ast.FieldSymbol):
            return _part(outer, member.bitOffset, width)
    return None


def _element(expression: ast.ElementSelectExpression, hierarchy: Hierarchy) -> Slice | None:
    outer = _slice(expression.value, hierarchy)
    kind = expression.value.type
    index = hierarchy.constant(expression.selector)
    width = expression.type.bitWidth
    if outer is None:
        return None
    if kind.isUnpackedArray:
        return Slice(outer.symbol, 0, width, index) if outer.index is None else None
    if index is None:
        return None
    return _part(outer, _offset(kind, index) * width, width)


def _lowest(expression: ast.RangeSelectExpression, hierarchy: Hierarchy) -> int | None:
    """Offset of the lowest bit that a constant range select takes."""
    kind = expression.value.type
    left, right = hierarchy.constant(expression.left), hierarchy.constant(expression.right)
    if left is None or right is None or kind.isUnpackedArray:
        return None
    if expression.selectionKind == ast.RangeSelectionKind.IndexedUp:
        ends = (left, left + right - 1)
    elif expression.selectionKind == ast.RangeSelectionKind.IndexedDown:
        ends = (left, left - right + 1)
    else:
        ends = (left, right)
    element = kind.arrayElementType.bitWidth if kind.isArray else 1
    return min(_offset(kind, end) for end in ends) * element


def _offset(kind: ast.Type, index: int) -> int:
    """Position of an element of a packed type, counted from the least significant."""
    bounds = kind.fixedRange
    return index - bounds.right if bounds.left >= bounds.right else bounds.right - index


def _part(outer: Slice, low: int | None, width: int) -> Slice | None:
    if low is None or low < 0 or low + width > outer.width:
        return None
    return Slice(outer.symbol, outer.low + low, width, outer.index)


def _drivers(hierarchy: Hierarchy) -> dict[ast.Symbol, list[Driver]]:
    """What drives or loads whole symbols, anywhere."""
    drivers = {symbol: list(found) for symbol, found in hierarchy.drivers.items()}
    for assignment in _assignments(hierarchy):
        symbol = named(assignment.left)
        if symbol is not None:
            drivers.setdefault(symbol, []).append(assignment.right)
    return drivers


def _assignments(hierarchy: Hierarchy) -> list[ast.AssignmentExpression]:
    found: list[ast.AssignmentExpression] = []
    for process in hierarchy.processes[:_MAX_PROCESSES]:
        process.block.body.visit(lookup_table={ast.ExpressionKind.Assignment: found.append})
    return found


def _sources(
    piece: Slice,
    value: int,
    drivers: Mapping[ast.Symbol, list[Driver]],
    inputs: Mapping[ast.Symbol, str],
    hierarchy: Hierarchy,
) -> Iterator[tuple[Slice, int]]:
    """Slices of inputs that a slice is copied from, with the whole input's literal."""
    pending, seen = [piece], {piece}
    while pending and len(seen) <= _MAX_STEPS:
        piece = pending.pop()
        if piece.symbol in inputs:
            yield piece, value << piece.low
        for driver in drivers.get(piece.symbol, ()) if piece.index is None else ():
            source = _through(piece, driver, hierarchy)
            if source is not None and source not in seen:
                seen.add(source)
                pending.append(source)


def _through(piece: Slice, driver: Driver, hierarchy: Hierarchy) -> Slice | None:
    """The slice that `piece` is when its symbol is a copy of a driver's slice."""
    if isinstance(driver, Gate):
        return None
    if isinstance(driver, ast.Symbol):
        return Slice(driver, piece.low, piece.width)
    outer = _slice(driver, hierarchy)
    return _part(outer, piece.low, piece.width) if outer is not None else None
