"""The syntax of a testbench's text, read by slang alone, without the design's sources.

What is wrong with the text does not matter here: slang reads on behind errors, and whether the
text compiles is for the simulator to say. Offsets are in bytes of the text as UTF-8. Run it with
`apart` on text that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyslang import Bag, SourceLocation, SourceManager
from pyslang.parsing import PreprocessorOptions, Token, TokenKind, TriviaKind
from pyslang.syntax import CompilationUnitSyntax, SyntaxKind, SyntaxNode, SyntaxTree

_MACROS = {
    "VERILATOR": "1",
    "VERILATOR_TIMING": "1",
    "verilator": "1",
    "verilator3": "1",
    "SYSTEMVERILOG": "1",
}
_SLANG_MACROS = ["__slang__", "__slang_major__", "__slang_minor__"]
_NAMED = frozenset(
    {
        SyntaxKind.ModuleDeclaration,
        SyntaxKind.ProgramDeclaration,
        SyntaxKind.InterfaceDeclaration,
        SyntaxKind.PackageDeclaration,
    }
)
_RUNS = frozenset({SyntaxKind.ModuleDeclaration, SyntaxKind.ProgramDeclaration})


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a module: its type, its name, and where the name stands."""

    module: str
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """A module, program, interface or package of the text.

    Attributes:
        name: without the backslash of an escaped identifier.
        start: first byte.
        end: behind the last byte.
        can_run: it is a module or program.
        complete: its end is written.
        has_ports: it has a list of ports that is not empty.
        instances: in it, as far as they can be made out.
        packages: that it names.
    """

    name: str
    start: int
    end: int
    can_run: bool
    complete: bool
    has_ports: bool
    instances: tuple[Instance, ...]
    packages: frozenset[str]

    @property
    def uses(self) -> frozenset[str]:
        """Names of what must be declared elsewhere."""
        return self.packages.union(instance.module for instance in self.instances)


class BenchSyntax:
    """A testbench's text, parsed as Verilator would read it."""

    def __init__(
        self, text: str, *, defines: Sequence[tuple[str, str]] = (), before: str = ""
    ) -> None:
        """Parses; any text will do. Included files are not opened.

        Args:
            text: of the testbench.
            defines: names and values of macros.
            before: directives that are compiled before it.
        """
        self.content = text.encode()
        self._manager = SourceManager()
        preprocessor = PreprocessorOptions()
        macros = {**_MACROS, **dict(defines)}
        preprocessor.predefines = [f"{name}={value}" for name, value in macros.items()]
        preprocessor.undefines = _SLANG_MACROS
        preprocessor.maxIncludeDepth = 0
        options = Bag()
        options.preprocessorOptions = preprocessor
        directives = self._manager.assignText("before.sv", before)
        buffer = self._manager.assignText("testbench.sv", text)
        self._buffer = buffer.id
        self.tree = SyntaxTree.fromBuffers([directives, buffer], self._manager, options)

    def offset(self, place: SourceLocation) -> int | None:
        """Where something stands in the text; what a macro gives stands where it is used.

        Returns:
            None for what an included file holds.
        """
        if self._manager.isMacroLoc(place):
            place = self._manager.getFullyExpandedLoc(place)
        return place.offset if place.buffer == self._buffer else None

    def line(self, place: SourceLocation) -> int:
        """Line in the text, from 1; 0 for what an included file holds."""
        offset = self.offset(place)
        return 0 if offset is None else self.content.count(b"\n", 0, offset) + 1

    def is_written(self, place: SourceLocation) -> bool:
        """Whether it stands in the text itself rather than in a macro's expansion."""
        return not self._manager.isMacroLoc(place) and self.offset(place) is not None

    @cached_property
    def declarations(self) -> tuple[Declaration, ...]:
        """The text's own, outermost only, in order."""
        root = self.tree.root
        members = list(root.members) if isinstance(root, CompilationUnitSyntax) else [root]
        found = (self._declaration(node) for node in members if node.kind in _NAMED)
        return tuple(declaration for declaration in found if declaration is not None)

    def nodes(self, *kinds: SyntaxKind) -> list[Any]:
        """All nodes of these kinds, in order."""
        found: list[Any] = []
        self.tree.root.visit(lookup_table=dict.fromkeys(kinds, found.append))
        return found

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens behind the preprocessor, in order, with those that slang could not place."""
        found: list[Token] = []

        def take(part: SyntaxNode | Token) -> None:
            if isinstance(part, Token):
                for trivia in part.trivia:
                    if trivia.kind == TriviaKind.SkippedTokens:
                        found.extend(trivia.getSkippedTokens())
                found.append(part)

        self.tree.root.visit(take)
        return tuple(found)

    def directives(self) -> Iterator[SyntaxNode]:
        """All preprocessor directives and uses of macros, in order."""
        for token in self.tokens:
            for trivia in token.trivia:
                node = trivia.syntax()
                if node is not None:
                    yield node

    def identifiers(self, name: str) -> list[Token]:
        """The tokens that are this identifier."""
        return [t for t in self.tokens if t.kind == TokenKind.Identifier and t.valueText == name]

    def _declaration(self, node: Any) -> Declaration | None:
        start = self.offset(node.sourceRange.start)
        end = self.offset(node.sourceRange.end)
        if start is None or end is None:
            return None
        instances: list[Instance] = []
        packages: set[str] = set()

        def take_instances(found: Any) -> None:
            for item in found.instances:
                if item.kind == SyntaxKind.HierarchicalInstance and item.decl:
                    name = item.decl.name
                    place = self.offset(name.location)
                    if place is not None:
                        instances.append(Instance(found.type.valueText, name.valueText, place))

        def take_scope(found: Any) -> None:
            if found.separator.rawText == "::":
                packages.add(str(found.left).strip())

        node.visit(
            lookup_table={
                SyntaxKind.HierarchyInstantiation: take_instances,
                SyntaxKind.PackageImportItem: lambda found: packages.add(found.package.valueText),
                SyntaxKind.ScopedName: take_scope,
            }
        )
        return Declaration(
            name=node.header.name.valueText,
            start=start,
            end=end,
            can_run=node.kind in _RUNS,
            complete=not node.endmodule.isMissing,
            has_ports=bool(list(getattr(node.header.ports, "ports", ()) or ())),
            instances=tuple(instances),
            packages=frozenset(packages),
        )
