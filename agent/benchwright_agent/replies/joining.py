"""Which of a reply's blocks make up its testbench, and what must be mended in them.

Works on syntax (see `bench_syntax`), in a child process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from pyslang.parsing import TokenKind
from pyslang.syntax import SyntaxKind

from benchwright_agent.replies.bench_syntax import BenchSyntax, Declaration
from benchwright_sim.identifiers import is_identifier

Edit = tuple[int, int, bytes]
"""Bytes from, to, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the testbench is for: module, name of its instance, what the design declares."""

    module: str
    instance: str
    own: frozenset[str]
    files: frozenset[str]
    defines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """A testbench's text and top, and the block that it is named by; or a reason against it."""

    text: str = ""
    top: str = ""
    block: int = 0
    reason: str = ""


class _Candidate:
    """One or more blocks as one text."""

    def __init__(self, code: str, block: int, wanted: Wanted, *, closed: bool) -> None:
        self.block = block
        self.closed = closed
        self.code = code
        self.wanted = wanted
        self.syntax = BenchSyntax(code, defines=wanted.defines)

    @cached_property
    def declared(self) -> tuple[Declaration, ...]:
        """What is not the design's."""
        return tuple(d for d in self.syntax.declarations if d.name not in self.wanted.own)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(declaration.name for declaration in self.declared)

    @property
    def missing(self) -> frozenset[str]:
        """What it uses and neither it nor the design declares."""
        used = frozenset().union(*(declaration.uses for declaration in self.declared))
        return used - self.names - self.wanted.own

    def drives(self, declaration: Declaration, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the design's top is somewhere below."""
        types = {instance.module for instance in declaration.instances} - seen
        if self.wanted.module in types:
            return True
        below = [d for d in self.declared if d.name in types]
        return any(self.drives(d, seen | types) for d in below)

    @property
    def top(self) -> Declaration | None:
        """The module that nothing instantiates and that drives the design; one without ports."""
        used = {i.module for d in self.declared for i in d.instances if i.module != d.name}
        roots = [d for d in self.declared if d.can_run and d.name not in used]
        tops = [d for d in roots if self.drives(d)]
        return max(reversed(tops), key=lambda d: not d.has_ports, default=None)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The best one is whole, has a top without ports, and comes last."""
        top = self.top
        assert top is not None  # noqa: S101 - only what drives the design is ranked
        return top.complete, not top.has_ports, self.block


def choose(argument: dict[str, Any]) -> dict[str, Any]:
    """`join` for `apart`: all values are JSON; the wanted names stand under their own names."""
    wanted = Wanted(
        argument["module"],
        argument["instance"],
        frozenset(argument["own"]),
        frozenset(argument["files"]),
        tuple((name, value) for name, value in argument["defines"]),
    )
    return asdict(join([(code, closed) for code, closed in argument["blocks"]], wanted))


def join(blocks: Sequence[tuple[str, bool]], wanted: Wanted) -> Joined:
    """The testbench among blocks of code, each with whether it is known to be whole."""
    singles = [
        _Candidate(code, block, wanted, closed=closed)
        for block, (code, closed) in enumerate(blocks)
    ]
    joined = [_with_missing(single, singles) for single in singles]
    driving = [candidate for candidate in joined if candidate.top]
    if not driving and len(blocks) > 1:
        whole = _Candidate(
            "\n".join(code for code, _ in blocks), len(blocks) - 1, wanted, closed=blocks[-1][1]
        )
        driving = [whole] if whole.top else []
    if not driving:
        retyped = [(_retyped(single, singles), single.closed) for single in singles]
        if any(code != single.code for (code, _), single in zip(retyped, singles, strict=True)):
            return join(retyped, wanted)
        return Joined(reason=_why_none(singles, wanted))
    return _mended(max(driving, key=lambda candidate: candidate.rank))


def _with_missing(single: _Candidate, singles: Sequence[_Candidate]) -> _Candidate:
    """The block behind those others that declare what it uses; the last ones that do."""
    chosen = [single]
    candidate = single
    while candidate.missing:
        others = [s for s in singles if s not in chosen and s.names & candidate.missing]
        if not others:
            break
        chosen.insert(0, others[-1])
        candidate = _Candidate(
            "\n".join(part.code for part in chosen),
            single.block,
            single.wanted,
            closed=single.closed,
        )
    return candidate


def _retyped(single: _Candidate, singles: Sequence[_Candidate]) -> str:
    """The block with the instance that was asked for made one of the design's top.

    Only where it is there under its name, of a module that nobody declares: nothing else can be
    meant. Small models copy the name of the instance, and another word in place of the module's.
    """
    wanted, syntax = single.wanted, single.syntax
    known = wanted.own.union({wanted.module}, *(other.names for other in singles))
    named = [i for d in single.declared for i in d.instances if i.name == wanted.instance]
    if len(named) != 1 or named[0].module in known:
        return single.code
    old, end = named[0].module, named[0].start
    places = [
        token.location.offset
        for token in syntax.tokens
        if token.rawText == old and syntax.is_written(token.location)
    ]
    place = max((place for place in places if place < end), default=None)
    if place is None:
        return single.code
    module = wanted.module if is_identifier(wanted.module) else f"\\{wanted.module} "
    content = syntax.content
    mended = content[:place] + module.encode() + content[place + len(old.encode()) :]
    return mended.decode("utf-8", "replace")


def _why_none(singles: Sequence[_Candidate], wanted: Wanted) -> str:
    module, instance = wanted.module, wanted.instance
    for single in singles:
        for declaration in single.syntax.declarations:
            if declaration.name in wanted.own and single.drives(declaration):
                return (
                    f"the testbench's module is called {declaration.name}, as one of the design's: "
                    "give it another name"
                )
    cut_off = [s for s in singles if not s.closed]
    if cut_off:
        return _cut_off(cut_off[-1])
    if any(single.declared for single in singles):
        written = module if is_identifier(module) else f"\\{module} "
        return (
            f"nothing in the answer makes an instance of {module}: write "
            f"`{written} {instance} (...);` in the testbench"
        )
    return (
        f"the answer holds no testbench: write a module that makes an instance `{instance}` of "
        f"{module}; the design itself is there already"
    )


def _cut_off(candidate: _Candidate) -> str:
    n_lines = candidate.code.count("\n") + 1
    return f"the answer was cut off after {n_lines} lines of code: write a shorter testbench"


def _mended(candidate: _Candidate) -> Joined:
    """The text without what is not the testbench's, its instance named as it should be."""
    syntax, top = candidate.syntax, candidate.top
    assert top is not None  # noqa: S101 - see `rank`
    if not top.complete and not candidate.closed:
        return Joined(reason=_cut_off(candidate))
    renamed, reason = _renaming(candidate)
    if reason:
        return Joined(reason=reason)
    edits = [*renamed, *_own_parts(candidate)]
    last = syntax.declarations[-1]
    if not candidate.closed and not last.complete:
        edits.append((last.start, len(syntax.content), b""))
    content = syntax.content
    for start, end, instead in sorted(edits, reverse=True):
        content = content[:start] + instead + content[end:]
    return Joined(content.decode("utf-8", "replace").strip() + "\n", top.name, candidate.block)


def _own_parts(candidate: _Candidate) -> Iterator[Edit]:
    """What the design has already: its modules, and includes of its files."""
    syntax, wanted = candidate.syntax, candidate.wanted
    removed = [d for d in syntax.declarations if d.name in wanted.own]
    for declaration in removed:
        yield declaration.start, declaration.end, b""
    for directive in syntax.directives():
        if directive.kind == SyntaxKind.IncludeDirective:
            name = directive.fileName.rawText.strip('"<>')  # type: ignore[attr-defined] # of IncludeDirective
            start = syntax.offset(directive.sourceRange.start)
            end = syntax.offset(directive.sourceRange.end)
            if PurePath(name).name in wanted.files and start is not None and end is not None:
                inside = any(d.start <= start < d.end for d in removed)
                if not inside:
                    yield start, end, b""


def _renaming(candidate: _Candidate) -> tuple[list[Edit], str]:
    """Edits that name the design's instance as it should be, or why that cannot be done."""
    wanted = candidate.wanted
    module, instance = wanted.module, wanted.instance
    instances = [i for d in candidate.declared for i in d.instances if i.module == module]
    names = [i.name for i in instances]
    if instance in names:
        return [], ""
    reason = f"the instance of {module} must be called {instance}, not {names[0]}"
    if len(instances) > 1:
        return [], (
            f"one instance of {module} must be called {instance}; they are called "
            f"{', '.join(names)}"
        )
    syntax, old = candidate.syntax, names[0]
    tokens = [t for t in syntax.tokens if t.kind == TokenKind.Identifier and t.valueText == old]
    if old == module:
        tokens = [t for t in tokens if syntax.offset(t.location) == instances[0].start]
    behind_a_dot = {
        after.location
        for before, after in zip(syntax.tokens, syntax.tokens[1:], strict=False)
        if before.kind == TokenKind.Dot
    }
    safe = (
        bool(tokens)
        and not syntax.identifiers(instance)
        and all(syntax.is_written(t.location) for t in tokens)
        and all(t.location not in behind_a_dot for t in tokens)
        and all(t.rawText == old for t in tokens)
    )
    if not safe:
        return [], reason
    places = [t.location.offset for t in tokens]
    return [(p, p + len(old.encode()), instance.encode()) for p in places], ""
