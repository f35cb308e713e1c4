"""The cone of influence: which inputs and registers decide a condition, and how far away they are.

Dependencies go through assignments (their values, their indices, and the conditions on the way to
them), calls, gates left out, and through ports of all instances. A step from a register to what it
is loaded from is one clock edge, everything else is none. Symbols are followed whole: bits of a
vector and elements of an array are not kept apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pyslang import ast

from benchwright_agent.explain.explanation import ConeEntry
from benchwright_agent.explain.outline import Outliner
from benchwright_agent.explain.recorder import Outline
from benchwright_agent.explain.scope import Scope
from benchwright_agent.explain.visible import Body, is_fixed, is_local, text_of
from benchwright_sim.frontend.events import symbols_in

MAX_ENTRIES = 32
"""Inputs and registers of one cone, the nearest."""

_MAX_SYMBOLS = 4_000

Link = tuple[frozenset[ast.Symbol], bool]
"""What a symbol is computed from, and whether a clock edge lies between."""


class Cones:
    """Cones of influence in one design; what was found once is kept.

    Attributes:
        top: the design's top instance.
        inputs: symbols behind the top's inputs.
    """

    def __init__(self, top: ast.InstanceSymbol, outliner: Outliner) -> None:
        self.top = top
        self._outliner = outliner
        self._outlines: dict[Body, Outline] = {}
        self._links: dict[Body, dict[ast.Symbol, list[Link]]] = {}
        self._found: dict[frozenset[ast.Symbol], tuple[ConeEntry, ...]] = {}
        self.inputs = {
            port.internalSymbol
            for port in top.body.portList
            if isinstance(port, ast.PortSymbol)
            and port.internalSymbol is not None
            and port.direction != ast.ArgumentDirection.Out
        }

    def outline(self, body: Body) -> Outline:
        """The outline of an instance."""
        if body not in self._outlines:
            self._outlines[body] = self._outliner.outline(body)
        return self._outlines[body]

    def of(self, symbols: Iterable[ast.Symbol]) -> tuple[ConeEntry, ...]:
        """The cone of what is read, nearest first, inputs before registers."""
        start = frozenset(symbol for symbol in symbols if not is_fixed(symbol))
        if start not in self._found:
            entries = list(self._search(start))
            order = sorted(entries, key=lambda e: (e.registers, e.kind, e.name))
            self._found[start] = tuple(order[:MAX_ENTRIES])
        return self._found[start]

    def _search(self, start: frozenset[ast.Symbol]) -> Iterator[ConeEntry]:
        """Breadth first by clock edges."""
        pending = deque((symbol, 0) for symbol in start)
        seen: set[ast.Symbol] = set()
        n_found, last = 0, 0
        while pending and len(seen) < _MAX_SYMBOLS:
            symbol, distance = pending.popleft()
            if symbol in seen:
                continue
            if n_found >= MAX_ENTRIES and distance > last:
                return
            last = distance
            seen.add(symbol)
            links = self.links(symbol)
            is_input = symbol in self.inputs
            if is_input or (any(clocked for _, clocked in links) and not is_local(symbol)):
                n_found += 1
                yield self._entry(symbol, distance, is_input=is_input)
            for read, clocked in links:
                if clocked and not is_local(symbol):
                    pending.extend((s, distance + 1) for s in read)
                else:
                    pending.extendleft((s, distance) for s in read)

    def _entry(self, symbol: ast.Symbol, distance: int, *, is_input: bool) -> ConeEntry:
        path = symbol.hierarchicalPath[len(self.top.hierarchicalPath) + 1 :]
        width = symbol.type.bitWidth if isinstance(symbol, ast.ValueSymbol) else 0
        return ConeEntry(path, "input" if is_input else "register", width, distance)

    def connected(self, symbol: ast.Symbol) -> str:
        """What is connected to an input port of an instance, as source text; else empty."""
        body = self._body(symbol)
        parent = getattr(body, "parentInstance", None)
        for inside, expression in _inputs(parent) if parent is not None else ():
            if inside is symbol:
                return text_of(expression)
        return ""

    def links(self, symbol: ast.Symbol) -> list[Link]:
        """What a symbol is computed from."""
        body = self._body(symbol)
        if body is None:
            return []
        if body not in self._links:
            self._links[body] = self._linked(body)
        return self._links[body].get(symbol, [])

    def _body(self, symbol: ast.Symbol) -> Body | None:
        scope = symbol.parentScope
        return scope.containingInstance if scope is not None else None

    def _linked(self, body: Body) -> dict[ast.Symbol, list[Link]]:
        """Links of all symbols of one instance."""
        outline = self.outline(body)
        links: dict[ast.Symbol, list[Link]] = {}
        guards: dict[Scope, frozenset[ast.Symbol]] = {}
        for write in (write for write in outline.writes if not write.is_initial):
            targets, indices = targets_of(write.target)
            read = indices | self._read(write.value, outline) | _guarding(write.scope, guards)
            for target in targets:
                links.setdefault(target, []).append((read, write.is_clocked))
        for call, _ in (call for calls in outline.calls.values() for call in calls):
            for formal, actual in _passed(call):
                links.setdefault(formal, []).append((self._read(actual, outline), False))
        for instance in outline.children:
            for inside, left in outputs_of(instance):
                targets, indices = targets_of(left)
                for target in targets:
                    links.setdefault(target, []).append((indices | {inside}, False))
        parent = getattr(body, "parentInstance", None)
        if parent is not None:
            for inside, expression in _inputs(parent):
                links.setdefault(inside, []).append((symbols_in(expression), False))
        return links

    def _read(self, expression: ast.Expression, outline: Outline) -> frozenset[ast.Symbol]:
        """Symbols that an expression reads; of a call also what the function returns."""
        found = set(symbols_in(expression))

        def take(node: ast.CallExpression) -> None:
            subroutine = node.subroutine
            if isinstance(subroutine, ast.SubroutineSymbol) and subroutine.returnValVar is not None:
                found.add(subroutine.returnValVar)

        if outline.calls:
            expression.visit(lookup_table={ast.ExpressionKind.Call: take})
        return frozenset(found)


def _passed(call: ast.CallExpression) -> Iterator[tuple[ast.Symbol, ast.Expression]]:
    """Formals of a subroutine that a call gives a value, and the values."""
    if isinstance(call.subroutine, ast.SubroutineSymbol):
        for formal, actual in zip(call.subroutine.arguments, call.arguments, strict=False):
            if not isinstance(actual, ast.AssignmentExpression):
                yield formal, actual


def outputs_of(instance: ast.InstanceSymbol) -> Iterator[tuple[ast.Symbol, ast.Expression]]:
    """What an instance drives: the symbol inside it, and what that is connected to."""
    for connection in instance.portConnections:
        inside = getattr(connection.port, "internalSymbol", None)
        if inside is not None and isinstance(connection.expression, ast.AssignmentExpression):
            yield inside, connection.expression.left


def _inputs(instance: ast.InstanceSymbol) -> Iterator[tuple[ast.Symbol, ast.Expression]]:
    """What drives an instance: the symbol inside it, and what that is connected to."""
    for connection in instance.portConnections:
        inside = getattr(connection.port, "internalSymbol", None)
        expression = connection.expression
        if inside is not None and not (
            expression is None or isinstance(expression, ast.AssignmentExpression)
        ):
            yield inside, expression


def targets_of(
    left: ast.Expression | ast.Symbol,
) -> tuple[frozenset[ast.Symbol], frozenset[ast.Symbol]]:
    """Symbols that an assignment to `left` changes, and those that only say where."""
    if isinstance(left, ast.Symbol):
        return frozenset({left}), frozenset()
    kinds = ast.ExpressionKind
    if left.kind in (kinds.Concatenation, kinds.Streaming):
        parts = [targets_of(operand) for operand in getattr(left, "operands", ())]
        if not parts:
            return symbols_in(left), frozenset()
        targets, indices = zip(*parts, strict=True)
        return frozenset().union(*targets), frozenset().union(*indices)
    inner = left
    while not isinstance(inner, ast.ValueExpressionBase):
        outer = getattr(inner, "value", None) or getattr(inner, "operand", None)
        if not isinstance(outer, ast.Expression):
            return symbols_in(left), frozenset()
        inner = outer
    return frozenset({inner.symbol}), symbols_in(left) - {inner.symbol}


def _guarding(scope: Scope, known: dict[Scope, frozenset[ast.Symbol]]) -> frozenset[ast.Symbol]:
    """Symbols that the guards around a scope read."""
    if scope not in known:
        own = scope.reads if scope.guard is not None else ()
        outer = _guarding(scope.parent, known) if scope.parent else frozenset()
        known[scope] = outer.union(*map(symbols_in, own))
    return known[scope]
