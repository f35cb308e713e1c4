"""A testbench that a user wrote, as a file: its top module, and what of the design it drives.

Found from syntax alone, so that a testbench may use anything that the simulator accepts. The file
may stand apart from the design, hold it, or include it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pyslang.syntax import SyntaxKind, SyntaxNode

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.design import Design, check_source
from benchwright_sim.errors import TopError
from benchwright_sim.frontend.modules import Module, find_modules
from benchwright_sim.frontend.parsing import parse
from benchwright_sim.points import relative_name


@dataclass(frozen=True, slots=True)
class UserBench:
    """A testbench and the design that it is simulated with.

    Attributes:
        file: the testbench, absolute.
        design: with the testbench among its sources, and the root of the design alone.
        top: the testbench's top module.
        tops: modules of the design that the testbench instantiates.
        instance: name of the first such instance.
        modules: of the design, those that the testbench's file declares for itself left out.
    """

    file: Path
    design: Design
    top: str
    tops: tuple[str, ...]
    instance: str
    modules: frozenset[str]
    own: frozenset[str]

    def is_of_design(self, bin_: Bin) -> bool:
        """Whether a bin belongs to the design rather than to the testbench."""
        if bin_.module in self.own:
            return False
        in_file = bin_.file == relative_name(self.file, self.design.root)
        return not in_file or bin_.module in self.modules

    def of_design(self, coverage: Coverage) -> Coverage:
        """The coverage without the testbench's own bins."""
        return Coverage({bin_: n for bin_, n in coverage.items() if self.is_of_design(bin_)})


def inspect(file: Path, design: Design, *, top: str | None = None) -> UserBench:
    """Reads a testbench together with the design that it belongs to.

    Args:
        file: the testbench.
        design: may hold the testbench among its sources already.
        top: the testbench's top module, None when it is to be found.

    Raises:
        SourceError: the testbench cannot be read, or the sources do not parse.
        TopError: the testbench's top is unknown or ambiguous, or drives nothing of the design.
    """
    file = file.resolve()
    check_source(file, dict(design.overlay))
    others = tuple(source for source in design.sources if source != file)
    design = replace(
        design,
        sources=(*others, file),
        include_dirs=tuple(dict.fromkeys((*design.include_dirs, file.parent))),
    )
    parsed = parse(design)
    modules = find_modules(parsed)
    bench = _top(file, modules, top)
    apart = {name for name, module in modules.items() if module.file != file} - {bench}
    tops = _driven(bench, modules, apart or set(modules) - {bench})
    if not tops:
        raise TopError(
            f"the testbench {bench!r} instantiates no module of the design",
            candidates=tuple(sorted(modules[bench].instantiates)),
            hint="add the file of the module that it instantiates",
        )
    of_design = frozenset(_below(tops, modules))
    return UserBench(
        file=file,
        design=design,
        top=bench,
        tops=tops,
        instance=_instance_name(parsed.tree.root, tops),
        modules=of_design,
        own=frozenset(n for n, module in modules.items() if module.file == file) - of_design,
    )


def _top(file: Path, modules: dict[str, Module], wanted: str | None) -> str:
    """The module of the testbench's file that nothing instantiates."""
    if wanted is not None:
        if wanted in modules:
            return wanted
        raise TopError(f"there is no module {wanted!r}", candidates=tuple(modules))
    used = {name for module in modules.values() for name in module.instantiates - {module.name}}
    inside = [name for name, module in modules.items() if module.file == file]
    roots = [name for name in inside if name not in used]
    benches = [name for name in roots if modules[name].is_testbench] or roots
    if len(benches) == 1:
        return benches[0]
    if not inside:
        raise TopError(
            f"{file.name} declares no module", hint="name the testbench first, then the design"
        )
    raise TopError(
        f"{len(benches)} modules of {file.name} can be the testbench's top",
        candidates=tuple(benches or inside),
        hint="choose one with --tb-top",
    )


def _driven(bench: str, modules: dict[str, Module], candidates: set[str]) -> tuple[str, ...]:
    """The first modules below the testbench's top that belong to the design."""
    found: dict[str, None] = {}
    seen = {bench}
    layer = [bench]
    while layer:
        names = sorted({n for m in layer for n in modules[m].instantiates if n in modules} - seen)
        seen.update(names)
        found.update(dict.fromkeys(name for name in names if name in candidates))
        layer = [name for name in names if name not in candidates]
    return tuple(found)


def _below(tops: tuple[str, ...], modules: dict[str, Module]) -> set[str]:
    """The modules and all that they instantiate."""
    found: set[str] = set()
    left = list(tops)
    while left:
        name = left.pop()
        if name in modules and name not in found:
            found.add(name)
            left.extend(modules[name].instantiates)
    return found


def _instance_name(root: SyntaxNode, tops: tuple[str, ...]) -> str:
    names: list[str] = []

    def take(node: SyntaxNode) -> None:
        if node.type.valueText in tops:  # type: ignore[attr-defined] # of HierarchyInstantiation
            names.extend(i.decl.name.valueText for i in node.instances if i.decl)  # type: ignore[attr-defined]

    root.visit(lookup_table={SyntaxKind.HierarchyInstantiation: take})
    return names[0] if names else ""
