"""A folder of designs as rows of a suite.

Without a pattern each file and each sub-folder is a design; a sub-folder with a `benchwright.toml`
is read as that says. With a pattern every file below the folder that fits it is one, whatever lies
beside it (benchmarks keep a design, a testbench and a specification together). Documents beside a
design (`.md`, and `.txt` whose name holds `spec` or `description`) are its specification where its
folder holds no other design of the suite. Names that begin with a dot or an underscore are left
out. Such rows have no targets, and their files stay where they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchwright_agent.evaluation.rows import Row, SuiteError, load_alone
from benchwright_agent.protocol.repository import included_files
from benchwright_agent.protocol.task import SourceText, source_texts
from benchwright_sim.design import SOURCE_SUFFIXES, Design, load_design
from benchwright_sim.errors import Location, SimError
from benchwright_sim.project import find_project


def folder_rows(
    folder: Path, pattern: str | None, *, on_error: Callable[[SuiteError], None] | None = None
) -> Iterator[Row]:
    """The designs of a folder, sorted by path.

    Args:
        folder: see the module's text.
        pattern: of file names (`verified_*.v`), None for one design a file and sub-folder.
        on_error: told of a design that cannot be read, which is left out then.

    Raises:
        SuiteError: there is no design, or one cannot be read and `on_error` is None.
    """
    folder = folder.resolve()
    places = _matching(folder, pattern) if pattern else _children(folder)
    if not places:
        what = f"file that fits {pattern!r}" if pattern else "design"
        raise SuiteError(f"no {what} below this folder", location=Location(folder))
    homes = Counter(place if place.is_dir() else place.parent for place in places)
    for place in places:
        home = place if place.is_dir() else place.parent
        try:
            yield _folder_row(place, folder, _documents(home) if homes[home] == 1 else ())
        except SuiteError as error:
            if on_error is None:
                raise
            on_error(error)


def settings(design: Design) -> tuple[object, ...]:
    """What a design depends on beside the files of its row, without the folders that it lies in.

    Texts of library files are in it, whether they are used or not. Files that are included by
    names from macros, or read while simulating, are not.
    """
    libraries = (*design.library_files, *_library_files(design))
    read = (*included_files(replace(design, sources=(*design.sources, *libraries))), *libraries)
    texts = source_texts(design.root, tuple(path for path in read if path not in design.sources))
    return (
        design.defines,
        design.parameters,
        design.clocks,
        design.resets,
        [(Path(file.name).name, file.text) for file in texts],
    )


def _library_files(design: Design) -> list[Path]:
    """Files of library folders, in the order in which modules are looked for."""
    return [
        path
        for folder in design.library_dirs
        for extension in design.library_extensions
        for path in sorted(folder.glob(f"*{extension}"))
        if path.is_file()
    ]


def _matching(folder: Path, pattern: str) -> list[Path]:
    return sorted(
        path for path in folder.rglob(pattern) if path.is_file() and not _hidden(path, folder)
    )


def _children(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not _hidden(path, folder)
        and (_has_sources(path) if path.is_dir() else path.suffix in SOURCE_SUFFIXES)
    )


def _has_sources(folder: Path) -> bool:
    if find_project(folder):
        return True
    return any(path.suffix in SOURCE_SUFFIXES and path.is_file() for path in folder.rglob("*"))


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _folder_row(place: Path, folder: Path, specs: tuple[SourceText, ...]) -> Row:
    try:
        design = _load(place)
    except SimError as error:
        raise SuiteError(
            f"the design cannot be read: {error.message}",
            location=error.location or Location(place),
            hint="leave it out with --pattern, or mend it",
        ) from error
    name = place.relative_to(folder)
    return Row(
        id=(name if place.is_dir() else name.with_suffix("")).as_posix(),
        files=source_texts(design.root, (*included_files(design), *design.sources)),
        specs=specs,
        module=design.top,
        place=str(place),
        design=design,
    )


def _load(place: Path) -> Design:
    project = find_project(place) if place.is_dir() else None
    return load_design([], project=project) if project else load_alone(place)


def _documents(home: Path) -> tuple[SourceText, ...]:
    names = sorted(path for path in home.iterdir() if path.is_file() and _is_document(path))
    return source_texts(home, tuple(names))


def _is_document(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(".md") or (
        name.endswith(".txt") and ("spec" in name or "description" in name)
    )
