"""A design for one job: what a spec names, and what it leaves to be found, read once and kept.

A file alone names no files beside it. Modules and packages that its sources lack are taken from the
sources' own folders and the folders of libraries, by the declarations in their files, whatever
these are called. Once a design is elaborated its texts are kept, so that what is saved during a run
does not get into it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchwright_agent.protocol.repository import included_files
from benchwright_server.child.request import Request
from benchwright_sim.bins import Bin
from benchwright_sim.design import SOURCE_SUFFIXES, Design, load_design
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import SimError
from benchwright_sim.frontend.modules import find_modules, missing_names
from benchwright_sim.frontend.parsing import parse
from benchwright_sim.points import relative_name

_NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
_DECLARATION = re.compile(
    r"\b(?:module|macromodule|package|interface|program|primitive)\s+"
    r"(?:(?:static|automatic)\s+)?([A-Za-z_]\w*)"
)


def load(request: Request) -> Design:
    """The design that a request names, with the files that it lacks.

    Raises:
        SimError: a file is missing or no source, or a setting is wrong.
    """
    spec = request.spec
    os.chdir(request.folder)  # a project file here would count, and there is none
    design = load_design(
        spec.sources,
        filelists=spec.filelists,
        include_dirs=spec.include_dirs,
        defines=spec.defines,
        parameters=spec.parameters,
        top=spec.top,
        clocks=spec.clocks,
        resets=spec.resets,
        overlay=request.overlay,
    )
    with suppress(OSError):
        os.chdir(spec.folder)  # where data files are looked for first
    libraries = dict.fromkeys((*design.library_dirs, *spec.library_dirs))
    return completed(replace(design, library_dirs=tuple(libraries)))


def completed(design: Design, bench: Path | None = None) -> Design:
    """The design with the files that declare what it lacks; as given where it does not parse.

    Args:
        design: as its spec names it.
        bench: a testbench, which may lack some, too.
    """
    while True:
        try:
            given = dict.fromkeys((*design.sources, *((bench,) if bench else ())))
            parsed = parse(replace(design, sources=tuple(given)))
        except SimError:
            return design
        names = set(missing_names(parsed, find_modules(parsed)))
        beside = list(_declaring(names, design.include_dirs, design))
        added = beside or list(_declaring(names, design.library_dirs, design))
        if not added:
            return design
        # As in `elaborate`: what lies beside belongs to the design, what is in a library does not.
        root = Path(os.path.commonpath([design.root, *(file.parent for file in beside)]))
        design = replace(design, root=root, sources=(*design.sources, *added))


def kept(elaboration: Elaboration) -> Elaboration:
    """The same with every text that it read, so that files may change from now on."""
    return replace(elaboration, design=with_texts(elaboration.design, _files(elaboration)))


def with_texts(design: Design, files: Iterable[Path] = ()) -> Design:
    """The same with the texts of its sources, of what they include and of `files`.

    Texts that are not UTF-8 stay on disk: they could not be written as they are.
    """
    overlay = dict(design.overlay)
    for file in dict.fromkeys((*design.sources, *included_files(design), *files)):
        if file not in overlay:
            with suppress(OSError, UnicodeDecodeError):
                overlay[file] = file.read_text("utf-8")
    return replace(design, overlay=tuple(sorted(overlay.items())))


def texts_of(elaboration: Elaboration, bins: Iterable[Bin]) -> dict[str, str]:
    """What was run: each text that was read, and that `bins` stand in, by the name in bins."""
    design = elaboration.design
    texts = {relative_name(file, design.root): text for file, text in design.overlay}
    for file in _files(elaboration):
        if (name := relative_name(file, design.root)) not in texts:
            with suppress(OSError):
                texts[name] = file.read_text("utf-8-sig", errors="replace")
    names = {relative_name(file, design.root) for file in _files(elaboration)}
    names.update(bin_.file for bin_ in bins)
    return {name: texts[name] for name in sorted(names) if name in texts}


def _files(elaboration: Elaboration) -> Iterable[Path]:
    design = elaboration.design
    instantiated = (instance.file for instance in elaboration.instances)
    return dict.fromkeys((*design.sources, *included_files(design), *instantiated))


def _declaring(names: set[str], folders: Iterable[Path], design: Design) -> Iterator[Path]:
    """The files in `folders` that declare some of `names`; each name once."""
    left = set(names)
    if not left:
        return
    for file, text in design.texts(_candidates(names, folders, design)):
        found = left.intersection(_DECLARATION.findall(_NO_CODE.sub(" ", text)))
        if found:
            left -= found
            yield file


def _candidates(names: set[str], folders: Iterable[Path], design: Design) -> list[Path]:
    """Sources in `folders` that are not the design's own, those named for one of `names` first."""
    unsaved = [file for file, _ in design.overlay]
    found: dict[Path, None] = {}
    for folder in folders:
        beside = [file for file in unsaved if file.parent == folder]
        with suppress(OSError):
            beside += [file for file in folder.iterdir() if file.is_file()]
        found.update(dict.fromkeys(sorted(f for f in beside if f.suffix in SOURCE_SUFFIXES)))
    others = (file for file in found if file not in design.sources and os.access(file, os.R_OK))
    return sorted(others, key=lambda file: file.stem not in names)
