"""Coverage points as Verilator writes them, and the bin that each one means.

Format of `coverage.dat` (Verilator 5.048, `include/verilated_cov.cpp`): a header line, then one
line a point, `C '<\\x01 key \\x02 value>...' count`. Special characters are `%XX`. Keys: f file,
l line, n column, t type, page `v_<type>/<module>`, o comment, S lines, h hierarchy. A point may
carry the key `index`, written by a harness that wants to know which counter it is.

Limits: Verilator names a specialised module `<module>__<parameters>`; without the list of the
design's modules the original name is guessed. Its own FSM points are read only when the design
has no sampled state registers of ours, and its reset arcs never.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.errors import Location, SimError

CHECKER_PREFIX = "benchwright_fsm_"
"""Of the module names of the checkers that `fsm` binds into a design."""

_LOG = logging.getLogger(__name__)

_HEADER = "# SystemC::Coverage-3"
_LINE = re.compile(r"C '(\x01.*)' (\d+)")
_ESCAPE = re.compile(r"(?:%(?:F{6})?[0-9A-F]{2})+")
_ENCODED_NAME = re.compile(r"__0([0-9a-f]{2}|[0-9A-F]{2})")
_SPECIALISED = re.compile(r"__(?:[A-Z]|pi\d).*$")
_EXTERNAL = "<external>"
_KINDS = {str(kind): kind for kind in Kind}


class CoverageFileError(SimError):
    """A coverage file is missing, truncated, or not one that Verilator wrote."""

    exit_code: ClassVar[int] = 10


@dataclass(frozen=True, slots=True)
class Point:
    """One line of a coverage file, decoded but not interpreted."""

    file: str
    line: int
    column: int
    type: str
    module: str
    comment: str
    hierarchy: str
    span: str
    count: int
    index: int | None = None
    fsm: tuple[str, str, str, str] = ("", "", "", "")
    """Verilator's own FSM keys: variable, from, to, tag."""


def read_points(path: Path) -> list[Point]:
    """All points of a coverage file, in its order.

    Raises:
        CoverageFileError: it cannot be read, is truncated or is malformed.
    """
    try:
        text = path.read_bytes().decode("ascii")
    except OSError as error:
        raise CoverageFileError(
            f"the coverage file cannot be read: {error.strerror}", location=Location(path)
        ) from error
    except UnicodeDecodeError as error:
        raise CoverageFileError(
            "this is not a coverage file of Verilator (it holds bytes outside of ASCII)",
            location=Location(path, error.object[: error.start].count(b"\n") + 1),
        ) from error
    return list(parse_points(text, path))


def parse_points(text: str, path: Path) -> Iterator[Point]:
    """The points of a coverage file's text; `path` is for messages.

    Raises:
        CoverageFileError: the text is truncated or malformed.
    """
    lines = text.split("\n")
    if lines[0].rstrip("\r") != _HEADER:
        found = lines[0][:40] or "nothing"
        raise CoverageFileError(
            f"this is not a coverage file of Verilator: expected `{_HEADER}`, found `{found}`",
            location=Location(path, 1),
            hint="give a coverage.dat of a simulation with --coverage, or a saved run (.json)",
        )
    if lines[-1]:
        raise CoverageFileError(
            "the coverage file is truncated: its last line has no end",
            location=Location(path, len(lines)),
            hint="run the simulation again; it was probably killed while writing",
        )
    for number, line in enumerate(lines[1:-1], start=2):
        if line and not line.startswith("#"):
            yield _parse_line(line.rstrip("\r"), Location(path, number))


def _parse_line(line: str, where: Location) -> Point:
    match = _LINE.fullmatch(line)
    if match is None:
        raise CoverageFileError(
            f"not a coverage point: {line[:60]!r}",
            location=where,
            hint="the file is damaged: run the simulation again",
        )
    keys: dict[str, str] = {}
    for item in match[1][1:].split("\x01"):
        key, _, value = item.partition("\x02")
        keys[key] = _ESCAPE.sub(_unescape, value)
    try:
        page_type, _, module = keys["page"].partition("/")
        return Point(
            file=keys["f"],
            line=int(keys["l"]),
            column=int(keys.get("n", "0")),
            type=keys.get("t") or page_type.removeprefix("v_"),
            module=module,
            comment=keys.get("o", ""),
            hierarchy=keys.get("h", ""),
            span=keys.get("S", ""),
            count=int(match[2]),
            index=int(keys["index"]) if "index" in keys else None,
            fsm=(keys.get("Fv", ""), keys.get("Ff", ""), keys.get("Ft", ""), keys.get("Fg", "")),
        )
    except (KeyError, ValueError) as error:
        raise CoverageFileError(f"a coverage point without {error}", location=where) from error


def _unescape(match: re.Match[str]) -> str:
    # A signed char above 127 is printed as its sign extension, %FFFFFFC3.
    codes = re.findall(r"%(?:F{6})?([0-9A-F]{2})", match[0])
    return bytes.fromhex("".join(codes)).decode("utf-8", "replace")


