"""A comparison for people, as Markdown, and for programs, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from benchwright_agent.evaluation.metrics import Estimate
from benchwright_sim.coverage import percent
from benchwright_trainer.comparison.comparison import ALL, Cell, Comparison, Difference
from benchwright_trainer.markdown_table import table

FORMAT = "benchwright-comparison"
VERSION = 1

_NAMES = {
    "sim_pass": "Sim Pass",
    "cov_pass": "Cov Pass",
    "avg_cov": "Avg Cov",
    "closure": "Closure",
}


def name_of(figure: str) -> str:
    """What people call a figure."""
    return _NAMES.get(figure, figure)


def to_markdown(comparison: Comparison, title: str = "Evaluation", *, level: int = 1) -> str:
    """A table for each split, with what changes from row to row below it.

    Args:
        comparison: see there.
        title: of all.
        level: of the title's heading; splits are one below.
    """
    splits = dict.fromkeys(cell.split for cell in comparison.cells)
    parts = [f"{'#' * level} {title}", _intro(comparison)]
    parts += [_split(comparison, split, level + 1) for split in splits]
    if comparison.remarks:
        parts.append("\n".join(f"- {remark}" for remark in comparison.remarks))
    return "\n\n".join(parts) + "\n"


def _intro(comparison: Comparison) -> str:
    parts = [
        "Sim Pass: share of samples that compile and run to their end. Cov Pass: share that meets "
        "all targets (pass@1). pass@k: chance that one of k samples does. Avg Cov: overall "
        "coverage, 0 where a sample does not run.",
        "In brackets 95 % confidence intervals (bootstrap over designs; of changes, over paired "
        f"designs). Simulated by Verilator {' and '.join(comparison.versions['verilator'])}.",
    ]
    if any("closure" in cell.figures for cell in comparison.cells):
        parts.insert(1, "Closure: bins that are covered, proven unreachable or waived.")
    return " ".join(parts)


def _split(comparison: Comparison, split: str, level: int) -> str:
    cells = [cell for cell in comparison.cells if cell.split == split]
    changes = [change for change in comparison.differences if change.split == split]
    name = "All splits" if split == ALL else split
    parts = [f"{'#' * level} {name}", _figures(cells)]
    if changes:
        parts += ["Changes in percentage points, paired by design:", _changes(changes)]
    return "\n\n".join(parts)


def _figures(cells: list[Cell]) -> str:
    names = _names([cell.figures for cell in cells])
    head = ("Model", "Asked", "Designs", "Samples", *(f"{name_of(n)} %" for n in names))
    return table(
        head,
        [
            (cell.label, cell.way, cell.designs, cell.samples,
             *(_shown(cell.figures.get(name)) for name in names))
            for cell in cells
        ],
        n_words=2,
    )  # fmt: skip


def _changes(changes: list[Difference]) -> str:
    names = _names([change.figures for change in changes])
    head = ("Change", "Asked", *map(name_of, names))
    return table(
        head,
        [
            (f"{change.before} to {change.after}", change.way,
             *(_signed_estimate(change.figures.get(name)) for name in names))
            for change in changes
        ],
        n_words=2,
    )  # fmt: skip


def _names(rows: list[Mapping[str, Estimate | None]]) -> list[str]:
    """Figures that any row has."""
    return list(dict.fromkeys(name for row in rows for name, found in row.items() if found))


def _shown(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{_percent(found.value)} [{_percent(found.low)}, {_percent(found.high)}]"


def _percent(share: float) -> str:
    # Sums of floats miss 0 and 1 by a little, which must not print as 0.1 or 99.9.
    return percent(Fraction(share).limit_denominator(10**9))


def _signed_estimate(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{_signed(found.value)} [{_signed(found.low)}, {_signed(found.high)}]"


def _signed(share: float) -> str:
    text = _percent(abs(share))
    return text if text == "0" else f"{'+' if share > 0 else '-'}{text}"


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Plain JSON values in a fixed order; shares are percentages, changes percentage points."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "versions": {name: list(found) for name, found in comparison.versions.items()},
        "cells": [
            {
                "label": cell.label,
                "split": cell.split,
                "way": cell.way,
                "designs": cell.designs,
                "samples": cell.samples,
                "seeds": list(cell.seeds),
                "figures": _figures_json(cell.figures),
            }
            for cell in comparison.cells
        ],
        "changes": [
            {
                "before": change.before,
                "after": change.after,
                "split": change.split,
                "way": change.way,
                "figures": _figures_json(change.figures),
            }
            for change in comparison.differences
        ],
        "remarks": list(comparison.remarks),
    }


def _figures_json(figures: Mapping[str, Estimate | None]) -> dict[str, Any]:
    return {
        name: None
        if found is None
        else {
            "value": round(found.value * 100, 6),
            "low": round(found.low * 100, 6),
            "high": round(found.high * 100, 6),
            "designs": found.n,
        }
        for name, found in figures.items()
    }
