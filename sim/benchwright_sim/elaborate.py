"""A design elaborated by slang: its interface, hierarchy, state registers and literals."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from pyslang import ast

from benchwright_sim.design import Design
from benchwright_sim.elaboration import Elaboration, Instance
from benchwright_sim.frontend.clocking import infer_clocking, override_clocking
from benchwright_sim.frontend.compilation import compile_top
from benchwright_sim.frontend.compile_order import compile_order
from benchwright_sim.frontend.events import has_delays
from benchwright_sim.frontend.hierarchy import Hierarchy, walk_hierarchy
from benchwright_sim.frontend.literals import find_literals
from benchwright_sim.frontend.modules import design_files, find_modules, find_top, missing_names
from benchwright_sim.frontend.parsing import Parsed, parse
from benchwright_sim.frontend.ports import find_ports, signals_of
from benchwright_sim.frontend.registers import find_state_registers
from benchwright_sim.interface import Interface

_RECURSION_LIMIT = 20_000
"""slang nests statements and expressions up to 1,024 deep, and each level takes a few frames."""


def elaborate(design: Design) -> Elaboration:
    """Parses and elaborates a design.

    Raises:
        SourceError: it does not parse or elaborate, or a module or include file is missing.
        TopError: the top is unknown or ambiguous.
        ParameterError: a parameter, clock or reset that the user names does not exist.
        UnsupportedError: the top has a port that cannot be driven.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
    parsed, name = parse_with_libraries(design)
    compiled = compile_top(parsed, name)
    hierarchy = walk_hierarchy(compiled.top)
    ports = find_ports(compiled.top, parsed.places)
    signals = signals_of(name, ports)
    clocks, resets = override_clocking(
        *infer_clocking(hierarchy, signals), (design.clocks, design.resets), signals
    )
    literals = find_literals(hierarchy, signals)
    signals = tuple(
        dataclasses.replace(
            signal,
            literals=literals.by_signal.get(signal.name, ()),
            patterns=literals.patterns.get(signal.name, ()),
        )
        for signal in signals
    )
    return Elaboration(
        design=dataclasses.replace(parsed.design, top=name, sources=compile_order(parsed)),
        interface=Interface(name, design.parameters, ports, signals, clocks, resets),
        instances=tuple(_instance(symbol, hierarchy, parsed) for symbol in hierarchy.instances),
        state_registers=find_state_registers(hierarchy, resets, parsed.places),
        literals=literals.all,
        has_delays=has_delays(hierarchy),
        warnings=tuple(map(str, (*parsed.findings, *compiled.findings))),
    )


def parse_with_libraries(design: Design) -> tuple[Parsed, str]:
    """Parses, adding files named for modules and packages that are missing, while there are any.

    As Verilator does, these are looked for in `-y` folders and then in include folders, among
    which are those of the sources. What is found in the latter is part of the design.
    """
    extra: list[Path] = []
    while True:
        parsed = parse(design, extra)
        modules = find_modules(parsed)
        names = missing_names(parsed, modules)
        libraries = _named_files(names, design.library_dirs, design) - set(extra)
        beside = _named_files(names, design.include_dirs, design) - set(design.sources)
        if libraries:
            extra.extend(sorted(libraries))
        elif beside - set(extra):
            design = _with_sources(design, sorted(beside - set(extra)))
        else:
            top = find_top(parsed, modules)
            kept = dataclasses.replace(parsed.design, sources=design_files(parsed, modules, top))
            return dataclasses.replace(parsed, design=kept), top


def _named_files(names: Iterable[str], folders: Iterable[Path], design: Design) -> set[Path]:
    """The first file of each name in folders."""
    suffixes = design.library_extensions
    paths = {name: [d / f"{name}{s}" for d in folders for s in suffixes] for name in names}
    found = (next((path for path in paths[name] if path.is_file()), None) for name in paths)
    return {path for path in found if path is not None}


def _with_sources(design: Design, files: Iterable[Path]) -> Design:
    sources = (*design.sources, *files)
    root = Path(os.path.commonpath([file.parent for file in sources]))
    return dataclasses.replace(design, root=root, sources=sources)


def _instance(symbol: ast.InstanceSymbol, hierarchy: Hierarchy, parsed: Parsed) -> Instance:
    place = parsed.places.location(symbol.definition.location)
    parameters = tuple(
        (p.name, str(p.value)) for p in symbol.body.parameters if isinstance(p, ast.ParameterSymbol)
    )
    return Instance(
        hierarchy.path(symbol), symbol.definition.name, place.file, place.line, parameters
    )
