"""Coverage points: what a bin is, and its stable name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a bin counts, in the order of reports."""

    LINE = "line"
    BRANCH = "branch"
    EXPR = "expr"
    TOGGLE = "toggle"
    FSM_STATE = "fsm_state"
    FSM_ARC = "fsm_arc"
    USER = "user"


CODE_METRICS: dict[str, tuple[Kind, ...]] = {
    "line": (Kind.LINE,),
    "branch": (Kind.BRANCH,),
    "expr": (Kind.EXPR,),
    "toggle": (Kind.TOGGLE,),
    "fsm": (Kind.FSM_STATE, Kind.FSM_ARC),
}
"""The metrics that the overall average is the mean of; user points are reported apart."""

METRICS: dict[str, tuple[Kind, ...]] = {**CODE_METRICS, "user": (Kind.USER,)}
"""Every metric of a report, in order."""


@dataclass(frozen=True, slots=True, order=True)
class Bin:
    """One coverage point of a module (or, in a flattened build, of one instance).

    Attributes:
        file: path relative to the design's root, with forward slashes.
        line: from 1.
        column: from 1.
        kind: what it counts.
        name: what tells it apart at its place: `if`, `else`, `case`, `data[3]:0->1`,
            `(a==1 && b==0) => 0`, `state: IDLE -> RUN`.
        instance: path below the top module when counted per instance, else empty.
        module: the module that it stands in (not part of its identity).
        span: source lines that it accounts for, as Verilator prints them (`12-14,16`).
    """

    file: str
    line: int
    column: int
    kind: Kind
    name: str
    instance: str = ""
    module: str = field(default="", compare=False)
    span: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """The same on every run and machine: `branch:fifo.sv:12:7:if`."""
        text = f"{self.kind}:{self.file}:{self.line}:{self.column}:{self.name}"
        return f"{text}@{self.instance}" if self.instance else text


def bin_to_json(bin_: Bin) -> dict[str, str | int]:
    """What names a bin and where it stands, as plain JSON values in a fixed order.

    All but instance and span, which say how it was counted.
    """
    return {
        "id": bin_.id,
        "kind": str(bin_.kind),
        "file": bin_.file,
        "line": bin_.line,
        "column": bin_.column,
        "name": bin_.name,
        "module": bin_.module,
    }
