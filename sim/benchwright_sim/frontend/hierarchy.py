"""The elaborated hierarchy as two flat views: its instances, and what drives each symbol.

slang gives every instance symbols of its own, so that one map over symbols crosses module
boundaries: the symbol inside an input port is driven by the expression connected to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyslang import SVInt, ast


@dataclass(frozen=True, slots=True)
class Gate:
    """A primitive (`not`, `and`, ...) as a driver of its output."""

    name: str
    inputs: tuple[ast.Expression, ...]


Driver = ast.Expression | ast.Symbol | Gate
"""What drives a symbol outside of procedures: an expression, a child's port or a gate."""


@dataclass(frozen=True, slots=True)
class Process:
    """A procedural block and the body of the instance that it stands in."""

    block: ast.ProceduralBlockSymbol
    body: ast.InstanceBodySymbol


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Everything below a top instance.

    Attributes:
        top: the top instance.
        instances: top first, depth first.
        processes: in the order of instances.
        drivers: of whole nets and variables, by continuous assignments, initial values of nets,
            port connections and gates.
        assigns: continuous assignments.
        parameters: of all modules, packages not among them.
        variables: variables and nets.
        subroutines: functions and tasks declared in modules.
    """

    top: ast.InstanceSymbol
    instances: list[ast.InstanceSymbol] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    drivers: dict[ast.Symbol, list[Driver]] = field(default_factory=dict)
    assigns: list[ast.ContinuousAssignSymbol] = field(default_factory=list)
    parameters: list[ast.ParameterSymbol] = field(default_factory=list)
    variables: list[ast.ValueSymbol] = field(default_factory=list)
    subroutines: list[ast.SubroutineSymbol] = field(default_factory=list)

    def path(self, instance: ast.InstanceSymbol) -> str:
        """Hierarchical path below the top, empty for the top itself."""
        return instance.hierarchicalPath[len(self.top.hierarchicalPath) + 1 :]

    def constant(self, expression: ast.Expression) -> int | None:
        """Value of a constant integral expression, as unsigned; None if it varies or has x or z."""
        return unsigned(expression.eval(ast.EvalContext(self.top.body)).value)

    def is_unknown(self, expression: ast.Expression) -> bool:
        """Whether an expression is a constant with x or z bits."""
        number = expression.eval(ast.EvalContext(self.top.body)).value
        return isinstance(number, SVInt) and number.hasUnknown


def walk_hierarchy(top: ast.InstanceSymbol) -> Hierarchy:
    """Collects the hierarchy below `top`."""
    hierarchy = Hierarchy(top)
    pending = [top]
    while pending:
        instance = pending.pop()
        hierarchy.instances.append(instance)
        children = [_visit(member, instance, hierarchy) for member in _members(instance.body)]
        pending.extend(reversed([child for child in children if child is not None]))
    return hierarchy


def unsigned(number: object) -> int | None:
    """A constant's value as a non-negative number; None unless integral and without x and z."""
    if not isinstance(number, SVInt) or number.hasUnknown:
        return None
    return int(number) % (1 << number.bitWidth)


def strip(expression: ast.Expression) -> ast.Expression:
    """The expression without conversions, which change width or sign but not origin."""
    while isinstance(expression, ast.ConversionExpression):
        expression = expression.operand
    return expression


def named(expression: ast.Expression) -> ast.Symbol | None:
    """The symbol when the expression is just that, conversions aside."""
    inner = strip(expression)
    return inner.symbol if isinstance(inner, ast.ValueExpressionBase) else None


def _members(scope: Iterable[ast.Symbol]) -> Iterator[ast.Symbol]:
    """Members of a body, those of generate blocks and instance arrays among them."""
    for member in scope:
        if isinstance(
            member,
            ast.GenerateBlockSymbol | ast.GenerateBlockArraySymbol | ast.InstanceArraySymbol,
        ):
            if not member.isUninstantiated:
                yield from _members(member)
        else:
            yield member


def _visit(
    member: ast.Symbol, instance: ast.InstanceSymbol, hierarchy: Hierarchy
) -> ast.InstanceSymbol | None:
    """Takes a member into the hierarchy; returns it when it is an instance to go into."""
    if isinstance(member, ast.InstanceSymbol):
        _connect(member, hierarchy)
        return member
    if isinstance(member, ast.ProceduralBlockSymbol):
        hierarchy.processes.append(Process(member, instance.body))
    elif isinstance(member, ast.ContinuousAssignSymbol):
        hierarchy.assigns.append(member)
        if isinstance(member.assignment, ast.AssignmentExpression):
            _drive(member.assignment.left, member.assignment.right, hierarchy)
    elif isinstance(member, ast.NetSymbol | ast.VariableSymbol):
        hierarchy.variables.append(member)
        if isinstance(member, ast.NetSymbol) and member.initializer is not None:
            hierarchy.drivers.setdefault(member, []).append(member.initializer)
    elif isinstance(member, ast.SubroutineSymbol):
        hierarchy.subroutines.append(member)
    elif isinstance(member, ast.PrimitiveInstanceSymbol):
        _take_gate(member, hierarchy)
    elif isinstance(member, ast.ParameterSymbol):
        hierarchy.parameters.append(member)
    return None


def _connect(instance: ast.InstanceSymbol, hierarchy: Hierarchy) -> None:
    for connection in instance.portConnections:
        port, expression = connection.port, connection.expression
        if not isinstance(port, ast.PortSymbol) or expression is None:
            continue
        inside = port.internalSymbol
        if inside is None:
            continue
        if isinstance(expression, ast.AssignmentExpression):
            _drive(expression.left, inside, hierarchy)
        else:
            hierarchy.drivers.setdefault(inside, []).append(expression)


def _take_gate(gate: ast.PrimitiveInstanceSymbol, hierarchy: Hierarchy) -> None:
    terminals = [
        terminal.left if isinstance(terminal, ast.AssignmentExpression) else terminal
        for terminal in gate.portConnections
    ]
    name = gate.primitiveType.name
    n_outputs = len(terminals) - 1 if name in {"buf", "not"} else 1
    inputs = tuple(terminals[n_outputs:])
    for output in terminals[:n_outputs]:
        _drive(output, Gate(name, inputs), hierarchy)


def _drive(left: ast.Expression, driver: Driver, hierarchy: Hierarchy) -> None:
    symbol = named(left)
    if symbol is not None:
        hierarchy.drivers.setdefault(symbol, []).append(driver)
