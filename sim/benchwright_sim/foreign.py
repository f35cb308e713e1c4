"""Calls out of a simulation: host programs (`$system`) and C functions (DPI imports).

Verilog from anywhere is simulated here, so whatever reaches out of the simulator is found in the
generated C++ before it is compiled, and refused. The C++ is what decides; the place in the sources
is looked up afterwards, by text, for the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchwright_sim.errors import Location


@dataclass(frozen=True, slots=True)
class ForeignCall:
    """Something that a model may not do: what it is, and how sources spell it."""

    what: str
    spelling: re.Pattern[str]


_MARKS = {
    b"VL_SYSTEM_": ForeignCall("$system", re.compile(r"\$system\b")),
    b"// DPI IMPORTS": ForeignCall(
        "an imported C function (DPI)", re.compile(r"\bimport\s+\"DPI(?:-C)?\"")
    ),
}
_NO_CODE = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


def find_foreign_call(cpp: Path, prefix: str) -> ForeignCall | None:
    """The first call out of the simulation in the C++ of a model.

    Args:
        cpp: folder of the generated C++.
        prefix: of its files.
    """
    for path in sorted(cpp.glob(f"{prefix}*")):
        content = path.read_bytes()
        for mark, call in _MARKS.items():
            if mark in content:
                return call
    return None


def place_of(call: ForeignCall, sources: Iterable[tuple[Path, str]]) -> Location | None:
    """Where the sources first spell the call, comments left out; None when no source does."""
    return next((place for place, _ in places_of(call.spelling, sources)), None)


def places_of(
    spelling: re.Pattern[str], sources: Iterable[tuple[Path, str]]
) -> Iterator[tuple[Location, str]]:
    """Every place outside of comments of (file, text) that matches, with the text that does."""
    for source, text in sources:
        code = _NO_CODE.sub(lambda comment: "\n" * comment.group().count("\n"), text)
        for match in spelling.finditer(code):
            yield Location(source, code.count("\n", 0, match.start()) + 1), match.group()
