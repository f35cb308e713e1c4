"""The modules that the sources declare, and which of them can be the top.

Read from syntax alone, before anything is elaborated: what a module instantiates counts even where
a generate condition leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyslang.syntax import CompilationUnitSyntax, ModuleDeclarationSyntax, SyntaxKind, SyntaxNode

from benchwright_sim.errors import TopError
from benchwright_sim.parsing import Parsed


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
