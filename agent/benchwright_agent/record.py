"""A run as one JSON object: what `--json` prints, what is saved, and what `report` reads again.

The form is versioned (`format`, `version`); a reader takes every version up to its own. Fields
that depend on time are `seconds` alone. Percentages are there for people: a reader recomputes
them from the bins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from benchwright_sim.bins import Bin, Kind, bin_to_json
from benchwright_sim.coverage import Coverage, merge, percent_number
from benchwright_sim.errors import Location
from benchwright_sim.points import CoverageFileError
from benchwright_sim.verdict import Status, Verdict, Verdicts, decide

if TYPE_CHECKING:
    from benchwright_sim.elaboration import Elaboration

FORMAT = "benchwright-run"
VERSION = 1

_FIXED = (
    *("format", "version", "benchwright", "command", "design", "testbench", "testbenches"),
    *("status", "seconds", "coverage", "overall_average", "closure", "verdicts", "warnings"),
    "bins",
)


@dataclass(frozen=True, slots=True)
class DesignRecord:
    """Which design was run.

    Attributes:
        top: name of the top module.
        root: folder that the bins' files are relative to.
        sources: absolute, in compilation order.
        parameters: (name, value) overrides.
        defines: (name, value) of macros.
    """

    top: str
    root: Path
    sources: tuple[Path, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    defines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A run that is over.

    Attributes:
        command: `generate`, `simulate` or `report`.
        design: which design, None for a merge of coverage files.
        testbenches: that were simulated.
        status: how the run ended.
        coverage: of all testbenches together.
        verdicts: of every bin of `coverage`.
        seconds: wall time.
        details: what only one command has (`seed`, `cycles`), plain JSON values.
        warnings: for the user.
    """

    command: str
    design: DesignRecord | None
    testbenches: tuple[Path, ...]
    status: str
    coverage: Coverage
    verdicts: Verdicts
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def design_record(elaboration: Elaboration) -> DesignRecord:
    """Which design an elaboration is of."""
    design = elaboration.design
    return DesignRecord(
        top=elaboration.interface.module,
        root=design.root,
        sources=design.sources,
        parameters=design.parameters,
        defines=design.defines,
    )


def to_text(record: Record) -> str:
    """The record as JSON text that ends with a newline."""
    return json.dumps(to_json(record), indent=1, ensure_ascii=False) + "\n"


def to_json(record: Record) -> dict[str, Any]:
    """The record as plain JSON values, keys in a fixed order."""
    testbenches = [str(path) for path in record.testbenches]
    design = record.design
    return {
        "format": FORMAT,
        "version": VERSION,
        "benchwright": metadata.version("benchwright"),
        "command": record.command,
        "design": None
        if design is None
        else {
            "top": design.top,
            "root": str(design.root),
            "sources": [str(path) for path in design.sources],
            "parameters": dict(design.parameters),
            "defines": dict(design.defines),
        },
        "testbench": testbenches[0] if len(testbenches) == 1 else None,
        "testbenches": testbenches,
        "status": record.status,
        **record.details,
        "seconds": round(record.seconds, 3),
        "coverage": {
            str(kind): [tally.covered, tally.total]
            for kind, tally in record.coverage.by_kind().items()
        },
        "overall_average": percent_number(record.coverage.overall_average()),
        "closure": percent_number(record.verdicts.closure()),
        "verdicts": record.verdicts.counts(),
        "warnings": list(record.warnings),
        "bins": [
            _bin_to_json(bin_, record.coverage[bin_], verdict)
            for bin_, verdict in record.verdicts.items()
        ],
    }


def _bin_to_json(bin_: Bin, count: int, verdict: Verdict) -> dict[str, Any]:
    return {
        **bin_to_json(bin_),
        "instance": bin_.instance,
        "span": bin_.span,
        "count": count,
        "verdict": verdict.status,
        "by": verdict.by,
        "note": verdict.note,
    }


