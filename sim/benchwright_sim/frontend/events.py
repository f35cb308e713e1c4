"""What procedures wait for: which events clock them, which reset them, and delays.

The split is that of synthesis (IEEE 1364.1 clause 5.2.2): of several events in a list those that
the procedure tests first are asynchronous resets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyslang import ast

from benchwright_sim.frontend.hierarchy import Hierarchy, Process
from benchwright_sim.frontend.tracing import sole


@dataclass(frozen=True, slots=True)
class Event:
    """An edge of an event control; `edges` are the levels of the expression after it."""

    edges: tuple[int, ...]
    expression: ast.Expression


@dataclass(frozen=True, slots=True)
class Clocked:
    """A procedure, or a part of one, that runs on edges.

    Attributes:
        clocks: events that clock it.
        resets: events that reset it asynchronously.
        body: what it runs.
    """

    clocks: tuple[Event, ...]
    resets: tuple[Event, ...]
    body: ast.Statement


def clocked_parts(process: Process) -> Iterator[Clocked]:
    """The statements of a process that wait for an edge, with their clocks and resets."""
    found: list[ast.TimedStatement] = []
    process.block.body.visit(lookup_table={ast.StatementKind.Timed: found.append})
    for statement in found:
        events = tuple(_events(statement.timing))
        if events:
            clocks, resets = _roles(events, statement.stmt)
            yield Clocked(clocks, resets, statement.stmt)


def has_delays(hierarchy: Hierarchy) -> bool:
    """Whether a design waits: for a time, a condition, or an event in mid-procedure."""
    if any(assign.delay is not None for assign in hierarchy.assigns):
        return True
    waits: list[ast.Statement] = []
    delayed: list[ast.AssignmentExpression] = []

    def take_assignment(node: ast.AssignmentExpression) -> None:
        if node.timingControl is not None:
            delayed.append(node)

    table = {
        ast.StatementKind.Timed: waits.append,
        ast.StatementKind.Wait: waits.append,
        ast.StatementKind.WaitOrder: waits.append,
        ast.StatementKind.WaitFork: waits.append,
        ast.ExpressionKind.Assignment: take_assignment,
    }
    for process in hierarchy.processes:
        body = process.block.body
        is_initial = process.block.procedureKind == ast.ProceduralBlockKind.Initial
        if isinstance(body, ast.TimedStatement) and not is_initial and _is_event(body.timing):
            body = body.stmt
        body.visit(lookup_table=table)
    return bool(waits or delayed)


def _is_event(timing: ast.TimingControl) -> bool:
    return isinstance(
        timing, ast.EventListControl | ast.SignalEventControl | ast.ImplicitEventControl
    )


def _events(timing: ast.TimingControl) -> Iterator[Event]:
    if isinstance(timing, ast.EventListControl):
        for event in timing.events:
            yield from _events(event)
    elif isinstance(timing, ast.SignalEventControl):
        edges = {
            ast.EdgeKind.PosEdge: (1,),
            ast.EdgeKind.NegEdge: (0,),
            ast.EdgeKind.BothEdges: (0, 1),
        }.get(timing.edge)
        if edges:
            yield Event(edges, timing.expr)


def _roles(
    events: tuple[Event, ...], body: ast.Statement
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Splits events into clocks and asynchronous resets: the latter are tested first."""
    if len(events) == 1:
        return events, ()
    tested = {symbol for test in leading_tests(body) for symbol in symbols_in(test)}
    resets = tuple(event for event in events if symbols_in(event.expression) & tested)
    clocks = tuple(event for event in events if event not in resets)
    return (clocks, resets) if clocks else (events[:1], events[1:])


def leading_tests(body: ast.Statement) -> Iterator[ast.Expression]:
    """Conditions of the if that a procedure begins with, and of its else-ifs."""
    statement: ast.Statement | None = first_statement(body)
    while isinstance(statement, ast.ConditionalStatement):
        yield statement.conditions[0].expr
        statement = first_statement(statement.ifFalse) if statement.ifFalse else None


def first_statement(statement: ast.Statement) -> ast.Statement:
    """The first statement inside blocks, declarations passed over."""
    while True:
        statement = sole(statement)
        if not isinstance(statement, ast.StatementList):
            return statement
        rest = [s for s in statement.list if not isinstance(s, ast.VariableDeclStatement)]
        if not rest:
            return statement
        statement = rest[0]


def symbols_in(expression: ast.Expression) -> frozenset[ast.Symbol]:
    """Symbols that an expression reads."""
    found: set[ast.Symbol] = set()

    def take(node: ast.ValueExpressionBase) -> None:
        found.add(node.symbol)

    expression.visit(
        lookup_table={
            ast.ExpressionKind.NamedValue: take,
            ast.ExpressionKind.HierarchicalValue: take,
        }
    )
    return frozenset(found)
