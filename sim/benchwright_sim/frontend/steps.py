"""Procedures cut down to the assignments of a few symbols.

Loops count as run once or not at all; `break` and `disable` are not followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyslang import ast

from benchwright_sim.frontend.events import symbols_in
from benchwright_sim.frontend.hierarchy import named


@dataclass(frozen=True, slots=True)
class Assign:
    """An assignment to a whole symbol."""

    target: ast.Symbol
    width: int
    value: ast.Expression
    blocking: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """An if; no condition (a pattern, a loop) means that either way may be taken."""

    condition: ast.Expression | None
    then: tuple[Step, ...]
    other: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A case; `items` are its labels and steps in order."""

    selector: ast.Expression
    items: tuple[tuple[tuple[ast.Expression, ...], tuple[Step, ...]], ...]
    default: tuple[Step, ...]
    wildcard: bool


Step = Assign | Branch | Choice


def prune(
    statement: ast.Statement | None,
    symbols: frozenset[ast.Symbol],
    result: ast.Symbol | None = None,
) -> tuple[Step, ...]:
    """The steps of a statement that assign one of `symbols`; a return assigns `result`."""
    if isinstance(statement, ast.StatementList):
        return tuple(step for item in statement.list for step in prune(item, symbols, result))
    if isinstance(statement, ast.ConditionalStatement):
        return _branch(statement, symbols, result)
    if isinstance(statement, ast.CaseStatement):
        return _choice(statement, symbols, result)
    if isinstance(statement, ast.ExpressionStatement):
        return _assign(statement.expr, symbols)
    if isinstance(statement, ast.ReturnStatement):
        return _return(statement, result)
    return _enclosed(statement, symbols, result)


def read_by(steps: Iterable[Step]) -> set[ast.Symbol]:
    """Symbols that the conditions and values of steps read."""
    found: set[ast.Symbol] = set()
    for step in steps:
        if isinstance(step, Assign):
            found |= symbols_in(step.value)
        elif isinstance(step, Branch):
            found |= symbols_in(step.condition) if step.condition else frozenset()
            found |= read_by((*step.then, *step.other))
        else:
            found |= symbols_in(step.selector) | read_by(step.default)
            for labels, inner in step.items:
                found |= read_by(inner).union(*map(symbols_in, labels))
    return found


def _enclosed(
    statement: ast.Statement | None, symbols: frozenset[ast.Symbol], result: ast.Symbol | None
) -> tuple[Step, ...]:
    """Steps of blocks, of statements behind a timing control, and of the bodies of loops."""
    if isinstance(statement, ast.BlockStatement):
        return prune(statement.body, symbols, result)
    if isinstance(statement, ast.TimedStatement):
        return prune(statement.stmt, symbols, result)
    body = getattr(statement, "body", None)
    steps = prune(body, symbols, result) if isinstance(body, ast.Statement) else ()
    return (Branch(None, steps, ()),) if steps else ()


def _branch(
    statement: ast.ConditionalStatement,
    symbols: frozenset[ast.Symbol],
    result: ast.Symbol | None,
) -> tuple[Step, ...]:
    then = prune(statement.ifTrue, symbols, result)
    other = prune(statement.ifFalse, symbols, result)
    sole = len(statement.conditions) == 1 and statement.conditions[0].pattern is None
    condition = statement.conditions[0].expr if sole else None
    return (Branch(condition, then, other),) if then or other else ()


def _return(statement: ast.ReturnStatement, result: ast.Symbol | None) -> tuple[Step, ...]:
    if result is None or statement.expr is None:
        return ()
    return (Assign(result, statement.expr.type.bitWidth, statement.expr, blocking=True),)


def _assign(expression: ast.Expression, symbols: frozenset[ast.Symbol]) -> tuple[Step, ...]:
    if not isinstance(expression, ast.AssignmentExpression):
        return ()
    target = named(expression.left)
    if target is None or target not in symbols:
        return ()
    width = expression.left.type.bitWidth
    return (Assign(target, width, expression.right, not expression.isNonBlocking),)


def _choice(
    statement: ast.CaseStatement, symbols: frozenset[ast.Symbol], result: ast.Symbol | None
) -> tuple[Step, ...]:
    items = tuple(
        (tuple(item.expressions), prune(item.stmt, symbols, result)) for item in statement.items
    )
    default = prune(statement.defaultCase, symbols, result)
    if not default and not any(steps for _, steps in items):
        return ()
    wildcard = statement.condition != ast.CaseStatementCondition.Normal
    return (Choice(statement.expr, items, default, wildcard),)
