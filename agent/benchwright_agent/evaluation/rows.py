"""One row of a suite: a design as text, what is asked of its testbench, and coverage targets.

The format is that of CVDP-ECov (LLM4Cov, section 5): id, rtl_files [{name, content}], spec_files,
dut_module_name, dut_instance_name, instruction, targets [{inst_name, metric, target_percentage}],
difficulty, is_agentic. Required are id and rtl_files; other fields are ignored. Rows were written
by others: names of files are checked before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from benchwright_agent.evaluation.targets import Target, metric_of
from benchwright_agent.protocol.task import SourceText
from benchwright_sim.design import SOURCE_SUFFIXES, Design, load_design
from benchwright_sim.errors import SimError
from benchwright_sim.identifiers import is_identifier

DEFAULT_INSTANCE = "dut"

_UNSAFE = re.compile(r'[\\"$:*?<>|\x00-\x1f\x7f]')


class SuiteError(SimError):
    """A suite cannot be read, or one of its rows is not what a row must be."""

    exit_code = 13


@dataclass(frozen=True, slots=True)
class Row:
    """One design of a suite.

    Attributes:
        id: unique in the suite.
        files: sources, headers and data; names are relative and stay inside a folder.
        specs: documents about the design.
        module: its top, None when it is to be found.
        instance: what the testbench must call its instance.
        instruction: further wishes.
        targets: empty where the suite has none.
        place: where the row stands, for messages (`suite.jsonl:12`).
        design: of a row from a folder, whose files stay where they are.
    """

    id: str
    files: tuple[SourceText, ...]
    specs: tuple[SourceText, ...] = ()
    module: str | None = None
    instance: str = DEFAULT_INSTANCE
    instruction: str = ""
    targets: tuple[Target, ...] = ()
    place: str = field(default="", compare=False)
    design: Design | None = field(default=None, compare=False)


def row_from_json(value: object, place: str = "") -> Row:
    """A row from plain JSON values.

    Raises:
        SuiteError: it is not such an object; the message names the field.
    """
    if not isinstance(value, Mapping):
        raise SuiteError(f"a row must be an object, not {type(value).__name__}")
    files = _files(value, "rtl_files")
    if not any(PurePosixPath(file.name).suffix in SOURCE_SUFFIXES for file in files):
        raise SuiteError(f"rtl_files: none ends in {' or '.join(SOURCE_SUFFIXES)}")
    module = _text(value, "dut_module_name") or None
    instance = _text(value, "dut_instance_name") or DEFAULT_INSTANCE
    if not is_identifier(instance):
        raise SuiteError(f"dut_instance_name: {instance!r} is no identifier")
    return Row(
        id=_id(value),
        files=files,
        specs=_files(value, "spec_files") if value.get("spec_files") else (),
        module=module,
        instance=instance,
        instruction=_text(value, "instruction"),
        targets=tuple(_targets(value)),
        place=place,
    )


def _id(value: Mapping[str, Any]) -> str:
    found = value.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise SuiteError(f"id: {found!r} is not legal; write a text of printable characters")
    return found


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise SuiteError(f"{key}: {found!r} is no text")
    return found.strip()


def _files(value: Mapping[str, Any], key: str) -> tuple[SourceText, ...]:
    found = value.get(key)
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        raise SuiteError(f"{key}: write a list of at least one {{name, content}}")
    files: dict[str, SourceText] = {}
    for item in found:
        if not isinstance(item, Mapping) or not isinstance(item.get("content"), str):
            raise SuiteError(f"{key}: {str(item)[:60]!r} is not legal; write {{name, content}}")
        name = _safe_name(item.get("name"), key)
        if name in files:
            raise SuiteError(f"{key}: two files are called {name!r}")
        files[name] = SourceText(name, item["content"])
    parents = {str(p) for name in files for p in PurePosixPath(name).parents}
    if clash := parents & files.keys():
        raise SuiteError(f"{key}: {min(clash)!r} is both a file and a folder")
    return tuple(files.values())


def _safe_name(name: object, key: str) -> str:
    """A name that stays in the folder that it is written to."""
    if not isinstance(name, str) or not name or _UNSAFE.search(name) or len(name) > 200:
        raise SuiteError(f"{key}: {name!r} is no name of a file")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise SuiteError(f"{key}: {name!r} leads out of the design's folder, and is refused")
    return str(path)


def _targets(value: Mapping[str, Any]) -> Iterator[Target]:
    for item in value.get("targets") or ():
        if not isinstance(item, Mapping):
            raise SuiteError(f"targets: {item!r} is not legal; write an object")
        metric = item.get("metric")
        pct = item.get("target_percentage")
        if not isinstance(metric, str):
            raise SuiteError(f"targets: metric {metric!r} is no text")
        try:
            metric_of(metric)
        except ValueError as error:
            raise SuiteError(f"targets: {error}") from error
        if isinstance(pct, bool) or not isinstance(pct, int | float) or not 0 <= pct <= 100:
            raise SuiteError(f"targets: target_percentage {pct!r} is not legal; write 0 to 100")
        yield Target(_text(item, "inst_name"), metric, float(pct))


def row_to_json(row: Row) -> dict[str, Any]:
    """A row in the data set's own format; `row_from_json` reads it."""
    return {
        "id": row.id,
        "rtl_files": [{"name": file.name, "content": file.text} for file in row.files],
        "spec_files": [{"name": file.name, "content": file.text} for file in row.specs],
        "dut_module_name": row.module or "",
        "dut_instance_name": row.instance,
        "instruction": row.instruction,
        "targets": [
            {"inst_name": t.instance, "metric": t.metric, "target_percentage": t.pct}
            for t in row.targets
        ],
    }


def materialise(row: Row, folder: Path) -> Design:
    """The row as a design on disk: its files in `folder`, or where they already are.

    Raises:
        SimError: the sources cannot be read.
        OSError: there is no room.
    """
    if row.design is not None:
        return row.design
    for file in row.files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8", errors="replace", newline="")
    return load_alone(folder, top=row.module)


def load_alone(source: Path, *, top: str | None = None) -> Design:
    """A file or folder as a design, whatever project file the current folder has.

    Raises:
        SimError: the sources cannot be read.
    """
    folders = sorted(path for path in source.rglob("*") if path.is_dir()) if source.is_dir() else []
    return load_design([source], include_dirs=folders, top=top, project=Path("/dev/null"))
