"""What is asked of single statements: how they begin, repeat and end."""

from __future__ import annotations

from pyslang import ast, syntax

from benchwright_agent.explain.explanation import one_line

_LEAVES = (ast.ReturnStatement, ast.BreakStatement, ast.ContinueStatement)


def head(block: ast.ProceduralBlockSymbol) -> str:
    """Keyword and events of a procedure."""
    node = block.syntax
    if not isinstance(node, syntax.ProceduralBlockSyntax):
        return ""
    timing = node.statement
    control = (
        one_line(str(timing.timingControl))
        if isinstance(timing, syntax.TimingControlStatementSyntax)
        else ""
    )
    return f"{node.keyword.valueText} {control}".strip()


def leaves(statement: ast.Statement) -> bool:
    """Whether a statement ends its block, loop or function."""
    while isinstance(statement, ast.BlockStatement | ast.StatementList):
        if isinstance(statement, ast.BlockStatement):
            statement = statement.body
        elif not statement.list:
            return False
        else:
            statement = statement.list[-1]
    return isinstance(statement, _LEAVES)


def loop_condition(statement: ast.Statement) -> ast.Expression | None:
    """What must hold for a loop's body to run (again)."""
    if isinstance(statement, ast.ForLoopStatement):
        return statement.stopExpr
    if isinstance(statement, ast.WhileLoopStatement):
        return statement.cond
    if isinstance(statement, ast.RepeatLoopStatement):
        return statement.count
    return None


def operands(
    statement: ast.ImmediateAssertionStatement | ast.ConcurrentAssertionStatement,
) -> tuple[ast.Expression, ...]:
    """What an assertion or cover looks at."""
    if isinstance(statement, ast.ImmediateAssertionStatement):
        return (statement.cond,)
    found: list[ast.Expression] = []
    kinds = ast.ExpressionKind
    statement.visit(
        lookup_table=dict.fromkeys((kinds.NamedValue, kinds.HierarchicalValue), found.append)
    )
    return tuple(found)
