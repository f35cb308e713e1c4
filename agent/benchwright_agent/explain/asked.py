"""Which bins a user asks about: `FILE:LINE`, `FILE:LINE:COLUMN`, or the id of a bin."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.errors import Location, ParameterError
from benchwright_sim.points import relative_name
from benchwright_sim.reports.lines import span_lines

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
_FORMS = "FILE:LINE, or a bin's id as `--json` prints it (branch:fifo.sv:12:7:if)"
_MAX_LINES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about.

    Attributes:
        text: as given.
        file: as given, None for a bin's id.
        line: from 1, 0 for a bin's id.
        column: from 1, 0 for all of the line.
    """

    text: str
    file: Path | None = None
    line: int = 0
    column: int = 0


def read_asked(text: str) -> Asked:
    """What a user asks about.

    Raises:
        ParameterError: it has none of the legal forms.
    """
    if text.partition(":")[0] in set(Kind) and text.count(":") >= 4:
        return Asked(text)
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ParameterError(f"{text!r} names no place", hint=f"legal: {_FORMS}")
    return Asked(text, Path(match["file"]), int(match["line"]), int(match["column"] or 0))


def find_bins(asked: Asked, bins: Collection[Bin], files: Iterable[Path], root: Path) -> list[Bin]:
    """The bins that are asked about: those of the line, else those that account for it.

    Args:
        asked: by the user.
        bins: all of the design's.
        files: the design's sources.
        root: that bins name files relative to.

    Raises:
        ParameterError: there are none; the message says where some are.
    """
    if asked.file is None:
        found = [bin_ for bin_ in bins if bin_.id == asked.text]
        if not found:
            raise _no_such_bin(asked, bins)
        return found
    name = _name(asked.file, {bin_.file for bin_ in bins}, files, root)
    of_file = [bin_ for bin_ in bins if bin_.file == name]
    found = [b for b in of_file if b.line == asked.line and asked.column in (0, b.column)]
    if not found and not asked.column:
        found = [b for b in of_file if asked.line in span_lines(b.span)]
        # The innermost stretch is the one whose decision stands nearest above.
        last = max((b.line for b in found), default=0)
        found = [b for b in found if b.line == last]
    if not found:
        raise _no_bins(asked, name, of_file, root)
    return found


def _name(file: Path, names: Collection[str], files: Iterable[Path], root: Path) -> str:
    """The file by the name that bins use: a path from here, or one that ends in what is given."""
    given = file.as_posix()
    here = relative_name(Path(os.path.abspath(file)), root)  # noqa: PTH100 - keeps links
    known = {relative_name(source, root) for source in files} | set(names)
    if here in known and file.exists():
        return here
    ending = sorted(name for name in known if name == given or name.endswith(f"/{given}"))
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise ParameterError(
            f"{given} can be {len(ending)} files of the design", details=tuple(ending)
        )
    if not file.exists():
        raise ParameterError(
            f"there is no file {given}", details=tuple(sorted(known)), hint="the design's files"
        )
    raise ParameterError(
        f"{given} is not part of the design",
        details=tuple(sorted(known)),
        hint="name one of these, or the sources that it belongs to",
    )


def _no_such_bin(asked: Asked, bins: Collection[Bin]) -> ParameterError:
    kind, file, line, *_ = asked.text.split(":")
    near = [bin_.id for bin_ in bins if bin_.id.startswith(f"{kind}:{file}:{line}:")]
    near = near or [bin_.id for bin_ in bins if f":{file}:{line}:" in bin_.id]
    return ParameterError(
        f"the design has no bin {asked.text}",
        details=tuple(near[:_MAX_LINES]),
        hint="these are on its line" if near else "`benchwright simulate ... --json` lists all",
    )


def _no_bins(asked: Asked, name: str, bins: Collection[Bin], root: Path) -> ParameterError:
    location = Location(root / name, asked.line, asked.column)
    if asked.column and (columns := sorted({b.column for b in bins if b.line == asked.line})):
        return ParameterError(
            "no bin is at this column",
            location=location,
            hint=f"columns with bins: {', '.join(map(str, columns))}",
        )
    lines = sorted({bin_.line for bin_ in bins}, key=lambda line: (abs(line - asked.line), line))
    near = ", ".join(map(str, sorted(lines[:_MAX_LINES])))
    path = root / name
    n_lines = path.read_bytes().count(b"\n") + 1 if path.is_file() else asked.line
    what = f"the file ends at line {n_lines}" if asked.line > n_lines else "no bin is on this line"
    hint = f"the nearest lines that have some: {near}" if near else "no bin is in this file"
    return ParameterError(what, location=location, hint=hint)
