"""The modules that the sources declare, and which of them can be the top.

Read from syntax alone, before anything is elaborated: what a module instantiates counts even where
a generate condition leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyslang.syntax import (
    CompilationUnitSyntax,
    ModuleDeclarationSyntax,
    ScopedNameSyntax,
    SyntaxKind,
    SyntaxNode,
)

from benchwright_sim.errors import TopError
from benchwright_sim.frontend.parsing import Parsed

_DECLARATIONS = (
    SyntaxKind.ModuleDeclaration,
    SyntaxKind.PackageDeclaration,
    SyntaxKind.InterfaceDeclaration,
    SyntaxKind.ProgramDeclaration,
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module as declared.

    Attributes:
        name: without the backslash of an escaped identifier.
        file: where it is declared.
        instantiates: names of what it instantiates.
        is_testbench: it has no ports, instantiates something and has an initial block.
    """

    name: str
    file: Path
    instantiates: frozenset[str]
    is_testbench: bool


def find_modules(parsed: Parsed) -> dict[str, Module]:
    """All modules by name, in order of declaration."""
    modules = (_module(node, parsed) for node in _declarations(parsed.tree.root))
    return {module.name: module for module in modules}


def find_top(parsed: Parsed, modules: Mapping[str, Module]) -> str:
    """Name of the top: the one that the design names, or the only candidate.

    Raises:
        TopError: there is no such module, none at all, or more than one candidate.
    """
    wanted = parsed.design.top
    names = tuple(modules)
    if wanted is not None:
        if wanted in modules:
            return wanted
        raise TopError(
            f"there is no module {wanted!r}", candidates=names, hint="choose one of these"
        )
    candidates = top_candidates(parsed, modules)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise TopError("the sources declare no module", hint="name the files that hold the design")
    raise TopError(
        f"{len(candidates)} modules can be the top",
        candidates=candidates,
        hint="choose one with --top",
    )


def top_candidates(parsed: Parsed, modules: Mapping[str, Module]) -> tuple[str, ...]:
    """Modules that nothing but a testbench instantiates; testbenches only if there is no other."""
    libraries = frozenset(parsed.design.library_files)
    own = {name: module for name, module in modules.items() if module.file not in libraries}
    bound = frozenset(_bound(parsed.tree.root))
    designs = {name: module for name, module in own.items() if not module.is_testbench}
    return _roots(designs, bound) or _roots(own, bound) or tuple(own)


def missing_names(parsed: Parsed, modules: Mapping[str, Module]) -> tuple[str, ...]:
    """Modules and packages that are used but not declared, sorted."""
    used = {name for module in modules.values() for name in module.instantiates}
    declared = set(modules)

    def take_scoped(node: ScopedNameSyntax) -> None:
        if node.separator.rawText == "::":
            used.add(str(node.left).strip())

    parsed.tree.root.visit(
        lookup_table={
            SyntaxKind.PackageImportItem: lambda node: used.add(node.package.valueText),
            SyntaxKind.ScopedName: take_scoped,
            **dict.fromkeys(_DECLARATIONS, lambda node: declared.add(node.header.name.valueText)),
        }
    )
    return tuple(sorted(used - declared))


def design_files(parsed: Parsed, modules: Mapping[str, Module], top: str) -> tuple[Path, ...]:
    """The sources but for those that hold testbenches and nothing else.

    A testbench that lies among the sources of a folder often instantiates what is not there, which
    Verilator does not forgive even where it is not below the top.
    """
    used = {top}.union(*(m.instantiates for m in modules.values() if not m.is_testbench))
    others = {
        parsed.places.location(node.sourceRange.start).file
        for node in _members(parsed.tree.root)
        if not isinstance(node, ModuleDeclarationSyntax)
    }
    for module in modules.values():
        if not module.is_testbench or module.name in used:
            others.add(module.file)
    return tuple(
        file
        for file, text in parsed.design.texts(parsed.design.sources)
        if file in others or "`define" in text or not _declares(file, modules)
    )


def _declares(file: Path, modules: Mapping[str, Module]) -> bool:
    return any(module.file == file for module in modules.values())


def _roots(modules: Mapping[str, Module], used: frozenset[str]) -> tuple[str, ...]:
    used = used.union(*(m.instantiates - {m.name} for m in modules.values()))
    return tuple(name for name in modules if name not in used)


def _declarations(root: SyntaxNode) -> Iterator[ModuleDeclarationSyntax]:
    for node in _members(root):
        if isinstance(node, ModuleDeclarationSyntax) and node.kind == SyntaxKind.ModuleDeclaration:
            yield node


def _members(root: SyntaxNode) -> Iterator[SyntaxNode]:
    """Top-level items; a tree of a single item has that item as its root."""
    if isinstance(root, CompilationUnitSyntax):
        yield from root.members
    else:
        yield root


def _module(node: ModuleDeclarationSyntax, parsed: Parsed) -> Module:
    header = node.header
    names: set[str] = set()
    initials: list[SyntaxNode] = []
    node.visit(
        lookup_table={
            SyntaxKind.HierarchyInstantiation: lambda found: names.add(found.type.valueText),
            SyntaxKind.InitialBlock: initials.append,
        }
    )
    ports = header.ports
    return Module(
        name=header.name.valueText,
        file=parsed.places.location(header.name.location).file,
        instantiates=frozenset(names),
        is_testbench=bool(names and initials)
        and (ports is None or not list(getattr(ports, "ports", ()))),
    )


def _bound(root: SyntaxNode) -> Iterator[str]:
    names: list[str] = []
    root.visit(
        lookup_table={
            SyntaxKind.BindDirective: lambda found: names.append(found.instantiation.type.valueText)
        }
    )
    return iter(names)
