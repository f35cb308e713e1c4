"""Which inputs of the top decide that an expression has a value.

`asserters(!(rst_n & ~clear), 1)` is rst_n at 0, clear at 1, each enough alone. Tracing goes through
names, port connections, continuous assignments, gates and simple combinational procedures, and
stops at registers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyslang import ast

from benchwright_sim.frontend.hierarchy import Driver, Gate, Hierarchy, Process, named, strip

_MAX_DEPTH = 64
_NOT = frozenset({ast.UnaryOperator.LogicalNot, ast.UnaryOperator.BitwiseNot})
_AND = frozenset({ast.BinaryOperator.LogicalAnd, ast.BinaryOperator.BinaryAnd})
_OR = frozenset({ast.BinaryOperator.LogicalOr, ast.BinaryOperator.BinaryOr})
_EQUAL = frozenset(
    {
        ast.BinaryOperator.Equality,
        ast.BinaryOperator.CaseEquality,
        ast.BinaryOperator.WildcardEquality,
    }
)
_UNEQUAL = frozenset(
    {
        ast.BinaryOperator.Inequality,
        ast.BinaryOperator.CaseInequality,
        ast.BinaryOperator.WildcardInequality,
    }
)
_EDGES = frozenset({ast.EdgeKind.PosEdge, ast.EdgeKind.NegEdge, ast.EdgeKind.BothEdges})
_AND_GATES = frozenset({"and", "nand"})
_OR_GATES = frozenset({"or", "nor"})


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """An input of the top at a level.

    Attributes:
        name: the input; empty (while tracing) for what cannot be traced.
        level: 0 or 1.
        alone: the level is enough; else it takes others as well.
    """

    name: str
    level: int
    alone: bool = True


_UNTRACED = (Leaf("", 0),)


class Tracer:
    """Traces one-bit expressions to inputs of the top."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._drivers = {**combinational(hierarchy.processes), **hierarchy.drivers}
        self._inputs = {
            port.internalSymbol: port.name
            for port in hierarchy.top.body.portList
            if isinstance(port, ast.PortSymbol)
            and port.direction == ast.ArgumentDirection.In
            and port.internalSymbol is not None
        }

    def asserters(self, driver: Driver, level: int) -> frozenset[Leaf]:
        """Inputs, with their levels, that give a one-bit `driver` the value `level`."""
        return frozenset(leaf for leaf in self._trace(driver, level, 0) if leaf.name)

    def sources(self, driver: Driver) -> frozenset[str] | None:
        """Inputs that decide a one-bit `driver`; None when other things do as well."""
        names = frozenset(leaf.name for leaf in self._trace(driver, 1, 0))
        return None if "" in names else names

    def _trace(self, driver: Driver, level: int, depth: int) -> Iterable[Leaf]:
        if depth > _MAX_DEPTH:
            return _UNTRACED
        if isinstance(driver, Gate):
            return self._gate(driver, level, depth)
        if isinstance(driver, ast.Symbol):
            return self._symbol(driver, level, depth)
        return self._expression(strip(driver), level, depth)

    def _symbol(self, symbol: ast.Symbol, level: int, depth: int) -> Iterable[Leaf]:
        if symbol in self._inputs:
            return (Leaf(self._inputs[symbol], level),)
        drivers = self._drivers.get(symbol, [])
        return self._trace(drivers[0], level, depth + 1) if len(drivers) == 1 else _UNTRACED

    def _expression(self, expression: ast.Expression, level: int, depth: int) -> Iterable[Leaf]:
        if isinstance(expression, ast.ValueExpressionBase):
            return self._symbol(expression.symbol, level, depth)
        if isinstance(expression, ast.UnaryExpression):
            return self._unary(expression, level, depth)
        if isinstance(expression, ast.BinaryExpression):
            return self._binary(expression, level, depth)
        if isinstance(expression, ast.ConditionalExpression):
            return self._join((expression.left, expression.right), level, depth, alone=False)
        if isinstance(expression, ast.ElementSelectExpression) and expression.type.bitWidth == 1:
            return self._element(expression, level, depth)
        return _UNTRACED

    def _unary(self, expression: ast.UnaryExpression, level: int, depth: int) -> Iterable[Leaf]:
        if expression.operand.type.bitWidth != 1:
            return _UNTRACED
        inverts = expression.op in _NOT
        return self._trace(expression.operand, 1 - level if inverts else level, depth + 1)

    def _binary(self, expression: ast.BinaryExpression, level: int, depth: int) -> Iterable[Leaf]:
        sides = (expression.left, expression.right)
        if expression.op in _AND:
            return self._join(sides, level, depth, alone=level == 0)
        if expression.op in _OR:
            return self._join(sides, level, depth, alone=level == 1)
        if expression.op in _EQUAL | _UNEQUAL:
            same = (expression.op in _EQUAL) == (level == 1)
            return self._comparison(expression, depth, same=same)
        return _UNTRACED

    def _comparison(
        self, expression: ast.BinaryExpression, depth: int, *, same: bool
    ) -> Iterable[Leaf]:
        for side, other in (
            (expression.left, expression.right),
            (expression.right, expression.left),
        ):
            value = self._hierarchy.constant(other)
            if value in {0, 1} and strip(side).type.bitWidth == 1:
                return self._trace(side, value if same else 1 - value, depth + 1)
        return _UNTRACED

    def _element(
        self, expression: ast.ElementSelectExpression, level: int, depth: int
    ) -> Iterable[Leaf]:
        """`{n{clk}}[i]` and `{a, b}[i]`, as slang connects ports of instance arrays."""
        inner = strip(expression.value)
        index = self._hierarchy.constant(expression.selector)
        if isinstance(inner, ast.ReplicationExpression):
            inner = strip(inner.concat)
        if not isinstance(inner, ast.ConcatenationExpression) or index is None:
            return _UNTRACED
        operands = list(reversed(inner.operands))
        if any(operand.type.bitWidth != 1 for operand in operands) or not operands:
            return _UNTRACED
        return self._trace(operands[index % len(operands)], level, depth + 1)

    def _gate(self, gate: Gate, level: int, depth: int) -> Iterable[Leaf]:
        if gate.name in {"not", "nand", "nor"}:
            level = 1 - level
        if gate.name in {"buf", "not"}:
            return self._join(gate.inputs, level, depth, alone=True)
        if gate.name in _AND_GATES:
            return self._join(gate.inputs, level, depth, alone=level == 0)
        if gate.name in _OR_GATES:
            return self._join(gate.inputs, level, depth, alone=level == 1)
        return _UNTRACED

    def _join(
        self, parts: Iterable[Driver], level: int, depth: int, *, alone: bool
    ) -> Iterable[Leaf]:
        for part in parts:
            for leaf in self._trace(part, level, depth + 1):
                yield Leaf(leaf.name, leaf.level, leaf.alone and alone)


