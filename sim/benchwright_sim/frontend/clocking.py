"""Clocks and resets of a top module, from how the design uses its inputs.

A clock is what event controls with an edge wait for. An asynchronous reset is in the event list of
a procedure that tests it before all else. A synchronous reset is tested in a clocked procedure and
makes registers constant. Names decide only where use leaves a choice: between the operands of a
gated clock, and whether an input that loads constants is a reset (`clear`) or data (`load_zero`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyslang import ast

from benchwright_sim.errors import ParameterError
from benchwright_sim.frontend.events import Clocked, clocked_parts, first_statement
from benchwright_sim.frontend.hierarchy import Hierarchy
from benchwright_sim.frontend.tracing import Leaf, Tracer, sole
from benchwright_sim.interface import Clock, Edge, Reset, Signal

_CLOCK_NAME = re.compile(r"cl(oc)?k|^(.*_)?ck(_.*)?$|^[crw]ck$", re.IGNORECASE)
_RESET_NAME = re.compile(
    r"rst|reset|^(.*_)?(n?rs|n?clr|clear|init|por)(_n|_?ni?|_i|_b)?$", re.IGNORECASE
)
_ENABLE_NAME = re.compile(
    r"^(.*_)?(en|ena|enable|ce|load|ld|start|valid|vld|we|wr|rd|sel|mode|up|down)(_.*)?$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Evidence:
    """What uses say of inputs: levels after clock edges, and votes for reset levels.

    Votes are counted per input, then level. `joint` are those of conditions that take other
    inputs as well; `unnamed` are the first tests of clocked procedures, whatever the names.
    """

    edges: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    asynchronous: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    synchronous: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    joint: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    unnamed: list[frozenset[Leaf]] = field(default_factory=list)

    def vote(self, leaves: frozenset[Leaf]) -> None:
        """Counts leaves with the name of a reset as synchronous resets."""
        for leaf in leaves:
            if _RESET_NAME.search(leaf.name):
                votes = self.synchronous if leaf.alone else self.joint
                votes[leaf.name][leaf.level] += 1


def infer_clocking(
    hierarchy: Hierarchy, signals: tuple[Signal, ...]
) -> tuple[tuple[Clock, ...], tuple[Reset, ...]]:
    """Clocks and resets among `signals`, in their order."""
    tracer = Tracer(hierarchy)
    parts = [part for process in hierarchy.processes for part in clocked_parts(process)]
    evidence = _Evidence()
    _find_clocks(parts, tracer, evidence)
    for part in parts:
        _find_asynchronous(part, tracer, evidence, hierarchy)
        _find_synchronous(part, tracer, evidence, hierarchy)
    if evidence.edges:
        _find_combinational(hierarchy, tracer, evidence)
    if not (evidence.asynchronous or evidence.synchronous or evidence.joint):
        _settle_unnamed(evidence)
    return _clocks(evidence, signals), _resets(evidence, signals)


def override_clocking(
    clocks: tuple[Clock, ...],
    resets: tuple[Reset, ...],
    given: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, int], ...]],
    signals: tuple[Signal, ...],
) -> tuple[tuple[Clock, ...], tuple[Reset, ...]]:
    """Puts the clocks and the resets that the user declares in the place of those inferred.

    Raises:
        ParameterError: a declared name is no input of one bit.
    """
    legal = tuple(s.name for s in signals if s.direction == "input" and s.width == 1)
    edges, levels = dict(given[0]), dict(given[1])
    for name in (*edges, *levels):
        if name not in legal:
            raise ParameterError(
                f"{name!r} is no one-bit input",
                hint=f"legal clocks and resets: {', '.join(legal) or 'none'}",
            )
    if edges:
        clocks = tuple(Clock(name, _edge_text(edges[name])) for name in legal if name in edges)
        resets = tuple(reset for reset in resets if reset.signal not in edges)
    if levels:
        kinds = {reset.signal: reset.asynchronous for reset in resets}
        resets = tuple(
            Reset(name, levels[name], kinds.get(name, False)) for name in legal if name in levels
        )
        clocks = tuple(clock for clock in clocks if clock.signal not in levels)
    return clocks, resets


def _edge_text(text: str) -> Edge:
    return "both" if text == "both" else "negedge" if text == "negedge" else "posedge"


def _find_clocks(parts: list[Clocked], tracer: Tracer, evidence: _Evidence) -> None:
    gated: list[frozenset[Leaf]] = []
    for event in dict.fromkeys(event for part in parts for event in part.clocks):
        for level in event.edges:
            leaves = tracer.asserters(event.expression, level)
            if len({leaf.name for leaf in leaves}) == 1:
                for leaf in leaves:
                    evidence.edges[leaf.name].add(leaf.level)
            elif leaves:
                gated.append(leaves)
    for leaves in gated:
        for leaf in _clocks_among(leaves, evidence):
            evidence.edges[leaf.name].add(leaf.level)


def _clocks_among(leaves: frozenset[Leaf], evidence: _Evidence) -> list[Leaf]:
    """Which operands of a gated or selected clock are clocks."""
    ordered = sorted(leaves)
    chosen = [
        leaf
        for leaf in ordered
        if leaf.name in evidence.edges
        or (_CLOCK_NAME.search(leaf.name) and not _ENABLE_NAME.search(leaf.name))
    ]
    return chosen or ordered


def _find_asynchronous(
    part: Clocked, tracer: Tracer, evidence: _Evidence, hierarchy: Hierarchy
) -> None:
    first = first_statement(part.body)
    for event in part.resets:
        constant = isinstance(first, ast.ConditionalStatement) and _makes_constant(
            first.ifTrue, hierarchy
        )
        for leaf in _certain(tracer.asserters(event.expression, event.edges[-1])):
            if constant or _RESET_NAME.search(leaf.name):
                evidence.asynchronous[leaf.name][leaf.level] += 1


def _find_synchronous(
    part: Clocked, tracer: Tracer, evidence: _Evidence, hierarchy: Hierarchy
) -> None:
    """Resets among the conditions that a clocked procedure tests on its outermost level."""
    for number, statement in enumerate(_outermost(part.body, skip_tests=len(part.resets))):
        if isinstance(statement, ast.ConditionalStatement):
            leaves = tracer.asserters(statement.conditions[0].expr, 1)
            constant = _makes_constant(statement.ifTrue, hierarchy)
        else:
            leaves, constant = _selected(statement, tracer, hierarchy), True
        if constant:
            evidence.vote(leaves)
        if number == 0 and not part.resets:
            alone = frozenset(leaf for leaf in leaves if leaf.alone)
            evidence.unnamed.append(alone if constant else frozenset())


def _find_combinational(hierarchy: Hierarchy, tracer: Tracer, evidence: _Evidence) -> None:
    """Resets of registers whose next values a combinational procedure computes."""
    for process in hierarchy.processes:
        if any(True for _ in clocked_parts(process)):
            continue
        body = process.block.body
        if isinstance(body, ast.TimedStatement):
            body = body.stmt
        for statement in _outermost(body, skip_tests=0):
            if isinstance(statement, ast.ConditionalStatement) and _makes_constant(
                statement.ifTrue, hierarchy
            ):
                evidence.vote(tracer.asserters(statement.conditions[0].expr, 1))


def _certain(leaves: frozenset[Leaf]) -> list[Leaf]:
    """Leaves that are enough alone; else those whose name says reset."""
    ordered = sorted(leaves)
    return [leaf for leaf in ordered if leaf.alone] or [
        leaf for leaf in ordered if _RESET_NAME.search(leaf.name)
    ]


def _outermost(body: ast.Statement, *, skip_tests: int) -> Iterator[ast.Statement]:
    """Statements of a procedure's outermost level, behind `skip_tests` leading conditions."""
    statement = sole(body)
    for _ in range(skip_tests):
        first = first_statement(statement)
        if not isinstance(first, ast.ConditionalStatement) or first.ifFalse is None:
            break
        statement = sole(first.ifFalse)
    statements = statement.list if isinstance(statement, ast.StatementList) else [statement]
    for item in statements:
        if isinstance(item, ast.ForLoopStatement):
            yield from _outermost(item.body, skip_tests=0)
        elif not isinstance(item, ast.VariableDeclStatement):
            yield item
        yield from _else_ifs(item)


