"""Sources to syntax, with pyslang, as Verilator would read them.

All sources are one compilation unit: a macro defined in one file holds in those after it. The
macros that Verilator predefines are defined. `.v` sources that do not parse with the keywords of
SystemVerilog are tried with those of IEEE 1364-2005 (IEEE 1800-2017 clause 22.14), so that `do`,
`bit` or `final` may be names there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyslang import Bag, SourceBuffer, SourceManager
from pyslang.ast import CompilationFlags, CompilationOptions
from pyslang.parsing import PreprocessorOptions
from pyslang.syntax import SyntaxTree

from benchwright_sim.design import Design
from benchwright_sim.errors import Location, SourceError
from benchwright_sim.frontend.diagnostics import Finding, Places, raise_first_error

_VERILATOR_MACROS = {
    "VERILATOR": "1",
    "verilator": "1",
    "verilator3": "1",
    "SYSTEMVERILOG": "1",
}
_SLANG_MACROS = ["__slang__", "__slang_major__", "__slang_minor__"]
_LEGACY_START = '`begin_keywords "1364-2005"\n'
_LEGACY_END = "\n`end_keywords\n"
_FLAGS = (
    CompilationFlags.AllowUseBeforeDeclare
    | CompilationFlags.AllowHierarchicalConst
    | CompilationFlags.RelaxEnumConversions
    | CompilationFlags.RelaxStringConversions
    | CompilationFlags.AllowRecursiveImplicitCall
    | CompilationFlags.AllowBareValParamAssignment
    | CompilationFlags.AllowSelfDeterminedStreamConcat
    | CompilationFlags.AllowMergingAnsiPorts
    | CompilationFlags.AllowUnnamedGenerate
    | CompilationFlags.AllowArrayConcatAssignPattern
    | CompilationFlags.AllowTopLevelIfacePorts
    | CompilationFlags.DisableInstanceCaching
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A design's syntax.

    Attributes:
        design: with `legacy_keywords` set when they were needed.
        tree: all sources as one compilation unit.
        options: with which the tree was read.
        places: where its parts stand.
        findings: what the parser has to say; none is an error.
    """

    design: Design
    tree: SyntaxTree
    options: Bag
    places: Places
    findings: tuple[Finding, ...]


def parse(design: Design, extra: Iterable[Path] = ()) -> Parsed:
    """Reads the sources, the `-v` files and `extra` files as one unit.

    Raises:
        SourceError: they do not parse.
    """
    files = (*design.sources, *design.library_files, *extra)
    parsed = _read(design, files, legacy=False)
    if _has_error(parsed) and any(file.suffix == ".v" for file in files):
        again = _read(dataclasses.replace(design, legacy_keywords=True), files, legacy=True)
        parsed = parsed if _has_error(again) else again
    raise_first_error(parsed.findings)
    return parsed


def _has_error(parsed: Parsed) -> bool:
    return any(finding.is_error for finding in parsed.findings)


def _read(design: Design, files: Iterable[Path], *, legacy: bool) -> Parsed:
    manager = SourceManager()
    manager.setDisableProximatePaths(True)
    for file, text in design.overlay:
        manager.assignText(str(file), text)
    options = _options(design)
    buffers: list[SourceBuffer] = []
    for number, file in enumerate(files):
        source = _buffer(manager, file)
        if legacy and file.suffix == ".v":
            start = manager.assignText(f"<keywords {number}>", _LEGACY_START)
            end = manager.assignText(f"<keywords end {number}>", _LEGACY_END)
            buffers.extend((start, source, end))
        else:
            buffers.append(source)
    tree = SyntaxTree.fromBuffers(buffers, manager, options)
    places = Places(manager)
    return Parsed(design, tree, options, places, places.findings(tree.diagnostics))


def _buffer(manager: SourceManager, file: Path) -> SourceBuffer:
    try:
        return manager.readSource(file)
    except RuntimeError as error:
        raise SourceError(
            f"cannot read the file: {error}", location=Location(file), hint="check the path"
        ) from error


def _options(design: Design) -> Bag:
    preprocessor = PreprocessorOptions()
    macros = {**_VERILATOR_MACROS, **dict(design.defines)}
    preprocessor.predefines = [f"{name}={value}" for name, value in macros.items()]
    preprocessor.undefines = _SLANG_MACROS
    preprocessor.additionalIncludePaths = list(design.include_dirs)
    compilation = CompilationOptions()
    compilation.flags = _FLAGS
    options = Bag()
    options.preprocessorOptions = preprocessor
    options.compilationOptions = compilation
    return options
