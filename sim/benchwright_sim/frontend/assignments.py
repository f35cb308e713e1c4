"""Who assigns what in one instance of a module."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pyslang import ast

from benchwright_sim.frontend.events import Clocked, Event, clocked_parts, symbols_in
from benchwright_sim.frontend.hierarchy import Process, named


@dataclass(frozen=True, slots=True)
class Write:
    """An assignment to a whole symbol; `part` is the clocked part that it stands in, if any."""

    value: ast.Expression
    process: Process
    part: Clocked | None


class Assignments:
    """Procedural assignments of one instance, those of initial blocks left out.

    Attributes:
        body: the instance's body.
        processes: its procedures, initial and final blocks left out.
        writes: assignments to whole symbols.
        partial: symbols of which a part is assigned, or that a compound assignment changes.
    """

    def __init__(self, body: ast.InstanceBodySymbol, processes: list[Process]) -> None:
        self.body = body
        self.processes = [process for process in processes if not _is_initial(process)]
        self.writes: dict[ast.Symbol, list[Write]] = defaultdict(list)
        self.partial: set[ast.Symbol] = set()
        for process in self.processes:
            parts = tuple(clocked_parts(process))
            for part in parts:
                self._take(part.body, process, part)
            if not parts:
                self._take(process.block.body, process, None)

    def _take(self, statement: ast.Statement, process: Process, part: Clocked | None) -> None:
        found: list[ast.AssignmentExpression] = []
        statement.visit(lookup_table={ast.ExpressionKind.Assignment: found.append})
        for assignment in found:
            target = named(assignment.left)
            if target is None:
                self.partial.update(symbols_in(assignment.left))
            elif assignment.isCompound:
                self.partial.add(target)
            else:
                self.writes[target].append(Write(assignment.right, process, part))

    def is_register(self, symbol: ast.Symbol) -> bool:
        """Whether all assignments to a symbol are clocked, and to the whole of it."""
        writes = self.writes.get(symbol, [])
        return bool(writes) and symbol not in self.partial and all(w.part for w in writes)

    def clock(self, symbol: ast.Symbol) -> Event | None:
        """The one edge that clocks all assignments to a register, None when there are several."""
        events = [event for w in self.writes[symbol] if w.part for event in w.part.clocks]
        same = {(symbols_in(event.expression), event.edges) for event in events}
        return events[0] if len(same) == 1 and len(events[0].edges) == 1 else None


def _is_initial(process: Process) -> bool:
    return process.block.procedureKind in {
        ast.ProceduralBlockKind.Initial,
        ast.ProceduralBlockKind.Final,
    }
