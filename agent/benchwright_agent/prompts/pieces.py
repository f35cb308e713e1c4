"""A source file cut at its modules, each with a short form: header, ports and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyslang.parsing import TokenKind
from pyslang.syntax import SyntaxKind

from benchwright_agent.prompts.sources import Piece
from benchwright_agent.replies.bench_syntax import BenchSyntax

_KEPT = frozenset({SyntaxKind.PortDeclaration, SyntaxKind.PackageImportDeclaration})


def cut_file(text: str, defines: Sequence[tuple[str, str]] = ()) -> list[Piece]:
    """The pieces of a file that was elaborated; their texts joined are the file."""
    syntax = BenchSyntax(text, defines=defines)
    content = syntax.content
    pieces: list[Piece] = []
    done = 0
    for node in syntax.nodes(SyntaxKind.ModuleDeclaration):
        start = syntax.offset(node.sourceRange.start)
        end = syntax.offset(node.sourceRange.end)
        header = _header(syntax, node)
        if start is None or end is None or start < done or not header:
            continue
        pieces.append(Piece("", content[done:start].decode()))
        pieces.append(Piece(node.header.name.valueText, content[start:end].decode(), header))
        done = end
    return [*pieces, Piece("", content[done:].decode())]


def _header(syntax: BenchSyntax, node: Any) -> str:
    """What a user of the module must know; empty where macros hide where it ends."""
    places = (node.sourceRange.start, node.header.semi.location, node.endmodule.location)
    if not all(syntax.is_written(place) for place in places):
        return ""
    start, semicolon, end = (place.offset for place in places)
    kept = [
        _written(syntax, member.sourceRange.start, member.sourceRange.end)
        for member in node.members
        if member.kind in _KEPT or _is_parameter(member)
    ]
    n_lines = syntax.content.count(b"\n", semicolon, end)
    lines = [
        syntax.content[start : semicolon + 1].decode(),
        *(f"  {text}" for text in kept if text),
        f"  ... {n_lines} lines",
        "endmodule",
    ]
    return "\n".join(lines)


def _is_parameter(member: Any) -> bool:
    if member.kind != SyntaxKind.ParameterDeclarationStatement:
        return False
    return bool(member.parameter.keyword.kind == TokenKind.ParameterKeyword)


def _written(syntax: BenchSyntax, start: Any, end: Any) -> str:
    if not (syntax.is_written(start) and syntax.is_written(end)):
        return ""
    return syntax.content[start.offset : end.offset].decode()
