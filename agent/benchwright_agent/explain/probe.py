"""Probes: small modules bound into a design that sample guards and say at the end what they saw.

One line a probe is printed when the simulation ends, since a run keeps little of what is printed.
Sampled is at the clock of the procedure that a guard stands in, else of its module, before the
clock's edge. Where a module has no clock, or its guards read it, that is whenever something
changes, passing values among them. What combinational code sees between two edges is not sampled.
A guard counts only where the guards around it hold, as far as those can be sampled.

Limits, those of `bind` as for the checkers of `benchwright_sim.fsm`: names of generate blocks,
procedures, loops and functions are not known to a probe, and calls might have effects; such
guards are left out. Values are 63 bits wide at most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyslang import ast

from benchwright_agent.explain.explanation import Guard
from benchwright_agent.explain.recorder import Outline
from benchwright_agent.explain.route import Route
from benchwright_agent.explain.scope import Scope
from benchwright_agent.explain.visible import constant, is_visible, signals_in, text_of
from benchwright_sim.frontend.hierarchy import strip, unsigned
from benchwright_sim.identifiers import is_identifier

MAX_LINES = 400
"""That all probes print together, one for each instance that a probe is bound into."""

N_DISTINCT = 8
"""Different values of a signal that are kept."""

TAG = "benchwright-probe"

_MAX_WIDTH = 63
_MAX_COMPARISONS = 4
_COMPARISONS = frozenset(
    {
        ast.BinaryOperator.Equality,
        ast.BinaryOperator.Inequality,
        ast.BinaryOperator.CaseEquality,
        ast.BinaryOperator.CaseInequality,
        ast.BinaryOperator.LessThan,
        ast.BinaryOperator.LessThanEqual,
        ast.BinaryOperator.GreaterThan,
        ast.BinaryOperator.GreaterThanEqual,
    }
)

_SAMPLER = """\
module benchwright_{kind}{suffix} #(parameter int ID = 0) ({ports});
{state}
  always @({event}) if ({on}) begin
{body}
  end
  final {show}
endmodule
"""

Kind = Literal["guard", "value", "near"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a probe is about.

    Attributes:
        guards: down to the one that is sampled, outermost first.
        kind: what is sampled of it.
        text: of what is sampled, empty for the guard itself.
        labels: names of values, those of an enum.
    """

    guards: tuple[Guard, ...]
    kind: Kind
    text: str = ""
    labels: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is sampled: expressions for the ports of a probe."""

    kind: Kind
    ports: tuple[str, ...]
    text: str = ""
    labels: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes two probes the same."""

    module: str
    clock: tuple[str, str] | None
    on: str
    kind: Kind
    sampled: tuple[str, ...]


@dataclass(slots=True)
class Probes:
    """Probes of one design.

    Attributes:
        targets: of each probe, by its number.
        n_left_out: guards for which there was no room.
    """

    targets: dict[int, list[Target]] = field(default_factory=dict)
    n_left_out: int = 0
    _numbers: dict[_Key, int] = field(default_factory=dict)
    _n_lines: int = 0

    def add(self, route: Route, outline: Outline, n_instances: int) -> None:
        """Probes the guards of a route through a module that has so many instances."""
        clock = _clock(route, outline)
        if clock is not None and clock[1] in {symbol.name for symbol in route.symbols()}:
            clock = None
        module = outline.body.name
        conditions: list[str] = []
        for number, scope in enumerate(route.scopes):
            guard = scope.guard
            if guard is None or guard.constant is not None:
                continue
            on = " && ".join(conditions) or "1'b1"
            guards = route.way.guards[: number + 1]
            for sample in _samples(scope, outline):
                key = _Key(module, clock, on, sample.kind, sample.ports)
                target = Target(guards, sample.kind, sample.text, sample.labels)
                self._take(key, target, n_instances)
            if scope.condition:
                conditions.append(scope.condition)

    def _take(self, key: _Key, target: Target, n_instances: int) -> None:
        if key not in self._numbers:
            if self._n_lines + n_instances > MAX_LINES:
                self.n_left_out += key.kind == "guard"
                return
            self._n_lines += n_instances
            self._numbers[key] = len(self._numbers)
        targets = self.targets.setdefault(self._numbers[key], [])
        if target not in targets:
            targets.append(target)

    def text(self, without: Iterable[int] = ()) -> tuple[str, Mapping[int, int]]:
        """The source of all probes, and the number of the probe of each line (from 1)."""
        if not self._numbers:
            return "", {}
        left_out = set(without)
        lines = ["/* verilator coverage_off */", *_modules().splitlines()]
        numbers: dict[int, int] = {}
        for key, number in self._numbers.items():
            if number not in left_out:
                lines.append(_bind(key, number))
                numbers[len(lines)] = number
        return "\n".join([*lines, "/* verilator coverage_on */", ""]), numbers


def _samples(scope: Scope, outline: Outline) -> Iterator[_Sample]:
    """What can be sampled of one guard: itself, its comparisons, the signals that it reads."""
    if scope.condition:
        yield _Sample("guard", (scope.condition,))
    for left, right, text in _compared(scope, outline):
        yield _Sample("near", (left, right), text)
    names: set[str] = set()
    for expression in scope.reads:
        for symbol in signals_in(expression):
            path = symbol.hierarchicalPath[len(outline.body.hierarchicalPath) + 1 :]
            if (
                isinstance(symbol, ast.ValueSymbol)
                and path == symbol.name
                and symbol.name not in names
                and not symbol.parentScope.isProceduralContext
                and symbol.type.isIntegral
                and symbol.type.bitWidth <= _MAX_WIDTH
            ):
                names.add(symbol.name)
                yield _Sample("value", (_name(symbol.name),), symbol.name, _labels(symbol))


