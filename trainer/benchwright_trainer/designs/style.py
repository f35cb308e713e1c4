"""How a design is written, whatever it does: language, reset, layout, habits.

Every design draws one style; families write plain statements and the maker renders them so.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Style:
    """The habits of one author.

    Attributes:
        language: SystemVerilog has `logic`, `always_ff` and enumerations; Verilog is of 2005.
        logic: `logic` for all signals, else `reg` and `wire`.
        edge: of the clock.
        reset: whether resets wait for the clock.
        reset_low: whether resets are active low.
        branching: `case`, or chains of `if`.
        states: how states are declared.
        encoding: of states.
        named: constants get a `localparam`, else they are written where they are used.
        parameters: sizes become parameters of the module.
        ternary: `c ? a : b` where a choice between two values allows it.
        processes: of a state machine: one, or a register and its next state.
        radix: of constants.
        ansi: ports are declared in the header.
        clock_first: clock and reset are the first ports, else the last.
        grouped: inputs come before outputs.
        bracing: where `begin` stands.
        terse: no `begin` around a single statement.
        indent: of one level.
        comments: share of the possible comments that are written.
        port_table: the specification has a table of the ports, else a list.
    """

    language: Literal["systemverilog", "verilog"]
    logic: bool
    edge: Literal["posedge", "negedge"]
    reset: Literal["sync", "async"]
    reset_low: bool
    branching: Literal["case", "if"]
    states: Literal["enum", "localparam"]
    encoding: Literal["binary", "gray", "onehot"]
    named: bool
    parameters: bool
    ternary: bool
    processes: Literal[1, 2]
    radix: Literal["hex", "decimal"]
    ansi: bool
    clock_first: bool
    grouped: bool
    bracing: Literal["same", "next", "cuddled"]
    terse: bool
    indent: str
    comments: float
    port_table: bool

    @property
    def suffix(self) -> str:
        """Of a file's name."""
        return ".sv" if self.language == "systemverilog" else ".v"

    @property
    def words(self) -> str:
        """The style in one line, for a design's metadata."""
        return " ".join(f"{key}={value!r}" for key, value in asdict(self).items())


def draw_style(rng: random.Random) -> Style:
    """A style, with the frequencies of what is met in the field."""
    modern = rng.random() < 0.6
    return Style(
        language="systemverilog" if modern else "verilog",
        logic=modern and rng.random() < 0.85,
        edge="negedge" if rng.random() < 0.06 else "posedge",
        reset=rng.choice(("sync", "async")),
        reset_low=rng.random() < 0.5,
        branching=rng.choice(("case", "case", "if")),
        states="enum" if modern and rng.random() < 0.7 else "localparam",
        encoding=rng.choice(("binary", "binary", "binary", "gray", "onehot")),
        named=rng.random() < 0.6,
        parameters=rng.random() < 0.35,
        ternary=rng.random() < 0.35,
        processes=rng.choice((1, 2)),
        radix=rng.choice(("hex", "hex", "decimal")),
        ansi=modern or rng.random() < 0.8,
        clock_first=rng.random() < 0.85,
        grouped=rng.random() < 0.4,
        bracing=rng.choice(("same", "same", "same", "cuddled", "next")),
        terse=rng.random() < 0.5,
        indent=rng.choice(("  ", "  ", "    ", "    ", "   ", "\t")),
        comments=rng.choice((0.0, 0.5, 1.0)),
        port_table=rng.random() < 0.3,
    )
