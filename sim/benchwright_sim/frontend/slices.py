"""Constant slices of symbols: `a`, `a[7:4]`, `s.field[2]`, `lanes[1]`."""

from __future__ import annotations

from dataclasses import dataclass

from pyslang import ast

from benchwright_sim.frontend.hierarchy import Hierarchy, strip


@dataclass(frozen=True, slots=True)
class Slice:
    """Bits `low` to `low + width - 1` of a symbol; `index` selects an unpacked element."""

    symbol: ast.Symbol
    low: int
    width: int
    index: int | None = None


def slice_of(expression: ast.Expression, hierarchy: Hierarchy) -> Slice | None:
    """The slice that an expression is, None when it is not one of constant place."""
    expression = strip(expression)
    width = expression.type.bitWidth
    if isinstance(expression, ast.ValueExpressionBase):
        return Slice(expression.symbol, 0, width)
    if isinstance(expression, ast.ElementSelectExpression):
        return _element(expression, hierarchy)
    if isinstance(expression, ast.RangeSelectExpression):
        outer = slice_of(expression.value, hierarchy)
        low = _lowest(expression, hierarchy)
        return outer and part_of(outer, low, width)
    if isinstance(expression, ast.MemberAccessExpression):
        outer = slice_of(expression.value, hierarchy)
        member = expression.member
        if outer is not None and isinstance(member, ast.FieldSymbol):
            return part_of(outer, member.bitOffset, width)
    return None


def _element(expression: ast.ElementSelectExpression, hierarchy: Hierarchy) -> Slice | None:
    outer = slice_of(expression.value, hierarchy)
    kind = expression.value.type
    index = hierarchy.constant(expression.selector)
    width = expression.type.bitWidth
    if outer is None:
        return None
    if kind.isUnpackedArray:
        return Slice(outer.symbol, 0, width, index) if outer.index is None else None
    if index is None:
        return None
    return part_of(outer, _offset(kind, index) * width, width)


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


def part_of(outer: Slice, low: int | None, width: int) -> Slice | None:
    """Bits of a slice from its bit `low`, None where it has no such bits."""
    if low is None or low < 0 or low + width > outer.width:
        return None
    return Slice(outer.symbol, outer.low + low, width, outer.index)
