"""Clocks and resets of a top module, from how the design uses its inputs.

A clock is what event controls with an edge wait for. An asynchronous reset is in the event list of
a procedure that tests it before all else. A synchronous reset is tested in a clocked procedure and
makes registers constant. Names decide only where use leaves a choice: between the operands of a
gated clock, and whether an input that loads constants is a reset (`clear`) or data (`load_zero`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyslang import ast

from benchwright_sim.errors import ParameterError
from benchwright_sim.hierarchy import Hierarchy, Process
from benchwright_sim.interface import Clock, Edge, Reset, Signal
from benchwright_sim.tracing import Leaf, Tracer, sole

_CLOCK_NAME = re.compile(r"cl(oc)?k|^(.*_)?ck(_.*)?$|^[crw]ck$", re.IGNORECASE)
_RESET_NAME = re.compile(
    r"re?se?t|^(.*_)?(n?rs|n?clr|clear|init|flush|por)(_n|_?ni?|_i|_b)?(_.*)?$", re.IGNORECASE
)
_NO_RESET_NAME = re.compile(
    r"^(.*_)?(en|ena|enable|ce|load|ld|start|valid|vld|we|wr|rd|sel|mode|up|down)(_.*)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One edge of an event control; `leaves` give the expression its level after the edge."""

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


@dataclass(slots=True)
class _Evidence:
    """What uses say of inputs: levels after clock edges, and reset levels with their kind."""

    edges: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    asynchronous: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    synchronous: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    unnamed: list[frozenset[Leaf]] = field(default_factory=list)


def infer_clocking(
    hierarchy: Hierarchy, signals: tuple[Signal, ...]
) -> tuple[tuple[Clock, ...], tuple[Reset, ...]]:
    """Clocks and resets among `signals`, in their order."""
    tracer = Tracer(hierarchy)
    parts = [part for process in hierarchy.processes for part in clocked_parts(process)]
    evidence = _Evidence()
    _find_clocks(parts, tracer, evidence)
    for part in parts:
        _find_asynchronous(part, tracer, evidence, hierarchy)
        _find_synchronous(part, tracer, evidence, hierarchy)
    if evidence.edges:
        _find_combinational(hierarchy, tracer, evidence)
    if not evidence.asynchronous and not evidence.synchronous:
        _settle_unnamed(evidence)
    return _clocks(evidence, signals), _resets(evidence, signals)


def override_clocking(
    clocks: tuple[Clock, ...],
    resets: tuple[Reset, ...],
    given: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, int], ...]],
    signals: tuple[Signal, ...],
) -> tuple[tuple[Clock, ...], tuple[Reset, ...]]:
    """Puts the clocks and the resets that the user declares in the place of those inferred.

    Raises:
        ParameterError: a declared name is no input of one bit.
    """
    legal = tuple(s.name for s in signals if s.direction == "input" and s.width == 1)
    edges, levels = dict(given[0]), dict(given[1])
    for name in (*edges, *levels):
        if name not in legal:
            raise ParameterError(
                f"{name!r} is no one-bit input",
                hint=f"legal clocks and resets: {', '.join(legal) or 'none'}",
            )
    if edges:
        clocks = tuple(Clock(name, _edge_text(edges[name])) for name in legal if name in edges)
        resets = tuple(reset for reset in resets if reset.signal not in edges)
    if levels:
        kinds = {reset.signal: reset.asynchronous for reset in resets}
        resets = tuple(
            Reset(name, levels[name], kinds.get(name, False)) for name in legal if name in levels
        )
        clocks = tuple(clock for clock in clocks if clock.signal not in levels)
    return clocks, resets


def _edge_text(text: str) -> Edge:
    return "both" if text == "both" else "negedge" if text == "negedge" else "posedge"


def _find_clocks(parts: list[Clocked], tracer: Tracer, evidence: _Evidence) -> None:
    gated: list[frozenset[Leaf]] = []
    for event in dict.fromkeys(event for part in parts for event in part.clocks):
        for level in event.edges:
            leaves = tracer.asserters(event.expression, level)
            if len({leaf.name for leaf in leaves}) == 1:
                for leaf in leaves:
                    evidence.edges[leaf.name].add(leaf.level)
            elif leaves:
                gated.append(leaves)
    for leaves in gated:
        for leaf in _clocks_among(leaves, evidence):
            evidence.edges[leaf.name].add(leaf.level)


def _clocks_among(leaves: frozenset[Leaf], evidence: _Evidence) -> list[Leaf]:
    """Which operands of a gated or selected clock are clocks."""
    ordered = sorted(leaves)
    known = [leaf for leaf in ordered if leaf.name in evidence.edges]
    by_name = [leaf for leaf in ordered if _CLOCK_NAME.search(leaf.name)]
    return known or by_name or ordered


def _find_asynchronous(
    part: Clocked, tracer: Tracer, evidence: _Evidence, hierarchy: Hierarchy
) -> None:
    first = first_statement(part.body)
    for event in part.resets:
        constant = isinstance(first, ast.ConditionalStatement) and _makes_constant(
            first.ifTrue, hierarchy
        )
        for leaf in _certain(tracer.asserters(event.expression, event.edges[-1])):
            if constant or _RESET_NAME.search(leaf.name):
                evidence.asynchronous[leaf.name].add(leaf.level)


