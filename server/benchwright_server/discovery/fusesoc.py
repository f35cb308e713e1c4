"""FuseSoC's `.core` files, read for the design that they describe (CAPI2).

Taken are the file sets and the `toplevel` of the target `default`, else of `lint`, `sim` or the
first that names a top, else all file sets that do not look like a testbench's; the cores that these
depend on, where they lie near by; and `vlogdefine` and `vlogparam` parameters with defaults.
Conditional expressions (`tool_verilator ? (...)`) are taken as they are for Verilator.
Source: FuseSoC user guide, CAPI2 reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_sim.design import SOURCE_SUFFIXES
from benchwright_sim.errors import Location, ParameterError

_TARGETS = ("default", "lint", "sim")
_CONDITION = re.compile(r"^\s*(!?)\s*(\w+)\s*\?\s*\((.*)\)\s*$", re.S)
_HOLDS = frozenset({"tool_verilator", "is_toplevel", "target_sim", "target_lint"})
_BENCH = re.compile(r"(^|_)(tb|test|bench|sim|formal|lint|waiver)", re.I)
_NEAR = ("*.core", "*/*.core", "*/*/*.core", "../*.core", "../*/*.core")


def read_core(path: Path) -> DesignSpec:
    """The design of a core.

    Raises:
        ParameterError: it cannot be read, or is no core of CAPI2.
    """
    found = _Collector(path.parent)
    core = _load(path)
    target = _target(core)
    found.add(core, path, target)
    top = target.get("toplevel")
    return DesignSpec(
        folder=path.parent,
        sources=tuple(dict.fromkeys(found.sources)),
        include_dirs=tuple(dict.fromkeys(found.include_dirs)),
        defines=tuple(_parameters(core, target, "vlogdefine")),
        parameters=tuple(_parameters(core, target, "vlogparam")),
        top=_plain(top) if isinstance(top, str) else None,
        origin=path,
    )


@dataclass(slots=True)
class _Collector:
    """Gathers the files of a core and of those that it depends on, the latter first."""

    home: Path
    sources: list[Path] = field(default_factory=list)
    include_dirs: list[Path] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    near: dict[str, Path] | None = None

    def add(self, core: Mapping[str, Any], path: Path, target: Mapping[str, Any]) -> None:
        filesets = _mapping(core.get("filesets"))
        named = [_plain(name) for name in _list(target.get("filesets"))]
        chosen = [name for name in named if name in filesets] or [
            name for name in filesets if not _BENCH.search(name)
        ]
        for name in chosen:
            fileset = _mapping(filesets[name])
            for wanted in _list(fileset.get("depend")):
                self._depend(_plain(wanted))
            for entry in _list(fileset.get("files")):
                self._file(entry, path.parent, str(fileset.get("file_type", "")))

    def _file(self, entry: object, folder: Path, file_type: str) -> None:
        name, given = next(iter(_mapping(entry).items()), (entry, None))
        options = _mapping(given)
        text = _plain(name)
        if not text:
            return
        place = (folder / text).resolve()
        kind = str(options.get("file_type", file_type))
        if options.get("is_include_file"):
            within = options.get("include_path")
            self.include_dirs.append((folder / str(within)).resolve() if within else place.parent)
        elif place.suffix in SOURCE_SUFFIXES or "erilogSource" in kind:
            self.sources.append(place)

    def _depend(self, wanted: str) -> None:
        name = _without_version(wanted)
        if name in self.seen or not name:
            return
        self.seen.add(name)
        if self.near is None:
            self.near = dict(_cores_near(self.home))
        if name in self.near:
            core = _load(self.near[name])
            self.add(core, self.near[name], _target(core))


def _cores_near(folder: Path) -> Iterator[tuple[str, Path]]:
    for pattern in _NEAR:
        for path in sorted(folder.glob(pattern)):
            match = re.search(r"^name\s*:\s*(\S+)", path.read_text(errors="replace"), re.M)
            if match:
                yield _without_version(match[1]), path


def _without_version(name: str) -> str:
    """`>=vendor:library:name:1.2` as `vendor:library:name`."""
    parts = name.strip().strip("\"'").lstrip("<>=^~").split(":")
    return ":".join(parts[:3])


def _load(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - only designs of FuseSoC need it

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"cannot be read: {error}", location=Location(path)) from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise ParameterError("this is no YAML", location=Location(path, line)) from error
    if not isinstance(data, Mapping) or "name" not in data:
        raise ParameterError("this is no core of FuseSoC (CAPI2)", location=Location(path))
    return data


def _target(core: Mapping[str, Any]) -> Mapping[str, Any]:
    targets = {name: _mapping(target) for name, target in _mapping(core.get("targets")).items()}
    for name in _TARGETS:
        if targets.get(name, {}).get("filesets"):
            return targets[name]
    return next((target for target in targets.values() if target.get("toplevel")), {})


def _parameters(
    core: Mapping[str, Any], target: Mapping[str, Any], kind: str
) -> Iterator[tuple[str, str]]:
    """Parameters of one kind that the target names; `NAME=VALUE` there overrides the default."""
    declared = _mapping(core.get("parameters"))
    for entry in _list(target.get("parameters")):
        name, _, value = _plain(entry).partition("=")
        options = _mapping(declared.get(name))
        if options.get("paramtype") == kind:
            chosen = value or options.get("default")
            if chosen is not None:
                yield name, str(int(chosen)) if isinstance(chosen, bool) else str(chosen)


def _plain(value: object) -> str:
    """A text without its condition; empty when that does not hold."""
    text = str(value).strip()
    match = _CONDITION.match(text)
    if match is None:
        return text
    holds = (match[2] in _HOLDS) != bool(match[1])
    return _plain(match[3]) if holds else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
