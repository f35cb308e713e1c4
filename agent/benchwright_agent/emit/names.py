"""Names that a SystemVerilog testbench declares beside those of the signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchwright_agent.emit.uses import segments_run
from benchwright_sim.identifiers import Identifiers
from benchwright_sim.interface import Interface
from benchwright_sim.stimulus import Program
from benchwright_sim.wrapper import Instantiation, instantiate

_HELPERS = ("cycle", "rng", "rand32", "rand_bits", "chance", "below", "tick", "i")


@dataclass(frozen=True, slots=True)
class Names:
    """Names that differ from each other and from every signal's.

    Attributes:
        inner: the instance of the design and its glue.
        signal: signal -> its variable or net.
        helper: usual name of a helper -> its name here.
        period: clock -> variable that holds its period.
        seen: output -> variable that holds its value at the end of the last cycle.
        task: segment -> its task.
    """

    inner: Instantiation
    signal: Mapping[str, str]
    helper: Mapping[str, str]
    period: Mapping[str, str]
    seen: Mapping[str, str]
    task: Mapping[str, str]


def choose_names(interface: Interface, program: Program) -> Names:
    """The usual names, with a number or `run_` where a signal has one of them already."""
    signal = {s.name: s.identifier for s in interface.signals}
    # Icarus takes the name of a package for nothing else, even in an inner scope.
    packages = {port.type_text.split("::")[0] for port in interface.ports if port.type_text}
    names = Identifiers(*signal.values(), *packages)
    inner = instantiate(interface, names)
    helper = {name: names.take(name) for name in _HELPERS}
    period = {c.signal: names.take(f"{signal[c.signal]}_period") for c in interface.clocks}
    seen = {s.name: names.take(f"seen_{s.identifier}") for s in interface.outputs}
    task = {}
    for segment in segments_run(program):
        taken = {*signal.values(), *helper.values(), *packages, inner.name}
        name = f"run_{segment.name}" if segment.name in taken else segment.name
        task[segment.name] = names.take(name)
    return Names(inner, signal, helper, period, seen, task)
