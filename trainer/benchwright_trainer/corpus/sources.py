"""Where designs come from: what each source of a corpus or an evaluation suite holds.

A source is a folder of designs (as `evaluation.folders` reads it, with a pattern of file names as
the last part of the path where one is wanted), a file of rows or a pattern of such files, or a data
set of the hub. A design of a folder keeps its files until it is settled (see `checks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchwright_agent.evaluation.folders import folder_rows
from benchwright_agent.evaluation.rows import Row, SuiteError
from benchwright_agent.protocol.task import SourceText
from benchwright_sim.design import SOURCE_SUFFIXES
from benchwright_trainer.corpus.candidate import Candidate, Dropped, Plain, Reason
from benchwright_trainer.corpus.formats import UnusableError, row_of
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.records import (
    HUB,
    Broken,
    Hub,
    Record,
    file_records,
    hub_records,
    is_rows_file,
)
from benchwright_trainer.errors import TrainerError

GENERATED = "generated"

_PATTERN = re.compile(r"[*?\[]")

Found = tuple[Row, Mapping[str, Plain]] | tuple[str, Reason, str]
"""A row and what is known of it; or the place, reason and words of one that cannot be had."""


def read_designs(options: CorpusOptions) -> Iterator[Candidate | Dropped]:
    """All designs of the sources and the generator, in their order; ids are unique.

    Raises:
        TrainerError: a source does not exist or cannot be read at all.
    """
    numbers = count()
    taken: dict[str, int] = {}
    places = [(source_label(source), source_rows(source)) for source in options.sources]
    if options.generated.n:
        places.append((GENERATED, _generated(options)))
    for source, rows in places:
        for found in rows:
            number = next(numbers)
            if len(found) == 3:
                place, reason, detail = found
                yield Dropped(number, source, "", place, reason, detail)
                continue
            row, meta = found
            yield Candidate(number, source, replace(row, id=_unique(row.id, taken)), meta)


def source_label(source: str) -> str:
    """What records call a source: without the folders above it, which differ between machines."""
    if source.startswith(HUB):
        return source
    path = Path(source).expanduser()
    return "/".join(path.parts[-2:]) if _PATTERN.search(path.name) else path.resolve().name


def source_rows(source: str) -> Iterator[Found]:
    """What one source holds.

    Raises:
        TrainerError: see `read_designs`.
    """
    if source.startswith(HUB):
        hub = Hub.of(source)
        return _rows(hub_records(hub), hub.name.rpartition("/")[2])
    path = Path(source).expanduser()
    folder, pattern = (path.parent, path.name) if _PATTERN.search(path.name) else (path, None)
    if pattern is not None and not is_rows_file(pattern):
        return _designs(_existing(folder, source), pattern)
    if pattern is not None:
        return _shards(_existing(folder, source), pattern, source)
    if path.is_dir():
        return _designs(path, None)
    if not is_rows_file(_existing(path, source).name):
        hint = f"name a folder, a .jsonl or .parquet file, or {HUB}OWNER/NAME"
        if path.suffix in SOURCE_SUFFIXES:
            hint = f"name its folder, or a pattern of names: '{path.parent}/*{path.suffix}'"
        raise TrainerError(f"{source} is neither a folder of designs nor a file of rows", hint=hint)
    return _file(path)


def _existing(path: Path, source: str) -> Path:
    if not path.exists():
        hint = f"name a folder, a .jsonl or .parquet file, or {HUB}OWNER/NAME"
        if _PATTERN.search(str(path)):
            hint = (
                "only the last part may be a pattern; designs are looked for in all folders below"
            )
        raise TrainerError(f"there is no {path}, which the source {source!r} names", hint=hint)
    return path


def _shards(folder: Path, pattern: str, source: str) -> Iterator[Found]:
    paths = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not paths:
        raise TrainerError(f"no file fits {source!r}", hint="correct the pattern")
    for path in paths:
        yield from _file(path)


def _file(path: Path) -> Iterator[Found]:
    return _rows(file_records(path), path.name.partition(".")[0])


def _rows(records: Iterable[Record | Broken], name: str) -> Iterator[Found]:
    for record in records:
        if isinstance(record, Broken):
            yield record.place, "corrupt", record.why
            continue
        try:
            yield _clean(row_of(record, name)), {}
        except UnusableError as error:
            yield record.place, "no design", str(error)


def _designs(folder: Path, pattern: str | None) -> Iterator[Found]:
    refused: list[SuiteError] = []
    try:
        for row in folder_rows(folder, pattern, on_error=refused.append):
            yield from _refusals(refused)
            yield row, {}
        yield from _refusals(refused)
    except SuiteError as error:
        suffixes = " or ".join(SOURCE_SUFFIXES)
        raise TrainerError(
            error.message,
            location=error.location,
            hint=f"a design is a {suffixes} file, or a folder that holds some",
        ) from error
    except OSError as error:
        raise TrainerError(f"{folder} cannot be read: {error.strerror or error}") from error


def _refusals(refused: list[SuiteError]) -> Iterator[Found]:
    while refused:
        error = refused.pop(0)
        yield str(error.location or ""), "corrupt", error.message


def _generated(options: CorpusOptions) -> Iterator[Found]:
    from benchwright_trainer.designs.generate import (  # noqa: PLC0415 - only where some are wanted
        generated_rows,
    )

    yield from generated_rows(options.generated)


def _clean(row: Row) -> Row:
    """The row as Unicode that can be written down, whatever escapes its JSON had."""
    files, specs = (
        tuple(SourceText(file.name, _unicode(file.text)) for file in files)
        for files in (row.files, row.specs)
    )
    return replace(
        row,
        id=_unicode(row.id),
        files=files,
        specs=specs,
        instruction=_unicode(row.instruction),
    )


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _unique(wanted: str, taken: dict[str, int]) -> str:
    """The id, printable as rows ask for, or with the first number that makes it unique."""
    wanted = "".join(char if char.isprintable() else "?" for char in wanted)
    name, n = wanted, taken.get(wanted, 0)
    while name in taken:
        n += 1
        name = f"{wanted}-{n + 1}"
    taken[wanted] = n
    taken.setdefault(name, 0)
    return name
