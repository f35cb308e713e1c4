"""Statements: the conditions under which each of them runs.

Early exits count as conditions (what follows `if (x) return;` runs under `!x`); loops run their
bodies under their condition unless that reads nothing but the loop's own variables. Not followed:
`disable` and events.
"""

from __future__ import annotations

from pyslang import ast, syntax

from benchwright_agent.explain.choice import Choice
from benchwright_agent.explain.explanation import one_line, relative_location
from benchwright_agent.explain.recorder import Outline, Place, Recorder, Write
from benchwright_agent.explain.scope import Activity, Position, Scope
from benchwright_agent.explain.statements import head, leaves, loop_condition, operands
from benchwright_agent.explain.visible import constant, is_local, is_visible, signals_in, text_of
from benchwright_sim.frontend.events import Clocked, clocked_parts
from benchwright_sim.frontend.hierarchy import Process
from benchwright_sim.interface import Edge


class Procedures(Recorder):
    """Records procedures and subroutines."""

    def __init__(self, outline: Outline, place: Place) -> None:
        super().__init__(outline, place)
        self._clocked: dict[ast.Statement, Clocked] = {}
        self._result: ast.Symbol | None = None

    def procedure(self, block: ast.ProceduralBlockSymbol, parent: Scope | None) -> None:
        kinds = ast.ProceduralBlockKind
        is_initial = block.procedureKind in (kinds.Initial, kinds.Final)
        if isinstance(self.outline.body, ast.InstanceBodySymbol):
            for part in clocked_parts(Process(block, self.outline.body)):
                self._clocked[part.body] = part
        range_ = block.body.sourceRange if block.syntax is None else block.syntax.sourceRange
        scope = self.scope(parent, range_, activity=Activity(head(block), None, is_initial))
        self.statement(block.body, scope)

    def subroutine(self, symbol: ast.SubroutineSymbol, parent: Scope | None) -> None:
        if symbol.syntax is None or symbol.subroutineKind is None:
            return
        kind = "task" if symbol.subroutineKind == ast.SubroutineKind.Task else "function"
        activity = Activity(f"{kind} {symbol.name}")
        scope = self.scope(parent, symbol.syntax.sourceRange, activity=activity)
        self._result = symbol.returnValVar
        self.statement(symbol.body, scope)
        self._result = None

    def statement(self, statement: ast.Statement | None, scope: Scope) -> Scope:
        """Takes a statement; returns the scope of what follows it."""
        if isinstance(statement, ast.StatementList):
            inner = scope
            for item in statement.list:
                inner = self.statement(item, inner)
        elif isinstance(statement, ast.ConditionalStatement):
            return self._conditional(statement, scope)
        elif isinstance(statement, ast.CaseStatement):
            self._case(statement, scope)
        elif isinstance(statement, ast.TimedStatement):
            self._timed(statement, scope)
        elif isinstance(statement, ast.BlockStatement):
            self.statement(statement.body, scope)
        elif isinstance(
            statement, ast.ImmediateAssertionStatement | ast.ConcurrentAssertionStatement
        ):
            self._assertion(statement, scope)
        elif statement is not None:
            self._other(statement, scope)
        return scope

    def _conditional(self, statement: ast.ConditionalStatement, scope: Scope) -> Scope:
        conditions = [condition.expr for condition in statement.conditions]
        for condition in conditions:
            self.condition(condition, scope)
        node = statement.syntax
        exact: tuple[Position, ...] = ()
        text = text_of(conditions[0])
        if isinstance(node, syntax.ConditionalStatementSyntax):
            exact = (self.place(node.ifKeyword.location)[1],)
            text = one_line(str(node.predicate))
        sole = len(conditions) == 1 and statement.conditions[0].pattern is None
        value = constant(conditions[0], self.outline.body) if sole else None
        visible = f"({text})" if sole and is_visible(conditions[0], self.outline.body) else ""
        inner = scope
        for wanted, branch in ((True, statement.ifTrue), (False, statement.ifFalse)):
            holds = None if value is None else bool(value) == wanted
            inner = self.scope(
                scope,
                statement.sourceRange if branch is None else branch.sourceRange,
                guard=self.guard("if", conditions, wanted, holds, text=text),
                reads=tuple(conditions),
                role="then" if wanted else "else",
                condition=visible if wanted or not visible else f"!{visible}",
                exact=exact,
                listed=branch is not None,
            )
            self.statement(branch, inner)
        return inner if leaves(statement.ifTrue) and statement.ifFalse is None else scope

    def _case(self, statement: ast.CaseStatement, scope: Scope) -> None:
        self.condition(statement.expr, scope)
        node = statement.syntax
        nodes = list(node.items) if isinstance(node, syntax.CaseStatementSyntax) else []
        standard = [n for n in nodes if isinstance(n, syntax.StandardCaseItemSyntax)]
        default = next((n for n in nodes if isinstance(n, syntax.DefaultCaseItemSyntax)), None)
        case = Choice(statement, self.outline.body)
        for number, item in enumerate(statement.items):
            for label in item.expressions:
                self.condition(label, scope)
            exact = self.place(standard[number].colon.location) if standard else None
            self._item(scope, item.stmt, case, number, exact)
        if statement.defaultCase is not None:
            exact = self.place(default.defaultKeyword.location) if default else None
            self._item(scope, statement.defaultCase, case, len(statement.items), exact)

    def _item(
        self,
        scope: Scope,
        body: ast.Statement,
        case: Choice,
        number: int,
        exact: tuple[str, Position] | None,
    ) -> None:
        file, position = self.place(case.statement.expr.sourceRange.start)
        inner = self.scope(
            scope,
            body.sourceRange,
            guard=case.guard(number, relative_location(file, *position)),
            reads=case.reads(number),
            role="item",
            condition=case.condition(number),
            exact=(exact[1],) if exact else (),
        )
        self.statement(body, inner)

    def _timed(self, statement: ast.TimedStatement, scope: Scope) -> None:
        part = self._clocked.get(statement.stmt)
        inner = scope
        if part is not None:
            event = part.clocks[0]
            edge: Edge = "posedge" if event.edges[-1] else "negedge"
            text = scope.activity.text if scope.activity else ""
            visible = is_visible(event.expression, self.outline.body)
            clock = text_of(event.expression) if visible else ""
            activity = Activity(text, (edge, clock))
            inner = self.scope(scope, statement.stmt.sourceRange, activity=activity)
        self.statement(statement.stmt, inner)

    def _assertion(
        self,
        statement: ast.ImmediateAssertionStatement | ast.ConcurrentAssertionStatement,
        scope: Scope,
    ) -> None:
        """A cover is a condition for its bin; what assertions run is a branch like any other."""
        reads = operands(statement)
        node = statement.syntax
        spec = getattr(node, "expr", None) or getattr(node, "propertySpec", None)
        text = one_line(str(spec)) if spec is not None else ""
        guard = self.guard("cover", reads, True, None, text=text) if reads else None
        start = self.place(statement.sourceRange.start)[1]
        label = getattr(node, "label", None)
        exact = [start] if label is None else [start, self.place(label.name.location)[1]]
        inner = self.scope(
            scope, statement.sourceRange, guard=guard, reads=reads, role="cover", exact=exact
        )
        for action in (statement.ifTrue, statement.ifFalse):
            if action is not None:
                self.statement(action, inner if action is statement.ifTrue else scope)

    def _other(self, statement: ast.Statement, scope: Scope) -> None:
        """Loops, and statements that are expressions."""
        loop = loop_condition(statement)
        inner = scope
        if loop is not None:
            self.condition(loop, scope)
        if loop is not None and any(not is_local(s) for s in signals_in(loop)):
            guard = self.guard("loop", (loop,), True, None)
            inner = self.scope(scope, statement.sourceRange, guard=guard, reads=(loop,))
        body = getattr(statement, "body", None)
        if isinstance(body, ast.Statement):
            self.statement(body, inner)
            return
        expression = getattr(statement, "expr", None)
        if isinstance(expression, ast.Expression):
            own = self.scope(scope, statement.sourceRange, reads=(expression,))
            self.expression(expression, own)
            if isinstance(statement, ast.ReturnStatement) and self._result is not None:
                text = one_line(str(statement.syntax))
                self.outline.writes.append(Write(self._result, expression, own, text))
