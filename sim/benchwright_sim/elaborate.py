"""A design elaborated by slang: its interface, hierarchy, state registers and literals."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pyslang import Bag, ast

from benchwright_sim.clocking import infer_clocking, override_clocking
from benchwright_sim.compile_order import compile_order
from benchwright_sim.design import Design
from benchwright_sim.diagnostics import Finding, raise_first_error
from benchwright_sim.elaboration import Elaboration, Instance
from benchwright_sim.errors import ParameterError, SourceError
from benchwright_sim.events import has_delays
from benchwright_sim.hierarchy import Hierarchy, walk_hierarchy
from benchwright_sim.interface import Interface
from benchwright_sim.literals import find_literals
from benchwright_sim.modules import find_modules, find_top
from benchwright_sim.parsing import Parsed, parse
from benchwright_sim.ports import find_ports, signals_of
from benchwright_sim.registers import find_state_registers


def elaborate(design: Design) -> Elaboration:
    """Parses and elaborates a design.

    Raises:
        SourceError: it does not parse or elaborate, or a module or include file is missing.
        TopError: the top is unknown or ambiguous.
        ParameterError: a parameter, clock or reset that the user names does not exist.
        UnsupportedError: the top has a port that cannot be driven.
    """
    parsed, name = _parse_with_libraries(design)
    top, findings = _elaborate_top(parsed, name)
    hierarchy = walk_hierarchy(top)
    ports = find_ports(top, parsed.places)
    signals = signals_of(name, ports)
    clocks, resets = override_clocking(
        *infer_clocking(hierarchy, signals), (design.clocks, design.resets), signals
    )
    literals = find_literals(hierarchy, signals)
    signals = tuple(
        dataclasses.replace(signal, literals=literals.by_signal.get(signal.name, ()))
        for signal in signals
    )
    return Elaboration(
        design=dataclasses.replace(parsed.design, top=name, sources=compile_order(parsed)),
        interface=Interface(name, design.parameters, ports, signals, clocks, resets),
        instances=tuple(_instance(symbol, hierarchy, parsed) for symbol in hierarchy.instances),
        state_registers=find_state_registers(hierarchy, resets, parsed.places),
        literals=literals.all,
        has_delays=has_delays(hierarchy),
        warnings=tuple(map(str, (*parsed.findings, *findings))),
    )


def _parse_with_libraries(design: Design) -> tuple[Parsed, str]:
    """Parses, adding files of `-y` folders until no module that they define is missing."""
    extra: list[Path] = []
    while True:
        parsed = parse(design, extra)
        modules = find_modules(parsed)
        missing = {
            name
            for module in modules.values()
            for name in module.instantiates
            if name not in modules
        }
        found = [file for name in sorted(missing) if (file := _in_library(design, name))]
        if not found or set(found) <= set(extra):
            return parsed, find_top(parsed, modules)
        extra.extend(file for file in found if file not in extra)


def _in_library(design: Design, module: str) -> Path | None:
    paths = (
        folder / f"{module}{extension}"
        for folder in design.library_dirs
        for extension in design.library_extensions
    )
    return next((path for path in paths if path.is_file()), None)


def _elaborate_top(parsed: Parsed, name: str) -> tuple[ast.InstanceSymbol, tuple[Finding, ...]]:
    compilation = _compile(parsed, name, parsed.design.parameters)
    instances = list(compilation.getRoot().topInstances)
    findings = parsed.places.findings(compilation.getSemanticDiagnostics())
    raise_first_error(findings)
    if not instances:
        raise SourceError(f"module {name!r} cannot be the top", hint="choose another with --top")
    _check_parameters(instances[0], parsed.design)
    return instances[0], findings


def _compile(parsed: Parsed, top: str, parameters: tuple[tuple[str, str], ...]) -> ast.Compilation:
    options = ast.CompilationOptions()
    options.flags = parsed.options.compilationOptions.flags
    options.topModules = {top}
    options.paramOverrides = [f"{name}={value}" for name, value in parameters]
    bag = Bag()
    bag.compilationOptions = options
    bag.preprocessorOptions = parsed.options.preprocessorOptions
    compilation = ast.Compilation(bag)
    compilation.addSyntaxTree(parsed.tree)
    return compilation


def _check_parameters(top: ast.InstanceSymbol, design: Design) -> None:
    legal = [p.name for p in top.body.parameters if not p.isLocalParam]
    for name, _ in design.parameters:
        if name not in legal:
            raise ParameterError(
                f"module {top.name!r} has no parameter {name!r}",
                hint=f"its parameters: {', '.join(legal) or 'none'}",
            )


def _instance(symbol: ast.InstanceSymbol, hierarchy: Hierarchy, parsed: Parsed) -> Instance:
    place = parsed.places.location(symbol.definition.location)
    parameters = tuple(
        (p.name, str(p.value)) for p in symbol.body.parameters if isinstance(p, ast.ParameterSymbol)
    )
    return Instance(
        hierarchy.path(symbol), symbol.definition.name, place.file, place.line, parameters
    )