def _plain_name(text: str) -> str:
    """A toggle's signal as the user wrote it: `x___05Fy` is `x__y`, `a__024b` is `a$b`."""
    return _ENCODED_NAME.sub(lambda match: chr(int(match[1], 16)), text)


@dataclass(slots=True)
class BinMap:
    """What each point means: its bin, or None where it belongs to no bin of the design.

    Attributes:
        root: of the design; bins name files relative to it.
        checkers: `<checker module>.<label>` -> bin for the checkers that `fsm` bound into the
            design, None when there were none.
        instances: keep instances apart (meaningful for a flattened build only).
        exclude_files: wrappers and testbenches, whose points are dropped.
        modules: names of the design's modules, to undo Verilator's names of specialised ones.
        dut: name of the design's instance in its wrapper or testbench.
        cwd: what relative file names are relative to; `root` when None.
    """

    root: Path
    checkers: Mapping[str, Bin] | None = None
    instances: bool = False
    exclude_files: Collection[Path] = ()
    modules: Collection[str] = ()
    dut: str = "dut"
    cwd: Path | None = None
    _files: dict[str, str | None] = field(default_factory=dict)
    _modules: dict[str, str] = field(default_factory=dict)
    _excluded: frozenset[str] | None = None
    _unknown: set[str] = field(default_factory=set)

    def bin_of(self, point: Point) -> Bin | None:
        """The bin that `point` counts, None when it is none of the design's."""
        if point.module.startswith(CHECKER_PREFIX):
            return self._checker_bin(point)
        if point.type in ("fsm_state", "fsm_arc"):
            return None if self.checkers else self._native_fsm_bin(point)
        file = self._file(point.file)
        if file is None:
            return None
        kind = _KINDS.get(point.type)
        if kind is None:
            if point.type not in self._unknown:
                self._unknown.add(point.type)
                _LOG.warning("coverage points of type %s are not counted", point.type)
            return None
        hierarchy = point.hierarchy
        if kind is Kind.USER and point.comment != "cover":
            hierarchy = hierarchy.removesuffix(f".{point.comment}")
        return Bin(
            file=file,
            line=point.line,
            column=point.column,
            kind=kind,
            name=_plain_name(point.comment) if kind is Kind.TOGGLE else point.comment,
            instance=self._instance(hierarchy),
            module=self._module(point.module),
            span=point.span,
        )

    def _checker_bin(self, point: Point) -> Bin | None:
        if self.checkers is None or point.type != Kind.USER:
            return None
        found = self.checkers.get(f"{point.module}.{point.comment}")
        if found is None or not self.instances:
            return found
        checker = point.hierarchy.removesuffix(f".{point.comment}").rpartition(".")[0]
        return Bin(
            file=found.file,
            line=found.line,
            column=found.column,
            kind=found.kind,
            name=found.name,
            instance=self._instance(checker),
            module=found.module,
        )

    def _native_fsm_bin(self, point: Point) -> Bin | None:
        variable, source, target, tag = point.fsm
        file = self._file(point.file)
        if file is None or not variable or tag.startswith("reset"):
            return None
        scope, _, register = variable.rpartition(".")
        arc = point.type == Kind.FSM_ARC
        return Bin(
            file=file,
            line=point.line,
            column=point.column,
            kind=_KINDS[point.type],
            name=f"{register}: {source} -> {target}" if arc else f"{register}: {target}",
            instance=self._instance(scope),
        )

    def _instance(self, hierarchy: str) -> str:
        """Path below the design's top; above it stand at most TOP, a testbench and `dut`."""
        if not self.instances:
            return ""
        parts = hierarchy.removeprefix("TOP.").split(".")
        below = 2 if len(parts) > 1 and parts[1] == self.dut else 1
        return ".".join(parts[below:])

    def _file(self, name: str) -> str | None:
        if name not in self._files:
            self._files[name] = self._relative(name)
        return self._files[name]

    def _relative(self, name: str) -> str | None:
        path = Path(os.path.normpath((self.cwd or self.root) / name))
        if self._excluded is None:
            self._excluded = frozenset(os.path.realpath(file) for file in self.exclude_files)
        if os.path.realpath(path) in self._excluded or path.name == "verilated_std.sv":
            return None
        return relative_name(path, self.root)

    def _module(self, name: str) -> str:
        if name not in self._modules:
            self._modules[name] = self._declared_module(name)
        return self._modules[name]

    def _declared_module(self, name: str) -> str:
        if name in self.modules:
            return name
        fitting = [module for module in self.modules if name.startswith(f"{module}__")]
        return max(fitting, key=len) if fitting else _SPECIALISED.sub("", name)


def relative_name(file: Path, root: Path) -> str:
    """How bins name `file`: relative to `root`, or its bare name behind a fixed prefix."""
    for path, base in ((file, root), (file.resolve(), root.resolve())):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return f"{_EXTERNAL}/{file.name}"