def _else_ifs(statement: ast.Statement) -> Iterator[ast.ConditionalStatement]:
    while isinstance(statement, ast.ConditionalStatement) and statement.ifFalse is not None:
        statement = sole(statement.ifFalse)
        if isinstance(statement, ast.ConditionalStatement):
            yield statement


def _selected(statement: ast.Statement, tracer: Tracer, hierarchy: Hierarchy) -> frozenset[Leaf]:
    """Asserters of the condition of `q <= rst ? 0 : d`."""
    if not isinstance(statement, ast.ExpressionStatement):
        return frozenset()
    assignment = statement.expr
    if not isinstance(assignment, ast.AssignmentExpression):
        return frozenset()
    value = assignment.right
    while isinstance(value, ast.ConversionExpression):
        value = value.operand
    if not isinstance(value, ast.ConditionalExpression):
        return frozenset()
    condition = value.conditions[0].expr
    if hierarchy.constant(value.left) is not None:
        return tracer.asserters(condition, 1)
    if hierarchy.constant(value.right) is not None:
        return tracer.asserters(condition, 0)
    return frozenset()


def _makes_constant(branch: ast.Statement, hierarchy: Hierarchy) -> bool:
    """Whether most assignments of a branch give constants."""
    found: list[ast.AssignmentExpression] = []
    branch.visit(lookup_table={ast.ExpressionKind.Assignment: found.append})
    constant = [a for a in found if _is_constant(a.right, hierarchy)]
    return bool(found) and 2 * len(constant) > len(found)


def _is_constant(expression: ast.Expression, hierarchy: Hierarchy) -> bool:
    value = expression.eval(ast.EvalContext(hierarchy.top.body)).value
    return value is not None


def _settle_unnamed(evidence: _Evidence) -> None:
    """Takes an input for a reset, whatever its name, when all registers test it first."""
    if not evidence.unnamed:
        return
    common = frozenset.intersection(*evidence.unnamed)
    for leaf in common:
        if leaf.name not in evidence.edges and not _ENABLE_NAME.search(leaf.name):
            evidence.synchronous[leaf.name][leaf.level] += 1


def _clocks(evidence: _Evidence, signals: tuple[Signal, ...]) -> tuple[Clock, ...]:
    clocks = []
    for signal in signals:
        levels = evidence.edges.get(signal.name, set())
        if levels and signal.width == 1 and signal.name not in evidence.asynchronous:
            edge: Edge = "both" if len(levels) == 2 else "posedge" if 1 in levels else "negedge"
            clocks.append(Clock(signal.name, edge))
    return tuple(clocks)


def _resets(evidence: _Evidence, signals: tuple[Signal, ...]) -> tuple[Reset, ...]:
    resets = []
    for signal in signals:
        name = signal.name
        kinds = (evidence.asynchronous, evidence.synchronous, evidence.joint)
        votes = next((kind[name] for kind in kinds if name in kind), None)
        is_clock = name in evidence.edges and name not in evidence.asynchronous
        if votes and signal.width == 1 and not is_clock:
            level = max(votes, key=lambda level: (votes[level], level))
            resets.append(Reset(name, level, name in evidence.asynchronous))
    return tuple(resets)
