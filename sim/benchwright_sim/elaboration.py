"""What is known of a design once it is elaborated (pure data; `elaborate` makes it)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchwright_sim.design import Design
from benchwright_sim.interface import Edge, Interface


@dataclass(frozen=True, slots=True)
class Instance:
    """One module instance of the elaborated hierarchy.

    Attributes:
        path: below the top module (`u_fifo.u_ram`), empty for the top itself.
        module: its definition's name.
        file: where the definition stands.
        line: of the definition's name.
        parameters: (name, value as text), resolved.
    """

    path: str
    module: str
    file: Path
    line: int
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StateRegister:
    """A register whose values form an FSM, recognised in the source.

    Attributes:
        module: definition that holds it.
        name: the register, as declared.
        width: bits.
        clock: SystemVerilog text of the clock inside the module.
        edge: edge that clocks it (never `both`).
        reset: SystemVerilog text of a condition that is true while it is reset, or empty.
        states: (name, value) of every state; the name is the enum member, parameter or literal.
        arcs: (from, to) state names that the source assigns; arcs made by reset are left out, and
            so are those from a state to itself.
        file: where it is declared.
        line: of the declaration.
        column: of the declaration.
    """

    module: str
    name: str
    width: int
    clock: str
    edge: Edge
    reset: str
    states: tuple[tuple[str, int], ...]
    arcs: tuple[tuple[str, str], ...]
    file: Path
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Elaboration:
    """An elaborated design.

    Attributes:
        design: with `top` resolved.
        interface: boundary of the top.
        instances: the hierarchy, top first, depth first.
        state_registers: of all modules, each module once.
        literals: values that the design compares, assigns or indexes with, sorted, at most 256 of
            them, each below 2**64: a dictionary for stimulus.
        warnings: diagnostics that do not stop the run, as `file:line:column: text`.
        has_delays: the design itself holds `#` delays or waits.
    """

    design: Design
    interface: Interface
    instances: tuple[Instance, ...]
    state_registers: tuple[StateRegister, ...] = ()
    literals: tuple[int, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    has_delays: bool = False

    @property
    def modules(self) -> frozenset[str]:
        """Names of all modules in the hierarchy."""
        return frozenset(instance.module for instance in self.instances)