def _find_synchronous(
    part: Clocked, tracer: Tracer, evidence: _Evidence, hierarchy: Hierarchy
) -> None:
    """Resets among the conditions that a clocked procedure tests on its outermost level."""
    for number, statement in enumerate(_outermost(part.body, skip_tests=len(part.resets))):
        if isinstance(statement, ast.ConditionalStatement):
            leaves = tracer.asserters(statement.conditions[0].expr, 1)
            constant = _makes_constant(statement.ifTrue, hierarchy)
        else:
            leaves, constant = _selected(statement, tracer, hierarchy), True
        for leaf in _certain(leaves):
            if constant and _RESET_NAME.search(leaf.name):
                evidence.synchronous[leaf.name].add(leaf.level)
        if number == 0 and not part.resets:
            alone = frozenset(leaf for leaf in leaves if leaf.alone)
            evidence.unnamed.append(alone if constant else frozenset())


def _find_combinational(hierarchy: Hierarchy, tracer: Tracer, evidence: _Evidence) -> None:
    """Resets of registers whose next values a combinational procedure computes."""
    for process in hierarchy.processes:
        if any(True for _ in clocked_parts(process)):
            continue
        body = process.block.body
        if isinstance(body, ast.TimedStatement):
            body = body.stmt
        for statement in _outermost(body, skip_tests=0):
            if not isinstance(statement, ast.ConditionalStatement):
                continue
            if not _makes_constant(statement.ifTrue, hierarchy):
                continue
            for leaf in _certain(tracer.asserters(statement.conditions[0].expr, 1)):
                if _RESET_NAME.search(leaf.name):
                    evidence.synchronous[leaf.name].add(leaf.level)


def _certain(leaves: frozenset[Leaf]) -> list[Leaf]:
    """Leaves that are enough alone; else those whose name says reset."""
    ordered = sorted(leaves)
    return [leaf for leaf in ordered if leaf.alone] or [
        leaf for leaf in ordered if _RESET_NAME.search(leaf.name)
    ]


def _outermost(body: ast.Statement, *, skip_tests: int) -> Iterator[ast.Statement]:
    """Statements of a procedure's outermost level, behind `skip_tests` leading conditions."""
    statement = sole(body)
    for _ in range(skip_tests):
        first = first_statement(statement)
        if not isinstance(first, ast.ConditionalStatement) or first.ifFalse is None:
            break
        statement = sole(first.ifFalse)
    statements = statement.list if isinstance(statement, ast.StatementList) else [statement]
    for item in statements:
        if isinstance(item, ast.VariableDeclStatement):
            continue
        yield item
        yield from _else_ifs(item)


def _else_ifs(statement: ast.Statement) -> Iterator[ast.ConditionalStatement]:
    while isinstance(statement, ast.ConditionalStatement) and statement.ifFalse is not None:
        statement = sole(statement.ifFalse)
        if isinstance(statement, ast.ConditionalStatement):
            yield statement


def _selected(statement: ast.Statement, tracer: Tracer, hierarchy: Hierarchy) -> frozenset[Leaf]:
    """Asserters of the condition of `q <= rst ? 0 : d`."""
    if not isinstance(statement, ast.ExpressionStatement):
        return frozenset()
    assignment = statement.expr
    if not isinstance(assignment, ast.AssignmentExpression):
        return frozenset()
    value = assignment.right
    while isinstance(value, ast.ConversionExpression):
        value = value.operand
    if not isinstance(value, ast.ConditionalExpression):
        return frozenset()
    condition = value.conditions[0].expr
    if hierarchy.constant(value.left) is not None:
        return tracer.asserters(condition, 1)
    if hierarchy.constant(value.right) is not None:
        return tracer.asserters(condition, 0)
    return frozenset()


def _makes_constant(branch: ast.Statement, hierarchy: Hierarchy) -> bool:
    """Whether most assignments of a branch give constants."""
    found: list[ast.AssignmentExpression] = []
    branch.visit(lookup_table={ast.ExpressionKind.Assignment: found.append})
    constant = [a for a in found if _is_constant(a.right, hierarchy)]
    return bool(found) and 2 * len(constant) > len(found)


def _is_constant(expression: ast.Expression, hierarchy: Hierarchy) -> bool:
    value = expression.eval(ast.EvalContext(hierarchy.top.body)).value
    return value is not None


def _settle_unnamed(evidence: _Evidence) -> None:
    """Takes an input for a reset, whatever its name, when all registers test it first."""
    if not evidence.unnamed:
        return
    common = frozenset.intersection(*evidence.unnamed)
    for leaf in common:
        if leaf.name not in evidence.edges and not _NO_RESET_NAME.search(leaf.name):
            evidence.synchronous[leaf.name].add(leaf.level)


def _clocks(evidence: _Evidence, signals: tuple[Signal, ...]) -> tuple[Clock, ...]:
    clocks = []
    for signal in signals:
        levels = evidence.edges.get(signal.name, set())
        if levels and signal.width == 1 and signal.name not in evidence.asynchronous:
            edge: Edge = "both" if len(levels) == 2 else "posedge" if 1 in levels else "negedge"
            clocks.append(Clock(signal.name, edge))
    return tuple(clocks)


def _resets(evidence: _Evidence, signals: tuple[Signal, ...]) -> tuple[Reset, ...]:
    resets = []
    for signal in signals:
        name = signal.name
        levels = evidence.asynchronous.get(name) or evidence.synchronous.get(name, set())
        is_clock = name in evidence.edges and name not in evidence.asynchronous
        if len(levels) == 1 and signal.width == 1 and not is_clock:
            resets.append(Reset(name, next(iter(levels)), name in evidence.asynchronous))
    return tuple(resets)