def _labels(symbol: ast.ValueSymbol) -> tuple[tuple[int, str], ...]:
    kind = symbol.type.canonicalType
    if not isinstance(kind, ast.EnumType):
        return ()
    members = [member for member in kind if isinstance(member, ast.EnumValueSymbol)]
    values = [(unsigned(member.value.value), member.name) for member in members]
    return tuple((value, name) for value, name in values if value is not None)


def _compared(scope: Scope, outline: Outline) -> Iterator[tuple[str, str, str]]:
    """The sides of comparisons in a guard, at least one of which varies."""
    guard = scope.guard
    found: list[tuple[ast.Expression, ast.Expression, str]] = []
    for expression in scope.reads:
        nodes: list[ast.BinaryExpression] = []
        expression.visit(lookup_table={ast.ExpressionKind.BinaryOp: nodes.append})
        found += [(n.left, n.right, text_of(n)) for n in nodes if n.op in _COMPARISONS]
    if guard is not None and guard.kind == "case" and guard.compare == "==" and guard.wanted:
        selector, *labels = scope.reads
        found += [(selector, e, f"{text_of(selector)} == {text_of(e)}") for e in labels]
    body = outline.body
    for left, right, text in found[:_MAX_COMPARISONS]:
        sides = (left, right)
        fit = all(
            is_visible(side, body) and strip(side).type.bitWidth <= _MAX_WIDTH for side in sides
        )
        if fit and any(constant(side, body) is None for side in sides):
            signed = all(side.type.isSigned for side in sides)
            first, second = (
                text_of(side) if signed else f"$unsigned({text_of(side)})" for side in sides
            )
            yield first, second, text


def _clock(route: Route, outline: Outline) -> tuple[str, str] | None:
    """The clock to sample a route's guards at: its own, else the most used one of the module."""
    for scope in reversed(route.scopes):
        if scope.activity is not None and scope.activity.clock and scope.activity.clock[1]:
            return scope.activity.clock
    clocks = Counter(
        write.scope.activity.clock
        for write in outline.writes
        if write.scope.activity is not None
        and write.scope.activity.clock is not None
        and write.scope.activity.clock[1]
    )
    return clocks.most_common(1)[0][0] if clocks else None


def _bind(key: _Key, number: int) -> str:
    ports = [f".on({key.on})"]
    ports += [f".v{n}({text})" for n, text in enumerate(key.sampled)]
    suffix = "_free"
    if key.clock is not None:
        edge, clock = key.clock
        suffix = ""
        ports.append(f".clk({clock if edge == 'posedge' else f'~({clock})'})")
    name = f"benchwright_probe_{number}"
    kind = f"benchwright_{key.kind}{suffix}"
    return f"bind {_name(key.module)} {kind} #(.ID({number})) {name} ({', '.join(ports)});"


def _name(name: str) -> str:
    """A name of the design, escaped where it is no identifier or a keyword."""
    return name if is_identifier(name) else f"\\{name} "


def _modules() -> str:
    """The modules of all kinds of probes, with and without a clock."""
    return "".join(
        _module(kind, clocked=clocked)
        for kind in ("guard", "value", "near")
        for clocked in (True, False)
    )


_STATE = {
    "guard": "  longint unsigned met = 0, missed = 0;",
    "value": f"""\
  longint low = 0, high = 0;
  longint seen [{N_DISTINCT}];
  int n = 0;
  bit more = 0, known;""",
    "near": """\
  longint a = 0, b = 0;
  longint unsigned nearest = 0, away;
  int bits = 64, differ;
  bit any = 0;""",
}

_BODY = {
    "guard": "    if (v0) met = met + 1; else missed = missed + 1;",
    "value": f"""\
    if (n == 0 || v0 < low) low = v0;
    if (n == 0 || v0 > high) high = v0;
    known = 0;
    for (int i = 0; i < n; i++) if (seen[i] == v0) known = 1;
    if (!known && n < {N_DISTINCT}) begin seen[n] = v0; n = n + 1; end
    else if (!known) more = 1;""",
    "near": """\
    away = v0 > v1 ? v0 - v1 : v1 - v0;
    differ = $countones(v0 ^ v1);
    if (!any || away < nearest) begin nearest = away; a = v0; b = v1; any = 1; end
    if (differ < bits) bits = differ;""",
}

_SHOW = {
    "guard": f'$display("{TAG} %0d guard %0d %0d", ID, met, missed);',
    "value": f"""\
begin
    $write("{TAG} %0d value %0d %0d %0d", ID, more, low, high);
    for (int i = 0; i < n; i++) $write(" %0d", seen[i]);
    $display("");
  end""",
    "near": f"""\
if (any) $display("{TAG} %0d near %0d %0d %0d %0d", ID, a, b, nearest, bits);""",
}


def _module(kind: Kind, *, clocked: bool) -> str:
    values = {"guard": ["v0"], "value": ["v0"], "near": ["v0", "v1"]}[kind]
    typ = "logic" if kind == "guard" else "longint"
    ports = [f"input {typ} {name}" for name in values]
    body = _BODY[kind]
    if clocked:
        ports.insert(0, "input logic clk")
        body = re.sub(r"\b(v[01])\b", r"$sampled(\1)", body)
    on = "$sampled(on)" if clocked else "on"
    return _SAMPLER.format(
        kind=kind,
        suffix="" if clocked else "_free",
        ports=", ".join(["input logic on", *ports]),
        state=_STATE[kind],
        event="posedge clk" if clocked else " or ".join(["on", *values]),
        on=on,
        body=body,
        show=_SHOW[kind],
    )
