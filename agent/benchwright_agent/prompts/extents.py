"""How far branches of a design reach: the lines that run only when a branch is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyslang.syntax import SyntaxKind, SyntaxNode

from benchwright_agent.protocol.task import SourceText
from benchwright_agent.replies.bench_syntax import BenchSyntax

_LABELLED = (SyntaxKind.StandardCaseItem, SyntaxKind.DefaultCaseItem)
_LOOPS = (
    SyntaxKind.LoopStatement,
    SyntaxKind.ForLoopStatement,
    SyntaxKind.ForeachLoopStatement,
)


def branch_extents(
    files: Sequence[SourceText], defines: Sequence[tuple[str, str]] = ()
) -> dict[tuple[str, int, bool], tuple[int, int]]:
    """(file, line, whether the else) -> first and last line behind the branch on that line.

    Args:
        files: of a design that was elaborated, so that slang is known to read it.
        defines: of the design.
    """
    found: dict[tuple[str, int, bool], tuple[int, int]] = {}
    for file in files:
        _File(file, defines, found).read()
    return found


class _File:
    def __init__(
        self,
        file: SourceText,
        defines: Sequence[tuple[str, str]],
        found: dict[tuple[str, int, bool], tuple[int, int]],
    ) -> None:
        self._name = file.name
        self._syntax = BenchSyntax(file.text, defines=defines)
        self._found = found

    def read(self) -> None:
        for node in self._syntax.nodes(SyntaxKind.ConditionalStatement):
            self._take(node, node.statement, is_else=False)
            if node.elseClause:
                self._take(node, node.elseClause, is_else=True)
        for node in self._syntax.nodes(*_LABELLED):
            self._take(node, node.clause, is_else=False)
        for node in self._syntax.nodes(*_LOOPS):
            self._take(node, node.statement, is_else=False)

    def _take(self, node: Any, body: SyntaxNode, *, is_else: bool) -> None:
        line = self._syntax.line(node.sourceRange.start)
        first = self._syntax.line(body.sourceRange.start)
        last = self._syntax.line(body.sourceRange.end)
        if line and first and last:
            self._found.setdefault((self._name, line, is_else), (first, last))
