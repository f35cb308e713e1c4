"""The compact testbench that small models are taught and held to: all of it but its stimulus.

Everything but the statements between `initial begin` and `$finish` follows from the interface
alone. One cycle is that of a stimulus program (`benchwright_sim.stimulus`): inputs at 0, active
edge at 3, idle level at 8, 10 units in all. Outputs are not connected; a wait reads them in the
instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from benchwright_sim.identifiers import is_identifier
from benchwright_sim.interface import Clock, Interface, Signal
from benchwright_sim.wrapper import packed_range

TESTBENCH = "tb"
OPENING = f"filename: {TESTBENCH}.sv\n```systemverilog\n"
CLOSING = "```\n"
TAIL = "    $finish;\n  end\nendmodule\n"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A compact testbench without its stimulus.

    Attributes:
        head: up to the line after `initial begin`, where the design settles.
        testbench: name of its module.
        cycle: name of the task that runs one cycle.
        instance: name of the design's instance.
    """

    head: str
    testbench: str
    cycle: str
    instance: str

    def around(self, statements: str) -> str:
        """The whole testbench; every statement ends with a newline."""
        return f"{self.head}{statements}{TAIL}"


def skeleton(interface: Interface, instance: str) -> Skeleton | None:
    """The skeleton for an interface, None where ports need more than a variable each.

    Args:
        interface: of the design.
        instance: what the design's instance must be called.
    """
    if not _is_plain(interface):
        return None
    taken = {interface.module, instance, *(s.name for s in interface.signals)}
    testbench, cycle = _free(TESTBENCH, taken), _free("cycle", taken)
    inputs = [s for s in interface.signals if s.direction == "input"]
    given = ", ".join(f".{name}({value})" for name, value in interface.parameters)
    module = f"{interface.module} #({given})" if given else interface.module
    connected = ", ".join(f".{s.name}" for s in inputs)
    lines = [
        f"module {testbench};",
        *_declarations(interface, inputs),
        f"  {module} {instance} ({connected});",
        f"  task {cycle};",
        f"    {_cycle(interface.clocks)}",
        "  endtask",
        "  initial begin",
        "    #10;",
    ]
    return Skeleton("".join(f"{line}\n" for line in lines), testbench, cycle, instance)


def _is_plain(interface: Interface) -> bool:
    ports = interface.ports
    return all(
        p.direction != "inout" and not p.unpacked and not p.is_enum and is_identifier(p.name)
        for p in ports
    ) and len(ports) == len(interface.signals)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_tb"
    return name


def _declarations(interface: Interface, inputs: list[Signal]) -> list[str]:
    idle = {clock.signal: clock.idle for clock in interface.clocks}
    lines = []
    for width, group in groupby(inputs, key=lambda signal: signal.width):
        items = [f"{s.name} = {idle.get(s.name, interface.idle_value(s.name))}" for s in group]
        lines.append(f"  logic{packed_range(width)} {', '.join(items)};")
    return lines


def _cycle(clocks: tuple[Clock, ...]) -> str:
    if not clocks:
        return "#10;"
    active = " ".join(f"{c.signal} = {1 - c.idle};" for c in clocks)
    idle = " ".join(f"{c.signal} = {c.idle};" for c in clocks)
    return f"#3 {active} #5 {idle} #2;"
