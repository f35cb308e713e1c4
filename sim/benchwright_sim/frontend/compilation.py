"""Syntax to an elaborated top instance, with the user's parameters applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyslang import Bag, ast

from benchwright_sim.errors import ParameterError, SourceError
from benchwright_sim.frontend.diagnostics import Finding, raise_first_error
from benchwright_sim.frontend.parsing import Parsed

_LEGAL_VALUE = "write it as SystemVerilog: 8, 4'hF, 3'b101, \"text\""


@dataclass(frozen=True, slots=True)
class Compiled:
    """An elaborated top.

    Attributes:
        compilation: owns everything below `top`; keep it as long as that is used.
        top: the top instance.
        findings: diagnostics, none of them an error.
    """

    compilation: ast.Compilation
    top: ast.InstanceSymbol
    findings: tuple[Finding, ...]


def compile_top(parsed: Parsed, name: str) -> Compiled:
    """Elaborates module `name` as the top.

    Raises:
        SourceError: the design does not elaborate.
        ParameterError: a parameter that the user sets does not exist, has no legal value, or one
            that needs a value has none.
    """
    compilation = ast.Compilation(_options(parsed, name))
    compilation.addSyntaxTree(parsed.tree)
    instances = list(compilation.getRoot().topInstances)
    findings = parsed.places.findings(compilation.getSemanticDiagnostics())
    if not instances:
        raise_first_error(findings)
        raise SourceError(f"module {name!r} cannot be the top", hint="choose another with --top")
    top = instances[0]
    _check_names(top, parsed)
    _check_values(findings, parsed)
    _check_complete(top, parsed)
    raise_first_error(findings)
    return Compiled(compilation, top, findings)


def _options(parsed: Parsed, top: str) -> Bag:
    options = ast.CompilationOptions()
    options.flags = parsed.options.compilationOptions.flags | ast.CompilationFlags.AllowInvalidTop
    options.topModules = {top}
    options.paramOverrides = [f"{name}={value}" for name, value in parsed.design.parameters]
    bag = Bag()
    bag.compilationOptions = options
    bag.preprocessorOptions = parsed.options.preprocessorOptions
    return bag


def _check_names(top: ast.InstanceSymbol, parsed: Parsed) -> None:
    legal = [
        parameter.name
        for parameter in top.body.parameters
        if isinstance(parameter, ast.ParameterSymbol) and not parameter.isLocalParam
    ]
    for name, _ in parsed.design.parameters:
        if name not in legal:
            raise ParameterError(
                f"module {top.name!r} has no parameter {name!r} that can be set",
                location=parsed.places.location(top.definition.location),
                hint=f"its parameters: {', '.join(legal) or 'none'}",
            )


def _check_values(findings: Sequence[Finding], parsed: Parsed) -> None:
    """Values of the user's parameters are source text without a file."""
    for finding in findings:
        given = not finding.location.file.is_file() and parsed.design.parameters
        if finding.is_error and given:
            texts = ", ".join(f"{name}={value}" for name, value in parsed.design.parameters)
            raise ParameterError(f"{finding.message} (in {texts})", hint=_LEGAL_VALUE)


def _check_complete(top: ast.InstanceSymbol, parsed: Parsed) -> None:
    for parameter in top.body.parameters:
        if isinstance(parameter, ast.ParameterSymbol) and parameter.value.value is None:
            place = parsed.places.location(parameter.location)
            if parameter.initializer is None and parameter.name not in dict(
                parsed.design.parameters
            ):
                raise ParameterError(
                    f"parameter {parameter.name!r} of module {top.name!r} has no value",
                    location=place,
                    hint=f"give it one: -G {parameter.name}=VALUE",
                )
