"""What conditions are while one register holds a known value and nothing else is known."""

from __future__ import annotations

from dataclasses import dataclass

from pyslang import ast

from benchwright_agent.explain.scope import Scope
from benchwright_agent.explain.visible import Body, constant
from benchwright_sim.frontend.hierarchy import named, strip

_NOT = frozenset({ast.UnaryOperator.LogicalNot, ast.UnaryOperator.BitwiseNot})
_EQUAL = frozenset({ast.BinaryOperator.Equality, ast.BinaryOperator.CaseEquality})
_DECIDED_BY = {ast.BinaryOperator.LogicalAnd: 0, ast.BinaryOperator.LogicalOr: 1}
_UNEQUAL = frozenset({ast.BinaryOperator.Inequality, ast.BinaryOperator.CaseInequality})


@dataclass(frozen=True, slots=True)
class Assumption:
    """A register, its value, and the instance that both belong to."""

    register: ast.Symbol
    value: int
    body: Body

    def allows(self, scope: Scope) -> bool:
        """Whether a scope's guard may hold; True where that cannot be told."""
        guard = scope.guard
        if guard is None or not scope.reads:
            return True
        if guard.kind in ("if", "ternary") and len(scope.reads) == 1:
            truth = self.number(scope.reads[0])
            return truth is None or bool(truth) == guard.wanted
        if guard.kind == "case" and guard.compare == "==":
            return self._allows_item(scope)
        return True

    def _allows_item(self, scope: Scope) -> bool:
        guard = scope.guard
        selector, *labels = map(self.number, scope.reads)
        if guard is None or selector is None:
            return True
        is_default = guard.wanted in (False, "")
        if is_default:
            return selector not in labels
        return selector in labels or None in labels

    def number(self, expression: ast.Expression) -> int | None:
        """Value of an expression, as unsigned; None when it depends on more than the register."""
        inner = strip(expression)
        if named(inner) is self.register:
            return self.value
        if isinstance(inner, ast.UnaryExpression) and inner.op in _NOT:
            operand = self.number(inner.operand)
            one_bit = inner.op == ast.UnaryOperator.LogicalNot or inner.type.bitWidth == 1
            return int(not operand) if operand is not None and one_bit else None
        if isinstance(inner, ast.BinaryExpression):
            return self._binary(inner)
        if isinstance(inner, ast.ElementSelectExpression):
            return self._bit(inner)
        return constant(inner, self.body)

    def _binary(self, expression: ast.BinaryExpression) -> int | None:
        left, right = self.number(expression.left), self.number(expression.right)
        if expression.op in _DECIDED_BY:
            decisive = _DECIDED_BY[expression.op]
            sides = [None if side is None else int(side != 0) for side in (left, right)]
            if decisive in sides:
                return decisive
            return None if None in sides else 1 - decisive
        if left is None or right is None or expression.op not in _EQUAL | _UNEQUAL:
            return None
        return int((left == right) == (expression.op in _EQUAL))

    def _bit(self, expression: ast.ElementSelectExpression) -> int | None:
        outer, index = self.number(expression.value), self.number(expression.selector)
        kind = expression.value.type
        if outer is None or index is None or not kind.isIntegral or expression.type.bitWidth != 1:
            return None
        return outer >> abs(index - kind.fixedRange.right) & 1
