"""What the user gave: sources, include folders, defines, parameters, top."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchwright_sim.errors import Location, ParameterError, SourceError
from benchwright_sim.filelist import FileList, read_filelist
from benchwright_sim.overlay import Overlay
from benchwright_sim.project import EDGES, Project, find_project, read_project

SOURCE_SUFFIXES = (".v", ".sv")
DEFAULT_LIBRARY_EXTENSIONS = (".v", ".sv")

_INCLUDE = re.compile(r'^\s*`include\s+["<]([^">]+)[">]', re.M)


@dataclass(frozen=True, slots=True)
class Design:
    """A set of sources, not yet elaborated. All paths are absolute.

    Attributes:
        root: common parent folder of the sources; bins name files relative to it.
        sources: in compilation order.
        include_dirs: searched for `include` files, in order.
        defines: (name, value) of preprocessor macros; value `""` for a bare define.
        parameters: (name, value as SystemVerilog text) overrides of the top's parameters.
        library_dirs: `-y` folders, searched for modules that the sources do not define.
        library_files: `-v` files, of which only modules that are needed are taken.
        library_extensions: of files in `library_dirs`, with the dot.
        top: name of the top module, None when it is to be found.
        clocks: (signal, edge) that the user declares, overriding what is inferred.
        resets: (signal, active level) that the user declares, overriding what is inferred.
        legacy_keywords: found by `elaborate`: names in `.v` sources are SystemVerilog keywords, so
            that these are read with the keywords of IEEE 1364-2005 (`+1364-2005ext+v`).
        overlay: texts that are read in place of files.
    """

    root: Path
    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    library_dirs: tuple[Path, ...] = ()
    library_files: tuple[Path, ...] = ()
    library_extensions: tuple[str, ...] = DEFAULT_LIBRARY_EXTENSIONS
    top: str | None = None
    clocks: tuple[tuple[str, str], ...] = ()
    resets: tuple[tuple[str, int], ...] = ()
    legacy_keywords: bool = False
    overlay: Overlay = ()

    def texts(self, files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
        """Each file with its text, as it is read: from the overlay, else from disk."""
        overlay = dict(self.overlay)
        for file in files:
            text = overlay.get(file)
            yield file, file.read_text("utf-8", errors="replace") if text is None else text


def load_design(
    sources: Sequence[Path],
    *,
    filelists: Sequence[Path] = (),
    include_dirs: Sequence[Path] = (),
    defines: Sequence[tuple[str, str]] = (),
    parameters: Sequence[tuple[str, str]] = (),
    top: str | None = None,
    clocks: Sequence[tuple[str, str]] = (),
    resets: Sequence[tuple[str, int]] = (),
    project: Path | None = None,
    overlay: Overlay = (),
) -> Design:
    """Gathers a design from files, folders, filelists and the project file.

    What is given here overrides the project file: sources or filelists replace its sources and
    filelists, and with them its top, parameters, clocks and resets, which speak of another design;
    defines and parameters replace those of the same name, include folders are searched before its
    own, and top, clocks and resets replace its own. A project file that is named applies whole.

    Args:
        sources: files, or folders of which all `.v` and `.sv` files below are taken, sorted, but
            for those that another one includes.
        filelists: see `benchwright_sim.filelist`; their sources come after `sources`.
        include_dirs: searched for `include` files, before those of filelists; the folders of the
            sources are searched last.
        defines: (name, value) of macros.
        parameters: (name, value as SystemVerilog text).
        top: name of the top module.
        clocks: (signal, edge).
        resets: (signal, active level).
        project: the project file; None takes `benchwright.toml` of the current folder, if any.
        overlay: texts that are read in place of files.

    Raises:
        SourceError: a file is missing, unreadable, binary or empty, or there is none at all.
        ParameterError: the project file is wrong, or a clock's edge or a reset's level is.
    """
    path = project or find_project(Path.cwd())
    defaults = read_project(path) if path else Project()
    if not sources and not filelists:
        sources, filelists = defaults.sources, defaults.filelists
    elif project is None:
        defaults = Project(include_dirs=defaults.include_dirs, defines=defaults.defines)
    lists = [read_filelist(filelist) for filelist in filelists]
    overlay = tuple((_resolved(file), text) for file, text in overlay)
    files = _files(sources, lists, dict(overlay))
    libraries = [file.resolve() for found in lists for file in found.library_files]
    for library in libraries:
        check_source(library, dict(overlay))
    given_dirs = [*include_dirs, *(d for found in lists for d in found.include_dirs)]
    listed_defines = [define for found in lists for define in found.defines]
    extensions = [ext for found in lists for ext in found.library_extensions]
    tops = [top, *(found.top for found in lists), defaults.top]
    return Design(
        root=Path(os.path.commonpath([file.parent for file in files])),
        sources=files,
        include_dirs=_unique([*given_dirs, *defaults.include_dirs, *(f.parent for f in files)]),
        defines=_override(defaults.defines, listed_defines, defines),
        parameters=_override(defaults.parameters, parameters),
        library_dirs=_unique([d for found in lists for d in found.library_dirs]),
        library_files=_unique(libraries),
        library_extensions=tuple(extensions) or DEFAULT_LIBRARY_EXTENSIONS,
        top=next((name for name in tops if name), None),
        clocks=_checked_clocks(clocks) or defaults.clocks,
        resets=_checked_resets(resets) or defaults.resets,
        overlay=overlay,
    )


def _files(
    sources: Sequence[Path], lists: Sequence[FileList], overlay: Mapping[Path, str]
) -> tuple[Path, ...]:
    """All source files, absolute, readable and each once."""
    files: list[Path] = []
    for source in [*sources, *(file for found in lists for file in found.sources)]:
        path = _resolved(source)
        if path.is_dir():
            files.extend(_folder(path, overlay))
        else:
            check_source(path, overlay)
            files.append(path)
    if not files:
        raise SourceError(
            "no sources given",
            hint="name a file or folder, a filelist with -f, or write a benchwright.toml",
        )
    return _unique(files)


def _folder(folder: Path, overlay: Mapping[Path, str]) -> list[Path]:
    """Sources below `folder`, sorted, but for empty ones and those that others include."""
    names = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in SOURCE_SUFFIXES and path.is_file() and not _is_hidden(path, folder)
    )
    texts = {path: _read(path, overlay).decode("latin-1") for path in names}
    included = {Path(name).name for text in texts.values() for name in _INCLUDE.findall(text)}
    found = [path for path in names if path.name not in included and texts[path].strip()]
    if not found:
        raise SourceError(
            f"no {' or '.join(SOURCE_SUFFIXES)} file below this folder",
            location=Location(folder),
            hint="name the folder that holds the design, or the files themselves",
        )
    for path in found:
        check_source(path, overlay)
    return found


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise SourceError(
            f"the path leads nowhere: {error}", location=Location(path), hint="correct the path"
        ) from error


def check_source(path: Path, overlay: Mapping[Path, str] = MappingProxyType({})) -> None:
    """Finds out whether a file can be a source.

    Raises:
        SourceError: it is missing, unreadable, binary or empty, or no tool can be told its name.
    """
    data = _read(path, overlay)
    if set('$"\\\n') & set(str(path)):
        raise SourceError(
            "a path with $, a quote, a backslash or a line break cannot be given to Verilator",
            location=Location(path),
            hint="rename the file or folder, or copy it elsewhere",
        )
    if not data.strip():
        raise SourceError("the file is empty", location=Location(path), hint="name another file")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(
            "the file is UTF-16 text", location=Location(path), hint="save it as UTF-8"
        )
    if b"\0" in data:
        raise SourceError(
            "the file is binary, not Verilog or SystemVerilog text",
            location=Location(path),
            hint="name a source file",
        )


def _read(path: Path, overlay: Mapping[Path, str]) -> bytes:
    if path in overlay:
        return overlay[path].encode("utf-8", "replace")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SourceError(
            "no such file or folder", location=Location(path), hint="check the path"
        ) from error
    except OSError as error:
        raise SourceError(
            f"cannot read the file: {error.strerror}",
            location=Location(path),
            hint="check its permissions",
        ) from error


def _unique(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.expanduser().resolve() for path in paths))


def _override(*layers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Later layers replace earlier values of the same name."""
    merged: dict[str, str] = {}
    for layer in layers:
        merged.update(layer)
    return tuple(merged.items())


def _checked_clocks(clocks: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    for name, edge in clocks:
        if edge not in EDGES:
            raise ParameterError(f"clock {name}: no edge {edge!r}; legal: {', '.join(EDGES)}")
    return tuple(clocks)


def _checked_resets(resets: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    for name, level in resets:
        if level not in {0, 1}:
            raise ParameterError(f"reset {name}: no active level {level!r}; legal: 0, 1")
    return tuple(resets)
