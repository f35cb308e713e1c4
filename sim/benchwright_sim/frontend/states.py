"""The states of a register: the constants that it may hold, and their names."""

from __future__ import annotations

from pyslang import ast

from benchwright_sim.frontend.assignments import Assignments
from benchwright_sim.frontend.hierarchy import Hierarchy, named, strip, unsigned


def find_states(
    register: ast.ValueSymbol, assignments: Assignments, hierarchy: Hierarchy
) -> dict[int, str] | None:
    """Names of a register's states by value, None when it may hold anything but constants.

    All members of an enum are states. Otherwise the states are the constants that the register or
    a variable that it is loaded from is assigned, named for the parameters that the source writes.
    """
    enum = register.type.canonicalType
    if isinstance(enum, ast.EnumType):
        members = [member for member in enum if isinstance(member, ast.EnumValueSymbol)]
        values = [(unsigned(member.value.value), member.name) for member in members]
        return {value: name for value, name in values if value is not None}
    collector = _Collector(assignments, hierarchy)
    if not collector.take(register):
        return None
    labels = _labels(register, assignments, hierarchy)
    names = {value: name or labels.get(value, "") for value, name in collector.values.items()}
    if register.type.bitWidth == 1 and not all(names.values()) and len(labels) < 2:
        return None
    width = register.type.bitWidth
    return {value: names[value] or f"{width}'d{value}" for value in sorted(names)}


class _Collector:
    """Gathers the constants that symbols are assigned."""

    def __init__(self, assignments: Assignments, hierarchy: Hierarchy) -> None:
        self.values: dict[int, str] = {}
        self._assignments = assignments
        self._hierarchy = hierarchy
        self._seen: set[ast.Symbol] = set()
        self._calls: set[ast.Symbol] = set()

    def take(self, symbol: ast.Symbol) -> bool:
        """Takes what a symbol is assigned; False when that is not all constants."""
        if symbol in self._seen:
            return True
        self._seen.add(symbol)
        writes = [write.value for write in self._assignments.writes.get(symbol, ())]
        drivers = self._hierarchy.drivers.get(symbol, [])
        expressions = [driver for driver in drivers if isinstance(driver, ast.Expression)]
        if symbol in self._assignments.partial or len(expressions) < len(drivers):
            return False
        sources = [*writes, *expressions]
        return bool(sources) and all(self._take_value(source) for source in sources)

    def _take_value(self, expression: ast.Expression) -> bool:
        value = self._hierarchy.constant(expression)
        inner = strip(expression)
        symbol = named(inner)
        if value is not None:
            self.values[value] = self.values.get(value) or _constant_name(symbol)
            return True
        if isinstance(inner, ast.ConditionalExpression):
            return self._take_value(inner.left) and self._take_value(inner.right)
        if isinstance(inner, ast.CallExpression):
            return self._take_call(inner)
        return self.take(symbol) if symbol is not None else self._hierarchy.is_unknown(expression)

    def _take_call(self, call: ast.CallExpression) -> bool:
        """Takes what a function of the design returns, its arguments in place of its formals."""
        function = call.subroutine
        if not isinstance(function, ast.SubroutineSymbol) or function.returnValVar is None:
            return False
        if function in self._calls:
            return True
        self._calls.add(function)
        returns: list[ast.ReturnStatement] = []
        assigns: list[ast.AssignmentExpression] = []
        function.body.visit(
            lookup_table={
                ast.StatementKind.Return: returns.append,
                ast.ExpressionKind.Assignment: assigns.append,
            }
        )
        variable = function.returnValVar
        results = [node.expr for node in returns if node.expr is not None]
        results.extend(node.right for node in assigns if _is_name(node.left, variable))
        actuals = dict(zip(function.arguments, call.arguments, strict=False))
        sources = [actuals.get(s, r) if (s := named(r)) is not None else r for r in results]
        constant = bool(sources) and all(self._take_value(source) for source in sources)
        self._calls.discard(function)
        return constant


def _labels(symbol: ast.Symbol, assignments: Assignments, hierarchy: Hierarchy) -> dict[int, str]:
    """Names (or empty) of the constants that a register is cased on or compared with."""
    cases: list[ast.CaseStatement] = []
    binaries: list[ast.BinaryExpression] = []
    table = {ast.StatementKind.Case: cases.append, ast.ExpressionKind.BinaryOp: binaries.append}
    for process in assignments.processes:
        process.block.body.visit(lookup_table=table)
    found = [
        label
        for case in cases
        if _is_name(case.expr, symbol)
        for item in case.items
        for label in item.expressions
    ]
    for binary in binaries:
        for side, other in ((binary.left, binary.right), (binary.right, binary.left)):
            if _is_name(side, symbol) and _constant_name(named(other)):
                found.append(other)
    labels: dict[int, str] = {}
    for label in found:
        value = hierarchy.constant(label)
        if value is not None:
            labels[value] = labels.get(value) or _constant_name(named(label))
    return labels


def _is_name(expression: ast.Expression, symbol: ast.Symbol) -> bool:
    found = named(expression)
    return found is not None and found == symbol


def _constant_name(symbol: ast.Symbol | None) -> str:
    constants = ast.ParameterSymbol | ast.EnumValueSymbol
    return symbol.name if isinstance(symbol, constants) else ""
