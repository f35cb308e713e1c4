"""Which design a file belongs to: what the user set, a project file near it, or the file alone.

What is asked for, in this order: the settings of the editor, where they name sources or filelists;
then, from the file's folder up to the workspace folder, the first folder with a project file that
holds the file: `benchwright.toml`, `.slang/server.json`, `verible.filelist` or a FuseSoC `.core`. A
file that no project holds is a design of its own, with the modules of its folder at hand. A
testbench belongs to the nearest project though that does not list it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.discovery.fusesoc import read_core
from benchwright_server.discovery.slang_server import CONFIGURATION, read_slang_server
from benchwright_sim.design import SOURCE_SUFFIXES
from benchwright_sim.errors import Location, ParameterError, SimError
from benchwright_sim.filelist import FileList, read_filelist
from benchwright_sim.project import PROJECT_FILE, read_project

if TYPE_CHECKING:
    from benchwright_server.settings import Settings

VERIBLE = "verible.filelist"
WATCHED = (f"**/{PROJECT_FILE}", f"**/{CONFIGURATION}", f"**/{VERIBLE}", "**/*.core")
"""Glob patterns of files that say which design a file belongs to."""

_MAX_LEVELS = 12


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found.

    Attributes:
        spec: of the design.
        warnings: what is wrong with project files on the way, and where.
    """

    spec: DesignSpec
    warnings: tuple[tuple[Location, str], ...] = ()


def discover(
    file: Path,
    *,
    workspace: Path | None,
    settings: Settings,
    chosen_top: str | None = None,
    testbench: bool = False,
) -> Discovered:
    """The design that a file belongs to.

    Args:
        file: of a buffer, absolute; it need not exist.
        workspace: the workspace folder that holds it.
        settings: of the editor.
        chosen_top: that the user chose among the design's modules.
        testbench: the file drives a design and is no part of one.
    """
    folder = workspace or file.parent
    warnings: list[tuple[Location, str]] = []
    try:
        found = _of_settings(folder, settings)
    except SimError as error:
        warnings.append(_said(error, folder))
        found = None
    for spec in _candidates(file, folder, warnings) if found is None else ():
        try:
            holds = testbench or _holds(spec, file)
        except SimError as error:
            warnings.append(_said(error, spec.origin or folder))
            continue
        if holds:
            found = spec
            break
    if found is None:
        found = DesignSpec(folder=folder, sources=(file,), library_dirs=(file.parent,))
    found = _with_settings(found, settings)
    if chosen_top is not None:
        found = found.with_top(chosen_top)
    return Discovered(found, tuple(warnings))


def _said(error: SimError, where: Path) -> tuple[Location, str]:
    text = f"{error.message} ({error.hint})" if error.hint else error.message
    return error.location or Location(where), text


def _of_settings(folder: Path, settings: Settings) -> DesignSpec | None:
    """The design that the editor's settings name, paths relative to the workspace folder.

    Raises:
        ParameterError: a path does not exist.
    """
    if not settings.sources and not settings.filelists:
        return None
    spec = DesignSpec(
        folder=folder,
        sources=tuple(_placed(folder, text) for text in settings.sources),
        filelists=tuple(_placed(folder, text) for text in settings.filelists),
        parameters=tuple(sorted(settings.parameters.items())),
        top=settings.top or None,
    )
    for path in (*spec.sources, *spec.filelists):
        if not path.exists():
            raise ParameterError(
                f"the settings name {path}, which does not exist",
                hint="correct benchwright.sources or benchwright.filelists",
            )
    return spec


def _placed(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / Path(text).expanduser()))


def _with_settings(spec: DesignSpec, settings: Settings) -> DesignSpec:
    """The design with the settings that hold for every design."""
    home = spec.origin.parent if spec.origin else spec.folder
    defines = {**dict(spec.defines), **settings.defines}
    include_dirs = tuple(_placed(spec.folder, text) for text in settings.include_dirs)
    return replace(
        spec,
        include_dirs=tuple(dict.fromkeys((*include_dirs, *spec.include_dirs))),
        defines=tuple(sorted(defines.items())),
        waivers=(_placed(home, settings.waivers),) if settings.waivers else (),
    )


def _candidates(
    file: Path, folder: Path, warnings: list[tuple[Location, str]]
) -> Iterator[DesignSpec]:
    """The designs of project files from the file's folder upwards."""
    for place in _upwards(file.parent, folder):
        for path, read in _project_files(place):
            try:
                yield replace(read(path), folder=folder)
            except SimError as error:
                warnings.append(_said(error, path))


def _upwards(start: Path, end: Path) -> list[Path]:
    """The folders from one up to another, or the first alone where that is not above it."""
    if not start.is_relative_to(end):
        return [start]
    return [p for p in (start, *start.parents) if p.is_relative_to(end)][:_MAX_LEVELS]


def _project_files(folder: Path) -> Iterator[tuple[Path, Callable[[Path], DesignSpec]]]:
    named = {
        PROJECT_FILE: _of_project,
        CONFIGURATION: read_slang_server,
        VERIBLE: _of_filelist,
    }
    for name, read in named.items():
        if (folder / name).is_file():
            yield folder / name, read
    for path in sorted(folder.glob("*.core")):
        yield path, read_core


def _of_project(path: Path) -> DesignSpec:
    project = read_project(path)
    return DesignSpec(
        folder=path.parent,
        sources=project.sources,
        filelists=project.filelists,
        include_dirs=project.include_dirs,
        defines=project.defines,
        parameters=project.parameters,
        top=project.top,
        clocks=project.clocks,
        resets=project.resets,
        origin=path,
    )


def _of_filelist(path: Path) -> DesignSpec:
    return DesignSpec(folder=path.parent, filelists=(path,), origin=path)


def _holds(spec: DesignSpec, file: Path) -> bool:
    """Whether a file is among a design's sources, or may be included by them.

    Raises:
        SourceError: a filelist cannot be read.
    """
    lists = [read_filelist(path) for path in spec.filelists]
    sources = [*spec.sources, *(path for found in lists for path in found.sources)]
    sources += [path for found in lists for path in found.library_files]
    if file.suffix not in SOURCE_SUFFIXES:
        return any(file.is_relative_to(folder) for folder in _include_dirs(spec, lists, sources))
    libraries = [*spec.library_dirs, *(d for found in lists for d in found.library_dirs)]
    same = {file, file.resolve()}
    return any(
        path in same or (path.is_dir() and file.is_relative_to(path)) for path in sources
    ) or any(file.parent == folder for folder in libraries)


def _include_dirs(spec: DesignSpec, lists: list[FileList], sources: list[Path]) -> set[Path]:
    listed = (folder for found in lists for folder in found.include_dirs)
    own = (path if path.is_dir() else path.parent for path in sources)
    return {*spec.include_dirs, *listed, *own}
