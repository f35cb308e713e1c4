"""A report for machines: one JSON object with every bin and its verdict.

`SCHEMA` (JSON Schema 2020-12) documents it. Keys may be added under the same `version`; a change of
meaning raises it. Bins are sorted by file, line and column, so that equal coverage is equal text.
"""

from __future__ import annotations

import json
from typing import Any

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import percent_number
from benchwright_sim.reports.report import Report
from benchwright_sim.verdict import STATUSES

VERSION = 1

_COUNT = {"type": "integer", "minimum": 0}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_BIN = {
    "id": {"type": "string", "description": "stable name of the bin"},
    "kind": {"enum": [str(kind) for kind in Kind]},
    "file": {"type": "string", "description": "relative to the design's root"},
    "line": _COUNT,
    "column": _COUNT,
    "name": {"type": "string"},
    "module": {"type": "string"},
    "instance": {"type": "string", "description": "empty when counted per module"},
    "count": {**_COUNT, "description": "hits"},
    "status": {"enum": list(STATUSES)},
    "by": {"type": "string", "description": "segment, proof or author of the waiver"},
    "note": {"type": "string"},
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Benchwright coverage report",
    "type": "object",
    "required": [
        "version",
        "design",
        "top",
        "tools",
        "properties",
        "coverage",
        "overall_average",
        "closure",
        "statuses",
        "bins",
        "warnings",
    ],
    "properties": {
        "version": {"const": VERSION},
        "design": {"type": "string"},
        "top": {"type": "string"},
        "tools": {**_TEXTS, "description": "name -> version"},
        "properties": _TEXTS,
        "coverage": {
            "type": "object",
            "description": "kind -> [covered, total], kinds that the design has",
            "propertyNames": {"enum": [str(kind) for kind in Kind]},
            "additionalProperties": {
                "type": "array",
                "prefixItems": [_COUNT, _COUNT],
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "overall_average": {
            "type": ["number", "null"],
            "description": "percent; mean of line, branch, expr, toggle, fsm where present",
        },
        "closure": {
            "type": ["number", "null"],
            "description": "percent covered, proven unreachable or waived",
        },
        "statuses": {
            "type": "object",
            "properties": dict.fromkeys(STATUSES, _COUNT),
            "required": list(STATUSES),
        },
        "bins": {
            "type": "array",
            "items": {"type": "object", "required": list(_BIN), "properties": _BIN},
        },
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
}


def to_object(report: Report) -> dict[str, Any]:
    """The report as JSON values, in the order of `SCHEMA`."""
    kinds = report.coverage.by_kind()
    return {
        "version": VERSION,
        "design": report.design,
        "top": report.top,
        "tools": dict(report.tools),
        "properties": dict(report.properties),
        "coverage": {str(kind): [tally.covered, tally.total] for kind, tally in kinds.items()},
        "overall_average": percent_number(report.coverage.overall_average()),
        "closure": percent_number(report.verdicts.closure()),
        "statuses": dict(report.verdicts.counts()),
        "bins": [_bin_object(report, bin_) for bin_ in report.coverage],
        "warnings": list(report.warnings),
    }


def render(report: Report) -> str:
    """The report as JSON text that ends with a newline."""
    return json.dumps(to_object(report), indent=1, ensure_ascii=False) + "\n"


def _bin_object(report: Report, bin_: Bin) -> dict[str, Any]:
    verdict = report.verdicts[bin_]
    return {
        "id": bin_.id,
        "kind": str(bin_.kind),
        "file": bin_.file,
        "line": bin_.line,
        "column": bin_.column,
        "name": bin_.name,
        "module": bin_.module,
        "instance": bin_.instance,
        "count": report.coverage[bin_],
        "status": verdict.status,
        "by": verdict.by,
        "note": verdict.note,
    }
