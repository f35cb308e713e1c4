"""How a bin is reached: the scopes on the way to it, found by its place, its name and its kind.

Lines and branches have one route, their own place. A toggle has one for each assignment that can
bring about its edge, a state or arc one for each assignment of that state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pyslang import ast

from benchwright_agent.explain.assumption import Assumption
from benchwright_agent.explain.cone import Cones, outputs_of, targets_of
from benchwright_agent.explain.explanation import Guard, Way, relative_location
from benchwright_agent.explain.recorder import Outline, Write
from benchwright_agent.explain.scope import Role, Scope
from benchwright_agent.explain.visible import constant, is_visible, signals_in
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.elaboration import StateRegister
from benchwright_sim.frontend.hierarchy import Hierarchy, named, strip
from benchwright_sim.frontend.slices import Slice, slice_of

MAX_ROUTES = 6
"""Routes of one bin; a signal may have hundreds of assignments."""

_ROLES: Mapping[str, Role] = {
    "if": "then",
    "elsif": "then",
    "else": "else",
    "case": "item",
}
_TOGGLE = re.compile(r"(?P<path>.*):(?P<before>[01])->(?P<after>[01])")
_TERM = re.compile(r"\((?P<terms>.*)\) => (?P<value>[01])")


@dataclass(frozen=True, slots=True)
class Route:
    """One way to a bin, with the expressions behind it.

    Attributes:
        scopes: that add a guard, outermost first.
        way: the same as data.
        reads: what decides besides the guards.
    """

    scopes: tuple[Scope, ...]
    way: Way
    reads: tuple[ast.Expression, ...] = ()

    @property
    def impossible(self) -> bool:
        """Whether a guard never holds, by constants."""
        return any(guard.constant is False for guard in self.way.guards)

    def symbols(self) -> Iterator[ast.Symbol]:
        """What the guards and the rest read."""
        for scope in self.scopes:
            for expression in scope.reads:
                yield from signals_in(expression)
        for expression in self.reads:
            yield from signals_in(expression)


@dataclass(frozen=True, slots=True)
class Routes:
    """All ways to a bin that were found.

    Attributes:
        routes: at most `MAX_ROUTES`.
        note: what is particular about the bin, or why there are none.
    """

    routes: tuple[Route, ...] = ()
    note: str = ""


def route_of(scope: Scope, *, text: str = "", reads: tuple[ast.Expression, ...] = ()) -> Route:
    """The route to a scope."""
    return Route(scope.guarded, scope.way(text), reads)


class Router:
    """Finds routes in the outline of one instance.

    Attributes:
        outline: of the instance.
    """

    def __init__(
        self, outline: Outline, cones: Cones, registers: Mapping[str, StateRegister]
    ) -> None:
        self.outline = outline
        self._cones = cones
        self._registers = registers
        self._hierarchy = Hierarchy(cones.top)
        self._writes: dict[ast.Symbol, list[Write]] = {}
        for write in outline.writes:
            for target in targets_of(write.target)[0]:
                self._writes.setdefault(target, []).append(write)
        self._driven = {
            target: f"{instance.name}.{inside.name}"
            for instance in outline.children
            for inside, left in outputs_of(instance)
            for target in targets_of(left)[0]
        }
        self._signals = [s for on_line in outline.declared.values() for _, s in on_line]

    def routes(self, bin_: Bin) -> Routes:
        """The routes to a bin."""
        if bin_.kind is Kind.TOGGLE:
            return self._toggle(bin_)
        if bin_.kind in (Kind.FSM_STATE, Kind.FSM_ARC):
            return self._states(bin_)
        scope = self._scope(bin_)
        if scope is None:
            return Routes(note="it stands outside of all procedures that could be read")
        route = self._called(route_of(scope), scope)
        if bin_.kind is Kind.EXPR:
            return Routes((self._term(bin_, scope, route),))
        return Routes((route,), "" if route.way.wish else _unguarded(scope))

    # Lines, branches, expressions, covers

    def _scope(self, bin_: Bin) -> Scope | None:
        areas, place = self.outline.areas, (bin_.line, bin_.column)
        before = (bin_.line, bin_.column - 1)
        if bin_.kind is Kind.USER:
            return areas.named(bin_.file, place, "cover") or areas.innermost(bin_.file, place)
        if bin_.kind is not Kind.EXPR:
            role = _ROLES.get(bin_.name)
            found = role and areas.named(bin_.file, before if role == "else" else place, role)
            if found:
                return found
            if bin_.name == "cond_then":
                return areas.innermost(bin_.file, place, "cond_then")
            if bin_.name == "cond_else":
                then = areas.innermost(bin_.file, before, "cond_then")
                return then.other if then else None
        return areas.innermost(bin_.file, place)

    def _called(self, route: Route, scope: Scope) -> Route:
        """Puts the guards of a call before those of a function, where it is called once."""
        for subroutine, calls in self.outline.calls.items():
            if scope.activity and scope.activity.text.endswith(f" {subroutine.name}"):
                if len(calls) != 1:
                    return route
                outer = calls[0][1]
                if any(s in route.scopes for s in outer.guarded):
                    return route
                guards = (*outer.way().guards, *route.way.guards)
                way = replace(route.way, guards=guards)
                return Route((*outer.guarded, *route.scopes), way, route.reads)
        return route

    def _term(self, bin_: Bin, scope: Scope, route: Route) -> Route:
        """The term that an expression bin wants, as the innermost guard."""
        match = _TERM.fullmatch(bin_.name)
        if match is None:
            return route
        names = set(re.findall(r"[A-Za-z_$][\w$]*", match["terms"]))
        near = next((s for s in scope.chain() if s.reads), scope)
        symbols = [s.name for e in near.reads for s in signals_in(e) if s.name in names]
        guard = Guard(
            text=match["terms"],
            wanted=True,
            kind="term",
            location=relative_location(bin_.file, bin_.line, bin_.column),
            operands=tuple(dict.fromkeys(symbols)),
        )
        reads = tuple(e for e in near.reads if any(s.name in names for s in signals_in(e)))
        way = replace(route.way, guards=(*route.way.guards, guard))
        inner = Scope(scope, near.file, near.start, near.end, guard, reads, scope.activity)
        if reads and all(is_visible(e, self.outline.body) for e in near.reads):
            inner.condition = f"({match['terms']})"
        return Route((*route.scopes, inner), way)

    # Toggles

    def _toggle(self, bin_: Bin) -> Routes:
        match = _TOGGLE.fullmatch(bin_.name)
        symbol = self._declared(bin_, match["path"]) if match else None
        if match is None or symbol is None:
            return Routes(note="its declaration could not be found")
        bits = self._bits(symbol, match["path"])
        writes = [w for w in self._writes.get(symbol, ()) if not w.is_initial]
        kept = [w for w in writes if self._can_set(w, bits, int(match["after"]))]
        routes = [
            route
            for write in kept
            for route in self._values(write.value, route_of(write.scope, text=write.text), write)
            if not self._gives(route, bits, 1 - int(match["after"]), write)
        ]
        possible = [route for route in routes if not route.impossible] or routes
        note = self._source(symbol)
        if not routes and not note:
            note = (
                f"no assignment gives `{match['path']}` the value {match['after']}"
                if writes
                else f"nothing assigns `{match['path']}`"
            )
        return Routes(tuple(possible[:MAX_ROUTES]), note)

    def _declared(self, bin_: Bin, path: str) -> ast.ValueSymbol | None:
        """The signal that a bin is about, by its line and name, by its place, or by its name."""
        on_line = self.outline.declared.get((bin_.file, bin_.line), [])
        named_so = [symbol for _, symbol in on_line if self._is_at(symbol, path)]
        at_place = [symbol for column, symbol in on_line if column == bin_.column]
        if named_so or at_place:
            return (named_so or at_place)[0]
        # A port that is declared apart from the module's head stands in two places.
        return next((symbol for symbol in self._signals if self._is_at(symbol, path)), None)

    def _is_at(self, symbol: ast.ValueSymbol, path: str) -> bool:
        local = symbol.hierarchicalPath[len(self.outline.body.hierarchicalPath) + 1 :]
        return path == local or path.startswith((f"{local}[", f"{local}."))

    def _bits(self, symbol: ast.ValueSymbol, path: str) -> Slice | None:
        """The bit of a plain vector, None where it is not known."""
        kind = symbol.type.canonicalType
        if kind.bitWidth == 1:
            return Slice(symbol, 0, 1)
        index = re.search(r"\[(-?\d+)\]$", path)
        if index is None or not isinstance(kind, ast.PackedArrayType | ast.EnumType):
            return None
        if isinstance(kind, ast.PackedArrayType) and kind.elementType.bitWidth != 1:
            return None
        bounds = kind.fixedRange
        offset = abs(int(index[1]) - bounds.right)
        return Slice(symbol, offset, 1)

    def _can_set(self, write: Write, bits: Slice | None, after: int) -> bool:
        """Whether a write reaches the bits, and does not always give them the other value."""
        if bits is None or isinstance(write.target, ast.Symbol):
            return True
        reached = slice_of(write.target, self._hierarchy)
        if reached is None or reached.index is not None:
            return True
        if not reached.low <= bits.low < reached.low + reached.width:
            return False
        value = constant(write.value, self.outline.body)
        return value is None or value >> (bits.low - reached.low) & 1 == after

    def _gives(self, route: Route, bits: Slice | None, value: int, write: Write) -> bool:
        """Whether a side of a conditional value always gives the bit a value."""
        if bits is None or len(route.reads) != 1 or isinstance(write.target, ast.Symbol):
            return False
        reached = slice_of(write.target, self._hierarchy)
        number = constant(route.reads[0], self.outline.body)
        if reached is None or reached.index is not None or number is None:
            return False
        return number >> (bits.low - reached.low) & 1 == value

    def _source(self, symbol: ast.ValueSymbol) -> str:
        """Where a signal comes from that the module itself does not assign."""
        if symbol in self._cones.inputs:
            return f"`{symbol.name}` is an input: the testbench must drive it both ways"
        if symbol in self._driven:
            return f"`{symbol.name}` is driven by {self._driven[symbol]}"
        outside = self._cones.connected(symbol)
        return f"`{symbol.name}` is an input, connected to `{outside}`" if outside else ""

    # States

    def _states(self, bin_: Bin) -> Routes:
        name, _, rest = bin_.name.partition(": ")
        source, arrow, target = rest.partition(" -> ")
        register = self._registers.get(name)
        symbol = self._declared(bin_, name)
        if register is None or symbol is None:
            return Routes(note="its register could not be found")
        values = dict(register.states)
        wanted = values.get(target if arrow else source)
        routes = list(self._assigned(symbol, None, {symbol}))
        found = [r for r, value in routes if value == wanted]
        found += [r for r, value in routes if value is None]
        if arrow:
            before = values.get(source)
            found = [
                r
                for r in found
                if self._in_state(r, symbol, before) and not _is_reset(r, register.reset)
            ]
        return Routes(tuple(found[:MAX_ROUTES]), "" if found else "no assignment of it was found")

    def _assigned(
        self, symbol: ast.Symbol, outer: Route | None, seen: set[ast.Symbol]
    ) -> Iterator[tuple[Route, int | None]]:
        """Routes to the assignments of a register or of what it is loaded from, with values."""
        for write in self._writes.get(symbol, ()):
            if write.is_initial:
                continue
            for route in self._values(write.value, route_of(write.scope, text=write.text), write):
                value = route.reads[0] if len(route.reads) == 1 else write.value
                joined = route if outer is None else _joined(outer, route)
                number = constant(value, self.outline.body)
                source = named(strip(value))
                if number is not None:
                    yield joined, number
                elif source is None or any(w.is_clocked for w in self._writes.get(source, ())):
                    if source not in seen:  # it would only keep its state
                        yield joined, None
                elif source not in seen:
                    yield from self._assigned(source, joined, seen | {source})

    def _values(self, value: ast.Expression, route: Route, write: Write) -> Iterator[Route]:
        """The route split by the conditional expressions that a value is made of."""
        inner = strip(value)
        if isinstance(inner, ast.ConditionalExpression) and inner in self.outline.sides:
            then, other = self.outline.sides[inner]
            yield from self._values(inner.left, route_of(then, text=write.text), write)
            yield from self._values(inner.right, route_of(other, text=write.text), write)
        else:
            yield replace(route, reads=(value,))

    def _in_state(self, route: Route, register: ast.Symbol, value: int | None) -> bool:
        """Whether a route may be taken while the register holds a value."""
        if value is None:
            return True
        assumed = Assumption(register, value, self.outline.body)
        return all(assumed.allows(scope) for scope in route.scopes)


def _joined(outer: Route, inner: Route) -> Route:
    """The guards of a register's load before those of what it is loaded with."""
    guards = (*outer.way.guards, *inner.way.guards)
    return Route((*outer.scopes, *inner.scopes), replace(inner.way, guards=guards), inner.reads)


def _is_reset(route: Route, reset: str) -> bool:
    """Whether a route needs the register's reset."""
    return bool(reset) and any(guard.wish == reset for guard in route.way.guards)


def _unguarded(scope: Scope) -> str:
    if scope.activity is None:
        return ""
    return f"it has no condition of its own: `{scope.activity.text}` need only run"
