"""State registers and the arcs that the source assigns to them.

A register is one when every assignment to it is a constant, itself, or a variable of which the
same is true, and when conditions on the way to the assignments read it. Arcs come from running the
procedures on each state in turn with unknown inputs, resets held off: an arc exists when some way
through ends in the assignment. One, two and three procedures, continuous assignments, functions,
one-hot codes and reverse cases (`case (1'b1)`) are all just ways to write that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from pyslang import ast

from benchwright_sim.elaboration import StateRegister
from benchwright_sim.frontend.assignments import Assignments
from benchwright_sim.frontend.diagnostics import Places
from benchwright_sim.frontend.events import symbols_in
from benchwright_sim.frontend.flow import Flow, State, Values
from benchwright_sim.frontend.hierarchy import Driver, Hierarchy, Process, named
from benchwright_sim.frontend.states import find_states
from benchwright_sim.frontend.steps import Step, prune, read_by
from benchwright_sim.frontend.tracing import Tracer, combinational
from benchwright_sim.interface import Reset

MAX_STATES = 64
"""A register with more states is taken for data."""

MAX_WIDTH = 32
"""A wider register is taken for data."""

_RESET_NAME = re.compile(r"rst|reset", re.IGNORECASE)
_ACTIVE_LOW_NAME = re.compile(r"(_n|_ni|_b|n)(_?\d+)?$", re.IGNORECASE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def find_state_registers(
    hierarchy: Hierarchy, resets: tuple[Reset, ...], places: Places
) -> tuple[StateRegister, ...]:
    """State registers of every module, each module once, in order of instances."""
    by_body: dict[ast.Symbol, list[Process]] = defaultdict(list)
    for process in hierarchy.processes:
        by_body[process.body].append(process)
    finder = _Finder(hierarchy, resets, places)
    done: set[str] = set()
    found: list[StateRegister] = []
    for instance in hierarchy.instances:
        if instance.definition.name not in done and instance.body in by_body:
            done.add(instance.definition.name)
            found.extend(finder.find(Assignments(instance.body, by_body[instance.body])))
    return tuple(found)


class _Finder:
    """Recognises state registers of modules of one hierarchy."""

    def __init__(self, hierarchy: Hierarchy, resets: tuple[Reset, ...], places: Places) -> None:
        self._hierarchy = hierarchy
        self._resets = _Resets(Tracer(hierarchy), resets)
        self._places = places
        self._drivers: dict[ast.Symbol, list[Driver]] = {
            **combinational(hierarchy.processes),
            **hierarchy.drivers,
        }

    def find(self, assignments: Assignments) -> Iterator[StateRegister]:
        """State registers of one module, in the order of their first assignments."""
        for symbol in list(assignments.writes):
            if (
                isinstance(symbol, ast.VariableSymbol)
                and symbol.type.isIntegral
                and symbol.type.bitWidth <= MAX_WIDTH
                and assignments.is_register(symbol)
            ):
                register = self._recognise(symbol, assignments)
                if register is not None:
                    yield register

    def _recognise(
        self, symbol: ast.VariableSymbol, assignments: Assignments
    ) -> StateRegister | None:
        event = assignments.clock(symbol)
        names = find_states(symbol, assignments, self._hierarchy)
        if event is None or names is None or not 2 <= len(names) <= MAX_STATES:
            return None
        machine = _Machine(symbol, assignments, self._drivers, self._resets)
        arcs = tuple(machine.arcs(names)) if machine.depends_on_itself() else ()
        if not arcs:
            return None
        place = self._places.location(symbol.location)
        return StateRegister(
            module=assignments.body.definition.name,
            name=_local(symbol, assignments.body),
            width=symbol.type.bitWidth,
            clock=_text(event.expression, assignments.body),
            edge="posedge" if event.edges == (1,) else "negedge",
            reset=machine.reset_text(),
            states=tuple((name, value) for value, name in names.items()),
            arcs=arcs,
            file=place.file,
            line=place.line,
            column=place.column,
        )


class _Resets:
    """Tells what conditions are when no reset is asserted."""

    def __init__(self, tracer: Tracer, resets: tuple[Reset, ...]) -> None:
        self._tracer = tracer
        self._active = {reset.signal: reset.active for reset in resets}

    def off(self, condition: ast.Expression) -> bool | None:
        """The value of a name that is a reset and nothing else, out of reset; else None."""
        symbol = named(condition)
        return self.off_symbol(symbol) if symbol is not None else None

    def off_symbol(self, symbol: ast.Symbol) -> bool | None:
        """Likewise for a symbol."""
        if not isinstance(symbol, ast.ValueSymbol) or symbol.type.bitWidth != 1:
            return None
        names = self._tracer.sources(symbol)
        if names and names <= self._active.keys():
            leaves = self._tracer.asserters(symbol, 1)
            return any(self._active[leaf.name] != leaf.level for leaf in leaves)
        if names or not _RESET_NAME.search(symbol.name):
            return None
        return bool(_ACTIVE_LOW_NAME.search(symbol.name))


class _Machine:
    """A register and the procedures that compute its next value."""

    def __init__(
        self,
        register: ast.VariableSymbol,
        assignments: Assignments,
        drivers: Mapping[ast.Symbol, list[Driver]],
        resets: _Resets,
    ) -> None:
        self._register = register
        self._assignments = assignments
        self._drivers = drivers
        self._resets = resets
        self._steps: dict[ast.Symbol, tuple[Step, ...]] = {}
        self._running: set[ast.Symbol] = set()

    def arcs(self, names: Mapping[int, str]) -> Iterator[tuple[str, str]]:
        """Arcs between different states, out of reset."""
        for state, name in names.items():
            following = self._next_states(state) or frozenset()
            for value, target in names.items():
                if value in following and value != state:
                    yield name, target

    def depends_on_itself(self) -> bool:
        """Whether a condition on the way to an assignment reads the register."""
        return any(self._register in read for _, read in self._reads())

    def reset_text(self) -> str:
        """A condition, in names of the module, that holds while the register is reset."""
        own = read_by(self._pruned(self._register))
        texts = self._reset_names(own)
        if not texts:
            texts = self._reset_names(
                {
                    read
                    for symbol in own
                    if symbol in self._assignments.writes
                    and not self._assignments.is_register(symbol)
                    for read in read_by(self._pruned(symbol))
                }
            )
        return " || ".join(texts)

    def _reset_names(self, symbols: set[ast.Symbol]) -> list[str]:
        """The resets among symbols, those that are active low negated."""
        body = self._assignments.body
        off = {_local(symbol, body): self._resets.off_symbol(symbol) for symbol in symbols}
        return [f"!{name}" if off[name] else name for name in sorted(off) if off[name] is not None]

    def _reads(self) -> Iterator[tuple[ast.Symbol, set[ast.Symbol]]]:
        """The register and the variables that decide its next value, each with what it reads."""
        pending: list[ast.Symbol] = [self._register]
        seen = set(pending)
        while pending:
            symbol = pending.pop()
            read: set[ast.Symbol] = set()
            if symbol in self._assignments.writes:
                read |= read_by(self._pruned(symbol))
            for driver in self._drivers.get(symbol, []):
                if isinstance(driver, ast.Expression):
                    read |= symbols_in(driver)
            yield symbol, read
            pending.extend(s for s in read - seen if not self._assignments.is_register(s))
            seen |= read

    def _next_states(self, state: int) -> Values:
        """Values that the register may be assigned in `state`, out of reset."""
        before = State({self._register: frozenset({state})})
        after = before.copy()
        flow = Flow(
            self._assignments.body,
            self._drivers,
            self._resets.off,
            lambda symbol: self._computed(symbol, flow, before),
        )
        flow.run(self._pruned(self._register), after)
        return after.after.get(self._register, frozenset())

    def _computed(self, symbol: ast.Symbol, flow: Flow, before: State) -> Values:
        """Values of a variable that a combinational procedure assigns, or of another register."""
        if symbol in self._running or symbol not in self._assignments.writes:
            return None
        self._running.add(symbol)
        state = State() if self._assignments.is_register(symbol) else before.copy()
        flow.run(self._pruned(symbol), state)
        self._running.discard(symbol)
        return state.after.get(symbol)

    def _pruned(self, symbol: ast.Symbol) -> tuple[Step, ...]:
        if symbol not in self._steps:
            processes = dict.fromkeys(w.process for w in self._assignments.writes[symbol])
            self._steps[symbol] = tuple(
                step
                for process in processes
                for step in prune(process.block.body, frozenset({symbol}))
            )
        return self._steps[symbol]


def _local(symbol: ast.Symbol, body: ast.InstanceBodySymbol) -> str:
    """Name of a symbol as an expression inside the module's body."""
    return symbol.hierarchicalPath[len(body.hierarchicalPath) + 1 :]


def _text(expression: ast.Expression, body: ast.InstanceBodySymbol) -> str:
    """Source text of an expression on one line, comments left out."""
    symbol = named(expression)
    if symbol is not None:
        return _local(symbol, body)
    return " ".join(_COMMENT.sub(" ", str(expression.syntax)).split())
