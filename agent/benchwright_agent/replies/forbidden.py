"""What a generated testbench may not hold, found in its syntax; runs in a child process.

Looked for behind the preprocessor, so that macros hide nothing and comments and strings mean
nothing. Conditions on macros that slang may not have as Verilator does are refused. Included files
are not opened: they must lie in the design's folders, whose files are the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from pyslang.parsing import Token, TokenKind
from pyslang.syntax import SyntaxKind, SyntaxNode

from benchwright_agent.replies.bench_syntax import BenchSyntax
from benchwright_sim.points import CHECKER_PREFIX

_MAX_REASONS = 8
_NAMES_A_FILE = re.compile(r"\$(?:fopen|(?:s?readmem|writemem)[bho]?)")
_CALLS_C = re.compile(r"\$c(?:pure)?\d*")
_WRITES = re.compile(
    r"\$(?:s?readmem[bho]?|s?scanf|fscanf|fread|fgets|ferror|deposit|cast|[\w$]*plusargs)"
)
_WRITES_FIRST = re.compile(r"\$(?:sformat|swrite[bho]?|u?random|dist_\w+)")
_READS = frozenset({"name", "num", "size", "len", "exists", "triggered", "first", "last", "next"})
_INSTRUCTION = re.compile(r"(?://|/\*)\s*verilator\s+coverage_\w+")
_DIRECTIVE = re.compile(r"`(?:line|systemc_\w+|verilator_config|coverage_block_off|verilog)")
_DEFINED = re.compile(r"`define\s+\\?([A-Za-z_]\w*)")
_TOOLS_MACRO = re.compile(r"__\w+|coverage_block_off")
_CONDITIONS = frozenset(
    {SyntaxKind.IfDefDirective, SyntaxKind.IfNDefDirective, SyntaxKind.ElsIfDirective}
)
_NAMES = frozenset({TokenKind.Identifier, TokenKind.SystemIdentifier, TokenKind.RootSystemName})
_DIRECTIONS = frozenset({TokenKind.OutputKeyword, TokenKind.InOutKeyword, TokenKind.RefKeyword})
_ASSIGNMENTS = frozenset(kind for kind in SyntaxKind if kind.name.endswith("AssignmentExpression"))
_STEPS = frozenset(
    {
        SyntaxKind.PostincrementExpression,
        SyntaxKind.PostdecrementExpression,
        SyntaxKind.UnaryPreincrementExpression,
        SyntaxKind.UnaryPredecrementExpression,
    }
)
_TRIGGERS = frozenset(
    {
        SyntaxKind.BlockingEventTriggerStatement,
        SyntaxKind.NonblockingEventTriggerStatement,
    }
)
_OUTRIGHT = {
    SyntaxKind.ProceduralForceStatement: ("force", "drive the design's input ports instead"),
    SyntaxKind.ProceduralReleaseStatement: ("release", "drive the design's input ports instead"),
    SyntaxKind.BindDirective: ("bind", "write the stimulus in the testbench itself"),
    SyntaxKind.DPIImport: ("a DPI import", "write it in SystemVerilog"),
    SyntaxKind.DPIExport: ("a DPI export", "take it out"),
    SyntaxKind.ConfigDeclaration: ("a config", "take it out"),
    SyntaxKind.DefParam: ("defparam", "set parameters with #(...) at the design's instance"),
}


@dataclass(frozen=True, slots=True)
class _Design:
    module: str
    modules: frozenset[str]
    own: frozenset[str]
    macros: frozenset[str]
    folders: tuple[str, ...]


def find(argument: dict[str, Any]) -> list[str]:
    """Why a testbench is refused, for `apart`: a line for each finding, in order of lines."""
    design = _Design(
        argument["module"],
        frozenset(argument["modules"]),
        frozenset(argument["own"]),
        frozenset(_DEFINED.findall(argument["macros"])),
        tuple(argument["folders"]),
    )
    defines = [(name, value) for name, value in argument["defines"]]
    syntax = BenchSyntax(argument["text"], defines=defines, before=argument["macros"])
    found = _Search(syntax, design).findings()
    reasons = dict.fromkeys(
        f"line {line}: {what} is not allowed: {instead}" for line, what, instead in sorted(found)
    )
    return list(reasons)[:_MAX_REASONS]


class _Search:
    """Looks through one testbench; findings are (line, what, what to do instead)."""

    def __init__(self, syntax: BenchSyntax, design: _Design) -> None:
        self._syntax = syntax
        self._design = design

    def findings(self) -> list[tuple[int, str, str]]:
        return [
            *self._outright(),
            *self._declarations(),
            *self._instances(),
            *self._directives(),
            *self._comments(),
            *self._calls(),
            *self._writes(),
        ]

    def _line(self, node: SyntaxNode) -> int:
        return self._syntax.line(node.sourceRange.start)

    def _outright(self) -> Iterator[tuple[int, str, str]]:
        for node in self._syntax.nodes(*_OUTRIGHT):
            what, instead = _OUTRIGHT[node.kind]
            yield self._line(node), what, instead

    def _declarations(self) -> Iterator[tuple[int, str, str]]:
        for node in self._syntax.nodes(
            SyntaxKind.ModuleDeclaration,
            SyntaxKind.InterfaceDeclaration,
            SyntaxKind.PackageDeclaration,
            SyntaxKind.ProgramDeclaration,
            SyntaxKind.UdpDeclaration,
        ):
            token = node.name if node.kind == SyntaxKind.UdpDeclaration else node.header.name
            name = token.valueText
            if name in self._design.own or name.startswith(CHECKER_PREFIX):
                yield (
                    self._line(node),
                    f"a declaration of {name}",
                    "it is part of the design, which is compiled along: leave it out",
                )

    def _instances(self) -> Iterator[tuple[int, str, str]]:
        for node in self._syntax.nodes(SyntaxKind.HierarchyInstantiation):
            name = node.type.valueText
            if name in self._design.modules and name != self._design.module:
                yield (
                    self._line(node),
                    f"an instance of {name}, which is inside of the design",
                    f"reach it through the ports of {self._design.module}",
                )

    def _directives(self) -> Iterator[tuple[int, str, str]]:
        for node in self._syntax.directives():
            text = node.directive.rawText  # type: ignore[attr-defined] # of every directive
            line = self._syntax.line(node.sourceRange.start)
            if node.kind == SyntaxKind.IncludeDirective:
                if not self._is_inside(node.fileName.rawText):  # type: ignore[attr-defined] # of IncludeDirective
                    yield (
                        line,
                        f"`include {node.fileName.rawText[:80]}",  # type: ignore[attr-defined] # as above
                        "include nothing from outside of the design's folders",
                    )
            elif node.kind in _CONDITIONS:
                for name in _path(node.expr):  # type: ignore[attr-defined] # of these directives
                    if name in self._design.macros or _TOOLS_MACRO.fullmatch(name):
                        yield (
                            line,
                            f"{text} {name}, a macro of the tools or of the design,",
                            "write the lines that you need without a condition",
                        )
            elif _DIRECTIVE.fullmatch(text):
                yield line, f"the directive {text}", "take it out"

    def _is_inside(self, raw: str) -> bool:
        """Whether a name in quotes is of a file in the design's folders, or of none at all."""
        if len(raw) < 3 or raw[0] not in '"<' or not _is_local(raw[1:-1]):
            return False
        folders = [Path(folder).resolve() for folder in self._design.folders]
        paths = (folder / raw[1:-1] for folder in folders)
        return all(
            any(path.resolve().is_relative_to(folder) for folder in folders)
            for path in paths
            if path.exists()
        )

    def _comments(self) -> Iterator[tuple[int, str, str]]:
        for token in self._syntax.tokens:
            for trivia in token.trivia:
                text = trivia.getRawText()
                if match := _INSTRUCTION.match(text):
                    yield (
                        self._syntax.line(token.location),
                        f"the instruction `{match[0]}` before this line",
                        "take it out",
                    )

    def _calls(self) -> Iterator[tuple[int, str, str]]:
        tokens = self._syntax.tokens
        for number, token in enumerate(tokens):
            if token.kind != TokenKind.SystemIdentifier:
                continue
            name = token.valueText
            line = self._syntax.line(token.location)
            if name == "$system":
                yield line, "$system", "a testbench starts no programs: take it out"
            elif _CALLS_C.fullmatch(name):
                yield line, name, "write it in SystemVerilog, without C"
            elif _NAMES_A_FILE.fullmatch(name) and not _names_local_file(tokens[number + 1 :][:3]):
                yield (
                    line,
                    f"this {name}",
                    "use no files, or name one in quotes, without folders above it",
                )

    def _writes(self) -> Iterator[tuple[int, str, str]]:
        for node in self._written():
            path = self._path_inside(node)
            if path:
                yield (
                    self._line(node),
                    f"writing to {path}, inside of the design,",
                    "drive its input ports instead",
                )

    def _written(self) -> Iterator[SyntaxNode]:
        """The parts of the text that are written to, or may be."""
        for node in self._syntax.nodes(*_ASSIGNMENTS):
            yield node.left
        for node in self._syntax.nodes(*_STEPS):
            yield node.operand
        for node in self._syntax.nodes(*_TRIGGERS):
            yield node.name
        for node in self._syntax.nodes(SyntaxKind.ProceduralDeassignStatement):
            yield node.variable
        for node in self._syntax.nodes(SyntaxKind.ExpressionStatement):
            if node.expr.kind == SyntaxKind.ScopedName:
                yield node.expr
        yield from self._syntax.nodes(
            SyntaxKind.NamedPortConnection,
            SyntaxKind.OrderedPortConnection,
            SyntaxKind.NetAlias,
            SyntaxKind.ClockingItem,
        )
        yield from self._written_by_calls()

    def _written_by_calls(self) -> Iterator[SyntaxNode]:
        for node in self._syntax.nodes(SyntaxKind.InvocationExpression):
            called = _path(node.left)
            if called[-1:] and called[-1] not in _READS:
                yield node.left
                if node.arguments and _may_write(called[-1], self._writing_subroutines):
                    yield node.arguments
                elif node.arguments and _WRITES_FIRST.fullmatch(called[-1]):
                    yield from list(node.arguments.parameters)[:1]

    @cached_property
    def _writing_subroutines(self) -> frozenset[str]:
        """Tasks and functions of the text that have outputs."""
        names: set[str] = {"randomize"}
        for node in self._syntax.nodes(SyntaxKind.TaskDeclaration, SyntaxKind.FunctionDeclaration):
            if _any_token(node, lambda token: token.kind in _DIRECTIONS):
                names.update(_path(node.prototype.name)[-1:])
        return frozenset(names)

    @cached_property
    def _inside(self) -> frozenset[str]:
        """Names of the design's instances."""
        return frozenset(
            instance.name
            for declaration in self._syntax.declarations
            for instance in declaration.instances
            if instance.module in self._design.modules
        )

    def _path_inside(self, written: SyntaxNode) -> str:
        """The first hierarchical name that leads into an instance of the design, or empty."""
        paths: list[str] = []

        def take(node: SyntaxNode) -> None:
            path = _path(node)
            if not paths and not self._inside.isdisjoint(path[:-1]):
                paths.append(".".join(path))

        written.visit(
            lookup_table={
                SyntaxKind.ScopedName: take,
                SyntaxKind.MemberAccessExpression: take,
            }
        )
        return paths[0] if paths else ""


