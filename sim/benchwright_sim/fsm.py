"""Coverage of state registers: a checker module per register, bound into the module that holds it.

Verilator's own FSM detection recognises few designs and stops with an internal error on some, so
the registers that elaboration finds are sampled instead. The checkers are plain SystemVerilog with
immediate `cover` statements, one a state and one an arc, in `case` statements: measured with 16
states and 41 arcs this costs a tenth of the simulation's speed, `cover property` two thirds.

A state counts at every edge of its clock, in reset too. An arc counts when neither the present nor
the previous edge saw reset, nor did reset come and go between them. The register is sampled before
the clock's edge (`$sampled`, so that a register written with blocking assignments counts alike in
every build): the last transition of a run needs one more edge.

Limits: the statements around the covers leave line and branch points in Verilator's file, which
`points` drops (`coverage_off` would take the covers with them and stop Verilator with an internal
error); a state register whose path runs through a generate loop is not covered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.elaboration import StateRegister
from benchwright_sim.identifiers import is_identifier
from benchwright_sim.points import CHECKER_PREFIX, relative_name

_IDENTIFIER = re.compile(r"[A-Za-z_][\w$]*")
_PATH = re.compile(r"[A-Za-z_][\w$]*(?:\[\d+\])?(?:\.[A-Za-z_][\w$]*(?:\[\d+\])?)*")


@dataclass(frozen=True, slots=True)
class FsmPoints:
    """A bind file and what its cover statements mean.

    Attributes:
        text: SystemVerilog source, empty when there is nothing to sample.
        bins: `<checker module>.<label>` -> bin.
    """

    text: str = ""
    bins: Mapping[str, Bin] = field(default_factory=dict)


def fsm_bind(registers: Sequence[StateRegister], *, root: Path) -> FsmPoints:
    """The checkers of all `registers`.

    Args:
        registers: of all modules, each module once.
        root: of the design; bins name files relative to it.
    """
    texts: list[str] = []
    bins: dict[str, Bin] = {}
    for register in registers:
        if register.states:
            checker = f"{CHECKER_PREFIX}{len(texts)}"
            points = _checker_points(register)
            texts.append(_checker_text(checker, register, points))
            bins |= {f"{checker}.{point.label}": _bin(register, point, root) for point in points}
    if not texts:
        return FsmPoints()
    # The pragma would last into the next file on the command line.
    text = "\n".join(["/* verilator coverage_off */", *texts, "/* verilator coverage_on */", ""])
    return FsmPoints(text, bins)


@dataclass(frozen=True, slots=True)
class _CheckerPoint:
    """A state (`source` is None) or an arc of one register."""

    label: str
    source: tuple[str, int] | None
    target: tuple[str, int]


def _checker_points(register: StateRegister) -> list[_CheckerPoint]:
    """States first, then arcs; two names of one value are one state, under its first name."""
    first: dict[int, tuple[str, int]] = {}
    by_name: dict[str, tuple[str, int]] = {}
    for state in register.states:
        if 0 <= state[1] < 1 << register.width:
            by_name[state[0]] = first.setdefault(state[1], state)
    arcs = dict.fromkeys(
        (by_name[source], by_name[target])
        for source, target in register.arcs
        if source in by_name and target in by_name
    )
    points = [_CheckerPoint(f"state_{n}", None, state) for n, state in enumerate(first.values())]
    proper = [arc for arc in arcs if arc[0] != arc[1]]
    return points + [_CheckerPoint(f"arc_{n}", *arc) for n, arc in enumerate(proper)]


def _bin(register: StateRegister, point: _CheckerPoint, root: Path) -> Bin:
    arc = f"{point.source[0]} -> " if point.source else ""
    return Bin(
        file=relative_name(register.file, root),
        line=register.line,
        column=register.column,
        kind=Kind.FSM_ARC if point.source else Kind.FSM_STATE,
        name=f"{register.name}: {arc}{point.target[0]}",
        module=register.module,
    )


_CHECKER = """\
// State register `{name}` of module `{module}`.
module {checker} (input logic clk, input logic rst, input logic {range} now);
  logic {range} previous, present;
  logic live = 1'b0;
  wire moved = live & ~rst;
  always @({events}) live <= ~rst;
  /* verilator coverage_on */
  always @({edge} clk) begin
    previous = present;
    present = $sampled(now);
    case (present)
{states}
      default: ;
    endcase
{arcs}  end
  /* verilator coverage_off */
endmodule
bind {module} {checker} {checker}_i (.clk({clock}), .rst({reset}), .now({name}));
"""

_ARCS = """\
    if (moved)
      case ({{previous, present}})
{items}
        default: ;
      endcase
"""


def _checker_text(checker: str, register: StateRegister, points: Sequence[_CheckerPoint]) -> str:
    states = [_item(register, point) for point in points if point.source is None]
    arcs = [f"  {_item(register, point)}" for point in points if point.source]
    edge = f"{register.edge} clk"
    return _CHECKER.format(
        name=_reference(register.name),
        module=_reference(register.module),
        checker=checker,
        range=f"[{register.width - 1}:0]",
        edge=register.edge,
        events=f"{edge} or posedge rst" if register.reset else edge,
        states="\n".join(states),
        arcs=_ARCS.format(items="\n".join(arcs)) if arcs else "",
        clock=register.clock,
        reset=register.reset or "1'b0",
    )


def _item(register: StateRegister, point: _CheckerPoint) -> str:
    """One `case` item, with the names of what it counts beside it."""
    states = [point.source, point.target] if point.source else [point.target]
    values = [f"{register.width}'h{value:x}" for _, value in states]
    pattern = f"{{{', '.join(values)}}}" if point.source else values[0]
    comment = " -> ".join(name for name, _ in states)
    printable = "".join(char if char.isprintable() else "?" for char in comment)
    return f"      {pattern}: {point.label}: cover (1'b1);  // {printable}"


def _reference(name: str) -> str:
    """`name` as an expression, escaped where it is no identifier or a keyword of SystemVerilog."""
    if _PATH.fullmatch(name):
        return _IDENTIFIER.sub(lambda match: _identifier(match[0]), name)
    return f"\\{name} "


def _identifier(name: str) -> str:
    return name if is_identifier(name) else f"\\{name} "
