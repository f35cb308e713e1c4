"""What is known of one instance of a module, and what writes it down: scopes, guards, assignments.

The recorder takes expressions; statements and members are taken by what is built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyslang import SourceLocation, SourceRange, ast

from benchwright_agent.explain.explanation import Guard, GuardKind, one_line, relative_location
from benchwright_agent.explain.scope import Activity, Areas, Position, Role, Scope
from benchwright_agent.explain.visible import (
    Body,
    constant,
    is_local,
    is_visible,
    signals_in,
    text_of,
)

Place = Callable[[SourceLocation], tuple[str, Position]]
"""File name and position of a source location."""


@dataclass(frozen=True, slots=True)
class Write:
    """An assignment.

    Attributes:
        target: its left side, or the variable that a return sets.
        value: its right side.
        scope: that it stands in.
        text: as in the source.
    """

    target: ast.Expression | ast.Symbol
    value: ast.Expression
    scope: Scope
    text: str

    @property
    def is_clocked(self) -> bool:
        """Whether a clock's edge brings it about."""
        return self.scope.activity is not None and self.scope.activity.clock is not None

    @property
    def is_initial(self) -> bool:
        """Whether it runs once."""
        return self.scope.activity is not None and self.scope.activity.is_initial


@dataclass(slots=True)
class Outline:
    """What is known of one instance of a module.

    Attributes:
        body: of the instance.
        areas: its scopes.
        writes: its assignments, procedural and continuous.
        declared: nets and variables, with their columns, by file and line of their declaration.
        children: instances in it.
        calls: of functions and tasks, with the scopes that they stand in.
        sides: scopes of the two sides of each conditional expression.
    """

    body: Body
    areas: Areas = field(default_factory=Areas)
    writes: list[Write] = field(default_factory=list)
    declared: dict[tuple[str, int], list[tuple[int, ast.ValueSymbol]]] = field(default_factory=dict)
    children: list[ast.InstanceSymbol] = field(default_factory=list)
    calls: dict[ast.Symbol, list[tuple[ast.CallExpression, Scope]]] = field(default_factory=dict)
    sides: dict[ast.Expression, tuple[Scope, Scope]] = field(default_factory=dict)


class Recorder:
    """Fills an outline with what expressions are made of.

    Attributes:
        outline: filled.
        place: of source locations.
    """

    def __init__(self, outline: Outline, place: Place) -> None:
        self.outline = outline
        self.place = place

    def expression(self, expression: ast.Expression, scope: Scope) -> None:
        """Takes the assignments, calls and conditional expressions in an expression."""

        def take_write(node: ast.AssignmentExpression) -> None:
            if not isinstance(node.right, ast.EmptyArgumentExpression):
                text = one_line(str(node.syntax or expression.syntax or ""))
                self.outline.writes.append(Write(node.left, node.right, scope, text))

        def take_call(node: ast.CallExpression) -> None:
            if isinstance(node.subroutine, ast.SubroutineSymbol):
                self.outline.calls.setdefault(node.subroutine, []).append((node, scope))
                for argument in node.arguments:
                    if isinstance(argument, ast.AssignmentExpression):
                        write = Write(argument.left, node, scope, one_line(str(node.syntax)))
                        self.outline.writes.append(write)

        def take_choice(node: ast.ConditionalExpression) -> ast.VisitAction:
            self._choice(node, scope)
            return ast.VisitAction.Skip

        kinds = ast.ExpressionKind
        expression.visit(
            lookup_table={
                kinds.Assignment: take_write,
                kinds.Call: take_call,
                kinds.ConditionalOp: take_choice,
            }
        )

    def condition(self, expression: ast.Expression, scope: Scope) -> None:
        """Takes an expression that decides, as a stretch of its own."""
        own = self.scope(scope, expression.sourceRange, reads=(expression,))
        self.expression(expression, own)

    def _choice(self, node: ast.ConditionalExpression, scope: Scope) -> None:
        condition = node.conditions[0].expr
        self.condition(condition, scope)
        value = constant(condition, self.outline.body)
        visible = f"({text_of(condition)})" if is_visible(condition, self.outline.body) else ""
        sides: list[Scope] = []
        for wanted, side in ((True, node.left), (False, node.right)):
            holds = None if value is None else bool(value) == wanted
            inner = self.scope(
                scope,
                side.sourceRange,
                guard=self.guard("ternary", (condition,), wanted, holds),
                reads=(condition,),
                role="cond_then" if wanted else "cond_else",
                condition=visible if wanted or not visible else f"!{visible}",
            )
            self.expression(side, inner)
            sides.append(inner)
        sides[0].other, sides[1].other = sides[1], sides[0]
        self.outline.sides[node] = (sides[0], sides[1])

    def scope(
        self,
        parent: Scope | None,
        range_: SourceRange,
        *,
        guard: Guard | None = None,
        reads: tuple[ast.Expression, ...] = (),
        activity: Activity | None = None,
        role: Role = "",
        condition: str = "",
        exact: Sequence[Position] = (),
        listed: bool = True,
    ) -> Scope:
        file, start = self.place(range_.start)
        _, end = self.place(range_.end)
        if activity is None and parent is not None:
            activity = parent.activity
        scope = Scope(parent, file, start, end, guard, reads, activity, role, condition)
        if listed:
            return self.outline.areas.add(scope, *exact)
        self.outline.areas.name(scope, *exact)
        return scope

    def guard(
        self,
        kind: GuardKind,
        reads: Sequence[ast.Expression],
        wanted: bool | str,
        holds: bool | None,
        *,
        text: str = "",
    ) -> Guard:
        file, position = self.place(reads[0].sourceRange.start)
        operands = dict.fromkeys(s.name for r in reads for s in signals_in(r) if not is_local(s))
        return Guard(
            text=text or text_of(reads[0]),
            wanted=wanted,
            kind=kind,
            location=relative_location(file, *position),
            operands=tuple(operands),
            constant=holds,
        )
