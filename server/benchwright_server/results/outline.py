"""Design units in a text: a scanner, no parser; it works on text that does not parse.

Source: IEEE 1800-2023 clauses 22 (directives), 23 (modules), 24 (programs), 25 (interfaces).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UnitKind = Literal["module", "interface", "program"]


@dataclass(frozen=True, slots=True)
class ModuleOutline:
    """One module, interface or program.

    Attributes:
        kind: `macromodule` is a module.
        name: as written, an escaped one without its backslash.
        line: of the name, from 0.
        name_character: of the name, in code points from 0.
        end_line: of its end keyword, or of the text's last line where that is missing.
        has_ports: it has at least one port.
        instantiates: what it instantiates, each name once, in order.
        is_testbench: a module without ports that instantiates another, or a program.
    """

    kind: UnitKind
    name: str
    line: int
    name_character: int
    end_line: int
    has_ports: bool
    instantiates: tuple[str, ...]
    is_testbench: bool


def outline(text: str) -> tuple[ModuleOutline, ...]:
    """The design units of `text`, in order; never raises."""
    raise NotImplementedError
