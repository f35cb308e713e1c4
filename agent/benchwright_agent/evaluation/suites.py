"""Suites: rows in the format of CVDP-ECov from a file or the hub, or a folder of designs.

Rows come from JSON Lines (also gzipped), Parquet, or a data set of the Hugging Face hub; `folders`
makes rows of designs on disk. What is wrong is an error that names file and line, or row.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.evaluation.folders import folder_rows, settings
from benchwright_agent.evaluation.rows import Row, SuiteError, row_from_json, row_to_json
from benchwright_sim.errors import Location, ToolchainError

HUB = "hf:"


@dataclass(frozen=True, slots=True)
class Suite:
    """All rows, in their order.

    Attributes:
        name: without folders.
        rows: at least one.
    """

    name: str
    rows: tuple[Row, ...]

    @property
    def sha256(self) -> str:
        """Of all that the rows say, wherever they came from, and of how folders' designs are
        read."""
        digest = hashlib.sha256()
        for row in self.rows:
            said = repr(row_to_json(row)) + (repr(settings(row.design)) if row.design else "")
            digest.update(said.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def load_suite(source: str, *, pattern: str | None = None) -> Suite:
    """Reads a suite.

    Args:
        source: a file (`.jsonl`, `.jsonl.gz`, `.json`, `.parquet`), a folder of designs, or
            `hf:OWNER/NAME`, with `:SPLIT` when the data set has several.
        pattern: for a folder, see `folders.folder_rows`.

    Raises:
        SuiteError: there is no such suite, a row is malformed, or two have the same id.
        ToolchainError: reading it needs a package that is not installed.
    """
    if source.startswith(HUB):
        name, rows = _from_hub(source.removeprefix(HUB))
    else:
        path = Path(source).expanduser()
        name = path.resolve().name
        rows = folder_rows(path, pattern) if path.is_dir() else _from_file(path)
    found = tuple(_unique(rows))
    if not found:
        raise SuiteError("the suite holds no row", hint="name a suite with at least one design")
    return Suite(name, found)


def _from_file(path: Path) -> Iterator[Row]:
    if not path.exists():
        raise SuiteError(
            f"there is no suite {path}",
            hint=f"name a .jsonl or .parquet file, a folder of designs, or {HUB}OWNER/NAME",
        )
    suffix = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if suffix == "parquet":
        yield from _from_parquet(path)
    elif suffix in {"jsonl", "json", "ndjson"}:
        yield from _from_jsonl(path)
    else:
        raise SuiteError(
            "a suite's file must end in .jsonl, .jsonl.gz or .parquet", location=Location(path)
        )


def _from_jsonl(path: Path) -> Iterator[Row]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SuiteError(f"the suite cannot be read: {error}", location=Location(path)) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = Location(path, number)
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SuiteError(
                f"this line is no JSON: {error}",
                location=where,
                hint="a suite has one JSON object a line",
            ) from error
        yield _row(value, str(where), where)


def _from_parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        raise _lacks("pyarrow", "a Parquet suite") from error
    try:
        values = parquet.read_table(path).to_pylist()
    except (OSError, ArrowException, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SuiteError(f"this is no Parquet file: {reason}", location=Location(path)) from error
    for number, value in enumerate(values, start=1):
        yield _row(value, f"{path}, row {number}", Location(path))


def _from_hub(source: str) -> tuple[str, Iterator[Row]]:
    try:
        import datasets  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        raise _lacks("datasets", "a data set of the hub") from error
    name, _, split = source.partition(":")
    try:
        found = datasets.load_dataset(name)
    except Exception as error:  # whatever network, hub and file formats may raise
        reason = str(error).partition("\n")[0]
        raise SuiteError(
            f"the data set {name} cannot be loaded: {type(error).__name__}: {reason}",
            hint="check its name and the network, or give a file: .jsonl or .parquet",
        ) from error
    if not split and len(found) == 1:
        (split,) = found
    if split not in found:
        raise SuiteError(
            f"the data set {name} has the splits {', '.join(map(str, found))}",
            hint=f"name one: {HUB}{name}:{next(iter(found))}",
        )
    rows = (_row(value, f"{source}, row {n}", None) for n, value in enumerate(found[split], 1))
    return f"{name.rpartition('/')[2]}:{split}", rows


def _lacks(package: str, what: str) -> ToolchainError:
    return ToolchainError(
        f"{what} needs the package {package}", hint="pip install 'benchwright[eval]'"
    )


def _unique(rows: Iterable[Row]) -> Iterator[Row]:
    seen: dict[str, str] = {}
    for row in rows:
        if row.id in seen:
            raise SuiteError(f"{row.place}: the id {row.id!r} is taken by {seen[row.id]}")
        seen[row.id] = row.place
        yield row


def _row(value: object, place: str, where: Location | None) -> Row:
    """A row from what a file holds; whatever is wrong with it names its place."""
    try:
        return row_from_json(value, place)
    except SuiteError as error:
        if where is not None and where.line:
            raise SuiteError(error.message, location=where) from error
        raise SuiteError(f"{place}: {error.message}") from error
