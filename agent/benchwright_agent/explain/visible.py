"""What an expression says: its source text, its constant value, and where its names are known.

An expression can be sampled from outside of its module's procedures (bound into the module) when
every name in it is declared by the module itself or by a package; names of generate blocks, loops,
functions and unnamed blocks are not known there. Calls are left out, for they may have effects.
"""

from __future__ import annotations

from pyslang import ast

from benchwright_agent.explain.explanation import one_line
from benchwright_sim.frontend.events import symbols_in
from benchwright_sim.frontend.hierarchy import strip, unsigned

Body = ast.InstanceBodySymbol | ast.PackageSymbol
"""What holds code: an instance of a module, or a package."""

_FIXED = (ast.ParameterSymbol, ast.EnumValueSymbol)


def text_of(expression: ast.Expression) -> str:
    """Source text on one line; conversions that the elaborator adds have none of their own."""
    node = expression.syntax or strip(expression).syntax
    if node is not None:
        return one_line(str(node))
    names = sorted(symbol.name for symbol in symbols_in(expression))
    return ", ".join(names) or "?"


def constant(expression: ast.Expression, body: Body) -> int | None:
    """Value of a constant integral expression, None when it varies or has x or z."""
    return unsigned(expression.eval(ast.EvalContext(body)).value)


def is_fixed(symbol: ast.Symbol) -> bool:
    """Whether a symbol is a constant by its nature."""
    return isinstance(symbol, _FIXED)


def signals_in(expression: ast.Expression) -> list[ast.Symbol]:
    """What an expression reads, constants left out, by name."""
    found = [symbol for symbol in symbols_in(expression) if not is_fixed(symbol)]
    return sorted(found, key=lambda symbol: symbol.name)


def is_local(symbol: ast.Symbol) -> bool:
    """Whether it belongs to a procedure, a loop or a function, and is no signal."""
    scope = symbol.parentScope
    return scope is not None and scope.isProceduralContext


def is_visible(expression: ast.Expression, body: Body) -> bool:
    """Whether the expression means the same in a port connection of an instance bound in."""
    hidden: list[object] = [s for s in symbols_in(expression) if not _is_known(s, body)]
    kinds = ast.ExpressionKind
    expression.visit(
        lookup_table=dict.fromkeys(
            (kinds.Call, kinds.Assignment, kinds.HierarchicalValue, kinds.Streaming),
            hidden.append,
        )
    )
    return not hidden and expression.type.isIntegral


def _is_known(symbol: ast.Symbol, body: Body) -> bool:
    """Whether a name is declared by the module itself, outside of generate blocks, or a package."""
    scope = symbol.parentScope
    if scope is None or scope.containingInstance is None:
        return is_fixed(symbol)
    if scope.isProceduralContext or scope.containingInstance is not body:
        return False
    inside = symbol.hierarchicalPath[len(body.hierarchicalPath) + 1 :]
    return inside == symbol.name or (isinstance(symbol, ast.EnumValueSymbol) and "[" not in inside)
