"""The order in which Verilator must read the sources: packages before what uses them.

slang finds a package wherever it stands; Verilator wants it declared first (IEEE 1800-2017 clause
26.2 leaves that to the tool). The user's order is kept but for files that must come earlier.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

from pyslang.syntax import CompilationUnitSyntax, ModuleDeclarationSyntax, SyntaxKind, SyntaxNode

from benchwright_sim.frontend.parsing import Parsed


def compile_order(parsed: Parsed) -> tuple[Path, ...]:
    """The design's sources, each after the sources of the packages that it names."""
    declared: dict[str, Path] = {}
    named: dict[Path, set[str]] = {}
    for node in _members(parsed.tree.root):
        file = parsed.places.location(node.sourceRange.start).file
        if _is_package(node):
            declared.setdefault(node.header.name.valueText, file)
        named.setdefault(file, set()).update(_packages_named(node))
    ordered: dict[Path, None] = {}
    for file in parsed.design.sources:
        _place(file, declared, named, ordered, frozenset())
    return tuple(file for file in ordered if file in parsed.design.sources)


def _place(
    file: Path,
    declared: dict[str, Path],
    named: dict[Path, set[str]],
    ordered: dict[Path, None],
    waiting: frozenset[Path],
) -> None:
    """Appends a file after those that it needs; a circle is left as it is."""
    if file in ordered or file in waiting:
        return
    for package in sorted(named.get(file, ())):
        if package in declared:
            _place(declared[package], declared, named, ordered, waiting | {file})
    ordered[file] = None


def _is_package(node: SyntaxNode) -> TypeGuard[ModuleDeclarationSyntax]:
    return node.kind == SyntaxKind.PackageDeclaration


def _members(root: SyntaxNode) -> list[SyntaxNode]:
    return list(root.members) if isinstance(root, CompilationUnitSyntax) else [root]


def _packages_named(node: SyntaxNode) -> set[str]:
    names: set[str] = set()
    node.visit(
        lookup_table={
            SyntaxKind.PackageImportItem: lambda found: names.add(found.package.valueText),
            SyntaxKind.ScopedName: lambda found: names.add(str(found.left).strip()),
        }
    )
    return names
