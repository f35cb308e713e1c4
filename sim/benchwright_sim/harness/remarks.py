"""What a build shows about a design that a user should know: warnings, and suspects.

Suspects are told only when the design turns out not to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from benchwright_sim.elaboration import Elaboration
from benchwright_sim.foreign import places_of
from benchwright_sim.verilate import Diagnostic, Verilated

_SERIOUS = frozenset({"MULTIDRIVEN"})
_UNSTABLE = frozenset({"UNOPTFLAT", "ALWNEVER", "ZERODLY"})
_ENDS = re.compile(r"\$(?:fatal|finish|stop)\b")
_DATA = re.compile(r'\$readmem[hb]\s*\(\s*"([^"\n]+)"')
_QUOTED = re.compile(r"'([^']+)'")
_MAX_SUSPECTS = 5


@dataclass(frozen=True, slots=True)
class Remarks:
    """Lines for the user.

    Attributes:
        warnings: the design does not mean what it seems to.
        suspects: places that can be why it does not run.
    """

    warnings: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()


def remarks_on(
    elaboration: Elaboration, done: Verilated, *, wrapper: Path, run_folder: Path
) -> Remarks:
    """What to say of a build.

    Args:
        elaboration: of the design.
        done: what Verilator made of it.
        wrapper: its top here, with ports s0, s1, ..., which the user knows by other names.
        run_folder: holds the data files that were found.
    """
    of_user = [_of_user(found, elaboration, wrapper) for found in done.diagnostics]
    design = elaboration.design
    sources = tuple(design.texts(design.sources))
    warnings = [str(found) for found in of_user if found.code in _SERIOUS]
    for place, text in places_of(_DATA, sources):
        name = text.partition('"')[2].removesuffix('"')
        if not (run_folder / name).is_file():
            warnings.append(f"{place}: there is no data file {name!r}: the memory stays as it is")
    loops = (str(found) for found in of_user if found.code in _UNSTABLE)
    ends = (f"{place}: {text}" for place, text in places_of(_ENDS, sources))
    suspects = (*islice(loops, _MAX_SUSPECTS), *islice(ends, _MAX_SUSPECTS))
    return Remarks(tuple(warnings), suspects)


def _of_user(found: Diagnostic, elaboration: Elaboration, wrapper: Path) -> Diagnostic:
    """A message about a port of the wrapper, made one about the port of the design."""
    if found.file != wrapper:
        return found
    names = {f"s{i}": signal.name for i, signal in enumerate(elaboration.interface.signals)}
    text = _QUOTED.sub(lambda name: f"'{names.get(name[1], name[1])}'", found.text)
    return replace(found, file=Path(elaboration.interface.module), line=0, column=0, text=text)