def _path(name: SyntaxNode) -> list[str]:
    """The identifiers of a hierarchical name, without what selects elements of it."""
    tokens: list[Token] = []
    depth = 0

    def take(part: SyntaxNode | Token) -> None:
        nonlocal depth
        if isinstance(part, Token):
            if part.kind == TokenKind.OpenBracket:
                depth += 1
            elif part.kind == TokenKind.CloseBracket:
                depth -= 1
            elif depth == 0 and part.kind in _NAMES:
                tokens.append(part)

    name.visit(take)
    return [token.valueText for token in tokens]


def _may_write(name: str, subroutines: Collection[str]) -> bool:
    return _WRITES.fullmatch(name) is not None or name in subroutines


def _any_token(node: SyntaxNode, wanted: Callable[[Token], bool]) -> bool:
    found: list[Token] = []

    def take(part: SyntaxNode | Token) -> None:
        if isinstance(part, Token) and wanted(part):
            found.append(part)

    node.visit(take)
    return bool(found)


def _names_local_file(tokens: tuple[Token, ...]) -> bool:
    """Whether `(` and a file name in quotes follow, and nothing is added to the name."""
    if len(tokens) < 3 or tokens[1].kind != TokenKind.StringLiteral:
        return False
    ends = tokens[2].kind in (TokenKind.Comma, TokenKind.CloseParenthesis)
    return ends and _is_local(tokens[1].valueText)


def _is_local(name: str) -> bool:
    path = PurePath(name)
    return not path.is_absolute() and ".." not in path.parts and not name.startswith("~")