def read_record(path: Path) -> Record:
    """A record from its file.

    Raises:
        CoverageFileError: the file cannot be read or holds no record of a version known here.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise CoverageFileError(
            f"the run cannot be read: {error.strerror}", location=Location(path)
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise CoverageFileError(
            "this is not a saved run: it is no JSON",
            location=Location(path, line),
            hint="save one with `benchwright generate ... --save run.json`",
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CoverageFileError(
            f"this is not a saved run: its `format` is not {FORMAT!r}",
            location=Location(path),
            hint="save one with `benchwright generate ... --save run.json`",
        )
    if not isinstance(data.get("version"), int) or data["version"] > VERSION:
        raise CoverageFileError(
            f"the run is of version {data.get('version')}, and versions up to {VERSION} are known",
            location=Location(path),
            hint="a newer Benchwright wrote it; upgrade this one",
        )
    try:
        return from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CoverageFileError(
            f"the saved run is damaged: {type(error).__name__}: {error}",
            location=Location(path),
            hint="make the run again",
        ) from error


def from_json(data: Mapping[str, Any]) -> Record:
    """The record that `to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    counts: dict[Bin, int] = {}
    verdicts: dict[Bin, Verdict] = {}
    for item in data["bins"]:
        bin_ = Bin(
            file=str(item["file"]),
            line=int(item["line"]),
            column=int(item["column"]),
            kind=Kind(item["kind"]),
            name=str(item["name"]),
            instance=str(item["instance"]),
            module=str(item["module"]),
            span=str(item["span"]),
        )
        counts[bin_] = int(item["count"])
        verdicts[bin_] = Verdict(_status(item["verdict"]), str(item["by"]), str(item["note"]))
    design = data["design"]
    return Record(
        command=str(data["command"]),
        design=None if design is None else _design(design),
        testbenches=tuple(Path(text) for text in data["testbenches"]),
        status=str(data["status"]),
        coverage=Coverage(counts),
        verdicts=Verdicts(verdicts),
        seconds=float(data["seconds"]),
        details={key: value for key, value in data.items() if key not in _FIXED},
        warnings=tuple(str(text) for text in data["warnings"]),
    )


def _status(text: object) -> Status:
    for status in get_args(Status):
        if text == status:
            found: Status = status
            return found
    raise ValueError(f"no verdict is called {text!r}")


def _design(data: Mapping[str, Any]) -> DesignRecord:
    return DesignRecord(
        top=str(data["top"]),
        root=Path(data["root"]),
        sources=tuple(Path(text) for text in data["sources"]),
        parameters=tuple((str(k), str(v)) for k, v in data["parameters"].items()),
        defines=tuple((str(k), str(v)) for k, v in data["defines"].items()),
    )


def merged(records: Sequence[Record], command: str) -> Record:
    """Several runs as one: counts added, and the evidence of each still holds.

    A bin that some run covers is covered, by that run's segment; else a proof or a waiver of any
    run counts. The design and the details are the first run's; statuses are joined.
    """
    coverage = merge(*(record.coverage for record in records))
    best: dict[Bin, Verdict] = dict(decide(coverage))
    for record in records:
        for bin_, verdict in record.verdicts.items():
            present = best[bin_]
            new = present.status == "unknown" and verdict.status != "covered"
            if new or (present.status == verdict.status and not present.by):
                best[bin_] = verdict
    return Record(
        command=command,
        design=next((record.design for record in records if record.design), None),
        testbenches=tuple(dict.fromkeys(tb for record in records for tb in record.testbenches)),
        status=", ".join(dict.fromkeys(record.status for record in records)),
        coverage=coverage,
        verdicts=Verdicts(best),
        seconds=sum(record.seconds for record in records),
        details=records[0].details if len(records) == 1 else {},
        warnings=tuple(dict.fromkeys(text for record in records for text in record.warnings)),
    )
