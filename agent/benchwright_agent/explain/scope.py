"""Scopes: stretches of source in which the same conditions hold, and how a position finds its own.

A scope is a branch of an if, an item of a case, a side of a conditional expression, the body of a
loop, or simply a statement or procedure; its parent encloses it. Positions are those of the source
after preprocessing: all that a macro makes stands where the macro is called.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pyslang import ast

from benchwright_agent.explain.explanation import Guard, Way, relative_location
from benchwright_sim.interface import Edge

Position = tuple[int, int]
Role = Literal["", "then", "else", "item", "cond_then", "cond_else", "cover"]


@dataclass(frozen=True, slots=True)
class Activity:
    """What runs a statement.

    Attributes:
        text: `always_ff @(posedge clk)`, `assign`, `function f`.
        clock: edge and source text of what clocks it, None where no edge does; the text is empty
            where it cannot be named from outside of the procedure.
        is_initial: it runs once.
    """

    text: str
    clock: tuple[Edge, str] | None = None
    is_initial: bool = False


@dataclass(eq=False, slots=True)
class Scope:
    """A stretch of source in one instance.

    Attributes:
        parent: that encloses it, None for an instance's body.
        file: by the name that bins use.
        start: line and column from 1.
        end: likewise, just behind it.
        guard: the condition that it adds to its parent's.
        reads: expressions that the guard or the statement is made of.
        activity: what runs it.
        role: what kind of stretch it is, for bins that name one.
        condition: the guard as an expression in names of the module, as wanted; empty where it
            reads what is not visible there.
        other: the scope of the other side of a conditional expression.
    """

    parent: Scope | None
    file: str
    start: Position
    end: Position
    guard: Guard | None = None
    reads: tuple[ast.Expression, ...] = ()
    activity: Activity | None = None
    role: Role = ""
    condition: str = ""
    other: Scope | None = None

    def chain(self) -> Iterator[Scope]:
        """Itself and what encloses it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def guarded(self) -> tuple[Scope, ...]:
        """The scopes of its guards, outermost first."""
        return tuple(scope for scope in self.chain() if scope.guard is not None)[::-1]

    @property
    def impossible(self) -> bool:
        """Whether a guard never holds, by constants."""
        return any(s.guard.constant is False for s in self.chain() if s.guard is not None)

    def holds(self, place: Position) -> bool:
        """Whether a position lies in it."""
        return self.start <= place < self.end

    def way(self, text: str = "") -> Way:
        """Its guards, as a way to `text` or to the place itself."""
        guards = [scope.guard for scope in self.guarded if scope.guard is not None]
        process = self.activity.text if self.activity else ""
        return Way(tuple(guards), relative_location(self.file, *self.start), text, process)


class Areas:
    """The scopes of one module, found by position."""

    def __init__(self) -> None:
        self._scopes: dict[str, list[Scope]] = {}
        self._named: dict[tuple[str, int, Role], dict[int, Scope]] = {}
        self._sorted = False

    def add(self, scope: Scope, *exact: Position) -> Scope:
        """Takes a scope; `exact` are the positions by which bins name it."""
        self._scopes.setdefault(scope.file, []).append(scope)
        self._sorted = False
        return self.name(scope, *exact)

    def name(self, scope: Scope, *exact: Position) -> Scope:
        """Takes a scope that is no stretch of its own: the else that an if lacks."""
        for line, column in exact:
            columns = self._named.setdefault((scope.file, line, scope.role), {})
            known = columns.get(column)
            if known is None or (known.impossible and not scope.impossible):
                columns[column] = scope
        return scope

    def named(self, file: str, place: Position, role: Role) -> Scope | None:
        """The scope that a bin names; the nearest of the line where macros shift columns."""
        columns = self._named.get((file, place[0], role), {})
        nearest = min(columns, key=lambda column: abs(column - place[1]), default=None)
        return None if nearest is None else columns[nearest]

    def innermost(self, file: str, place: Position, role: Role | None = None) -> Scope | None:
        """The innermost scope (of a role) that holds a position."""
        if not self._sorted:
            for scopes in self._scopes.values():
                scopes.sort(key=lambda scope: scope.start)
            self._sorted = True
        scopes = self._scopes.get(file, [])
        last = bisect_right(scopes, place, key=lambda scope: scope.start) - 1
        if last < 0:
            return None
        found = (s for s in scopes[last].chain() if s.file == file and s.holds(place))
        return next((s for s in found if role is None or s.role == role), None)
