"""One pass over an elaborated module: its scopes with their guards, and who assigns what.

Generate blocks carry the condition that chose them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyslang import SourceLocation, ast, syntax

from benchwright_agent.explain.explanation import one_line
from benchwright_agent.explain.procedure import Procedures
from benchwright_agent.explain.recorder import Outline, Write
from benchwright_agent.explain.scope import Activity, Position, Scope
from benchwright_agent.explain.visible import Body, text_of
from benchwright_sim.design import Design
from benchwright_sim.frontend.diagnostics import Places
from benchwright_sim.points import relative_name


class Outliner:
    """Makes outlines of the instances of one design."""

    def __init__(self, design: Design, places: Places) -> None:
        self._root = design.root
        self._places = places
        self._names: dict[object, str] = {}

    def outline(self, body: Body) -> Outline:
        """The outline of one instance."""
        outline = Outline(body)
        _Members(outline, self.place).members(body, None)
        return outline

    def place(self, location: SourceLocation) -> tuple[str, Position]:
        """File name and position of a source location."""
        found = self._places.location(location)
        if found.file not in self._names:
            self._names[found.file] = relative_name(found.file, self._root)
        return self._names[found.file], (found.line, found.column)


class _Members(Procedures):
    """Records the members of a module."""

    def members(self, scope: Iterable[ast.Symbol], parent: Scope | None) -> None:
        """Takes the members of a body or generate block."""
        for member in scope:
            if isinstance(member, ast.GenerateBlockSymbol):
                if not member.isUninstantiated:
                    self.members(member, self._generated(member, parent))
            elif isinstance(member, ast.GenerateBlockArraySymbol | ast.InstanceArraySymbol):
                self.members(member, parent)
            else:
                self._member(member, parent)

    def _generated(self, block: ast.GenerateBlockSymbol, parent: Scope | None) -> Scope | None:
        condition = block.conditionExpression
        if condition is None or condition.sourceRange is None:
            return parent
        kind = ast.GenerateBranchKind
        wanted: bool | str = block.branchKind == kind.IfTrue
        if block.branchKind in (kind.CaseItem, kind.CaseDefault):
            wanted = ", ".join(text_of(label) for label in block.caseItemExpressions or ())
        guard = self.guard("generate", (condition,), wanted, True)
        range_ = block.syntax.sourceRange if block.syntax is not None else condition.sourceRange
        return self.scope(parent, range_, guard=guard)

    def _member(self, member: ast.Symbol, parent: Scope | None) -> None:
        if isinstance(member, ast.ProceduralBlockSymbol):
            self.procedure(member, parent)
        elif isinstance(member, ast.ContinuousAssignSymbol):
            self._assign(member.assignment, parent, member.syntax, Activity("assign"))
        elif isinstance(member, ast.InstanceSymbol):
            self._instance(member, parent)
        elif isinstance(member, ast.NetSymbol | ast.VariableSymbol):
            self._signal(member, parent)
        elif isinstance(member, ast.PrimitiveInstanceSymbol):
            self._gate(member, parent)
        elif isinstance(member, ast.ClassType):
            self.members(member, parent)
        elif isinstance(member, ast.SubroutineSymbol):
            self.subroutine(member, parent)

    def _instance(self, instance: ast.InstanceSymbol, parent: Scope | None) -> None:
        self.outline.children.append(instance)
        for connection in instance.portConnections:
            if connection.expression is not None:
                activity = Activity(f"instance {instance.name}")
                self._assign(connection.expression, parent, None, activity)

    def _signal(self, signal: ast.NetSymbol | ast.VariableSymbol, parent: Scope | None) -> None:
        file, (line, column) = self.place(signal.location)
        self.outline.declared.setdefault((file, line), []).append((column, signal))
        if isinstance(signal, ast.NetSymbol) and signal.initializer is not None:
            self._drive(signal, (signal.initializer,), parent, signal.syntax)
        elif signal.initializer is not None:
            range_ = signal.initializer.sourceRange
            self.scope(parent, range_, activity=Activity("initial value", is_initial=True))

    def _assign(
        self,
        expression: ast.Expression,
        parent: Scope | None,
        node: syntax.SyntaxNode | None,
        activity: Activity,
    ) -> None:
        range_ = expression.sourceRange if node is None else node.sourceRange
        scope = self.scope(parent, range_, activity=activity, reads=(expression,))
        self.expression(expression, scope)

    def _gate(self, gate: ast.PrimitiveInstanceSymbol, parent: Scope | None) -> None:
        """A primitive drives its outputs, which come first, from all of its inputs."""
        outputs = [t.left for t in gate.portConnections if isinstance(t, ast.AssignmentExpression)]
        inputs = [t for t in gate.portConnections if not isinstance(t, ast.AssignmentExpression)]
        for output in outputs:
            self._drive(output, inputs, parent, gate.syntax)

    def _drive(
        self,
        target: ast.Expression | ast.Symbol,
        values: Sequence[ast.Expression],
        parent: Scope | None,
        node: syntax.SyntaxNode | None,
    ) -> None:
        """Records what drives a net outside of assignments."""
        for value in values:
            range_ = value.sourceRange if node is None else node.sourceRange
            scope = self.scope(parent, range_, activity=Activity("assign"), reads=(value,))
            text = one_line(str(node)) if node is not None else text_of(value)
            self.outline.writes.append(Write(target, value, scope, text))
            self.expression(value, scope)
