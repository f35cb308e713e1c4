"""What a model is shown of a design: the paper's repository R, as a task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchwright_agent.protocol.task import Task, source_texts
from benchwright_sim.design import Design, check_source
from benchwright_sim.elaboration import Elaboration

_INCLUDE = re.compile(r'^\s*`include\s+["<]([^">]+)[">]', re.M)


def design_task(
    elaboration: Elaboration, *, documents: Sequence[Path] = (), instruction: str = ""
) -> Task:
    """The task of writing a testbench for a design: its sources, and what of libraries it uses.

    Args:
        elaboration: of the design.
        documents: text files about it.
        instruction: further wishes of the user.

    Raises:
        SourceError: a document is missing, unreadable, binary or empty.
    """
    for document in documents:
        check_source(document)
    design = elaboration.design
    instantiated = (instance.file for instance in elaboration.instances)
    files = dict.fromkeys((*included_files(design), *design.sources, *instantiated))
    return Task(
        elaboration,
        files=source_texts(design.root, tuple(files), design.overlay),
        specs=tuple(text for path in documents for text in source_texts(path.parent, (path,))),
        instruction=instruction,
    )


def included_files(design: Design) -> tuple[Path, ...]:
    """Files that the sources include by plain names, each before those that include it."""
    found: dict[Path, None] = {}
    seen: set[Path] = set(design.sources)

    def visit(source: Path, text: str) -> None:
        for name in _INCLUDE.findall(text):
            folders = (source.parent, *design.include_dirs)
            path = next((p for f in folders if (p := (f / name).resolve()).is_file()), None)
            if path is not None and path not in seen:
                seen.add(path)
                visit(*next(design.texts([path])))
                found[path] = None

    for source, text in design.texts(design.sources):
        visit(source, text)
    return tuple(found)