def combinational(processes: Iterable[Process]) -> dict[ast.Symbol, list[Driver]]:
    """Drivers by procedures that are one unclocked assignment."""
    drivers: dict[ast.Symbol, list[Driver]] = {}
    for process in processes:
        statement = process.block.body
        if isinstance(statement, ast.TimedStatement) and is_level(statement.timing):
            statement = statement.stmt
        elif process.block.procedureKind != ast.ProceduralBlockKind.AlwaysComb:
            continue
        statement = sole(statement)
        if isinstance(statement, ast.ExpressionStatement) and isinstance(
            statement.expr, ast.AssignmentExpression
        ):
            symbol = named(statement.expr.left)
            if symbol is not None:
                drivers.setdefault(symbol, []).append(statement.expr.right)
    return drivers


def is_level(timing: ast.TimingControl) -> bool:
    """Whether an event control has no edge: `@*`, `@(a or b)`."""
    if isinstance(timing, ast.ImplicitEventControl):
        return True
    if isinstance(timing, ast.EventListControl):
        return all(is_level(event) for event in timing.events)
    return isinstance(timing, ast.SignalEventControl) and timing.edge not in _EDGES


def sole(statement: ast.Statement) -> ast.Statement:
    """The statement inside blocks that hold nothing else."""
    while True:
        if isinstance(statement, ast.BlockStatement):
            statement = statement.body
        elif isinstance(statement, ast.StatementList) and len(statement.list) == 1:
            statement = statement.list[0]
        else:
            return statement
