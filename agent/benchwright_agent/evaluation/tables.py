"""The result of an evaluation: one JSON object, and a Markdown table beside the paper's figures.

The paper's figures (LLM4Cov, arXiv 2602.16953) are of CVDP-ECov's 83 designs, measured by Cadence
Xcelium; ours are measured by Verilator, whose coverage points are others. Figures of another suite
are not comparable at all, and the table says so.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from benchwright_agent.evaluation.metrics import Estimate, Summary, summarise
from benchwright_agent.evaluation.options import DIRECT_ROUNDS
from benchwright_agent.evaluation.outcome import Outcome, outcome_to_json
from benchwright_agent.evaluation.runner import Evaluation
from benchwright_sim.coverage import percent, percent_number

FORMAT = "benchwright-eval"
VERSION = 1

_PAPER = (
    ("Qwen3-235B-A22B", "69.9", "83.2", "29.9", "47.0"),
    ("Llama-4-Maverick 400B", "60.2", "81.7", "23.1", "47.3"),
    ("Qwen3-Coder-30B-A3B", "63.9", "79.9", "28.4", "48.6"),
    ("CodeV-R1-RL-7B", "29.9", "55.5", "14.5", "32.5"),
    ("Qwen3-4B", "28.4", "48.5", "14.9", "23.3"),
    ("Qwen3-4B + Stage 0", "60.2", "82.1", "45.5", "74.9"),
    ("Qwen3-4B + Stage 1", "67.0", "88.2", "48.2", "77.2"),
    ("Qwen3-4B + Stage 2", "69.2", "90.4", "50.6", "76.4"),
)
"""Model, agentic Cov Pass and Avg Cov, direct Cov Pass and Avg Cov, in percent."""


def result_text(evaluation: Evaluation) -> str:
    """The JSON object as text that ends with a newline; only fields called `seconds` hold times."""
    return json.dumps(result_json(evaluation), indent=1, ensure_ascii=False) + "\n"


def result_json(evaluation: Evaluation) -> dict[str, Any]:
    """Plain JSON values, keys and rows in a fixed order; shares are percentages."""
    summary = summarise(evaluation.outcomes, evaluation.options.ks)
    rows: dict[str, list[Outcome]] = {}
    for outcome in evaluation.outcomes:
        rows.setdefault(outcome.id, []).append(outcome)
    return {
        "format": FORMAT,
        "version": VERSION,
        **evaluation.versions,
        "simulator": "Verilator",
        "suite": {
            "name": evaluation.suite.name,
            "sha256": evaluation.suite.sha256,
            "rows": len(evaluation.suite.rows),
        },
        "model": evaluation.model,
        "options": dataclasses.asdict(evaluation.options),
        "seconds": round(evaluation.seconds, 3),
        "summary": _summary_json(summary),
        "rows": [{"id": id_, "samples": [_sample(o) for o in rows[id_]]} for id_ in rows],
    }


def _sample(outcome: Outcome) -> dict[str, Any]:
    data = outcome_to_json(outcome)
    del data["id"]
    average = percent_number(outcome.average) if outcome.ran else None
    return data | {"overall_average": average}


def _summary_json(summary: Summary) -> dict[str, Any]:
    data = dataclasses.asdict(summary)
    for key in ("sim_pass", "cov_pass", "avg_cov", "closure"):
        data[key] = _estimate_json(getattr(summary, key))
    data["pass_at"] = {str(k): _estimate_json(found) for k, found in summary.pass_at.items()}
    data["seconds"] = round(summary.seconds, 3)
    return data


def _estimate_json(found: Estimate | None) -> dict[str, Any] | None:
    if found is None:
        return None
    shares = {key: _percent(getattr(found, key), 6) for key in ("value", "low", "high")}
    return {key: float(text) for key, text in shares.items()} | {"designs": found.n}


def _percent(share: float, digits: int = 1) -> str:
    # Sums of floats miss 1 by a little, which must not print as 99.9.
    return percent(Fraction(share).limit_denominator(10**9), digits=digits)


def markdown(evaluation: Evaluation) -> str:
    """The table for people."""
    summary = summarise(evaluation.outcomes, evaluation.options.ks)
    parts = [
        f"# {evaluation.suite.name}: {_who(evaluation)}",
        _intro(evaluation, summary),
        _ours(evaluation, summary),
        *_remarks(evaluation, summary),
        _paper(evaluation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _who(evaluation: Evaluation) -> str:
    options = evaluation.options
    model = f", {evaluation.model}" if evaluation.model else ""
    if options.policy != "llm":
        return f"policy {options.policy}{model}"
    kind = "direct" if options.rounds == DIRECT_ROUNDS else f"agentic, {options.rounds} rounds"
    return f"policy llm{model}, {kind}"


def _intro(evaluation: Evaluation, summary: Summary) -> str:
    n_good = summary.rows - len(summary.row_errors)
    return (
        f"{n_good} of {summary.rows} designs, {evaluation.options.samples} samples each, simulated "
        f"by Verilator {evaluation.versions['verilator']}. In brackets 95 % confidence intervals "
        "(bootstrap over designs)."
    )


def _ours(evaluation: Evaluation, summary: Summary) -> str:
    rows = [
        ("Sim Pass %", _shown(summary.sim_pass)),
        ("Cov Pass %", _shown(summary.cov_pass)),
        *((f"Cov pass@{k} %", _shown(found)) for k, found in summary.pass_at.items() if k > 1),
        ("Avg Cov %", _shown(summary.avg_cov)),
        ("Closure %", _shown(summary.closure)),
        ("Simulator calls a sample", f"{summary.simulations:.2f}"),
        ("Prompt tokens a sample", f"{summary.prompt_tokens:,.0f}"),
        ("New tokens a sample", f"{summary.new_tokens:,.0f}"),
        ("Seconds a sample", f"{summary.seconds:.1f}"),
    ]
    return _table(("", _who(evaluation)), rows)


def _shown(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{_percent(found.value)} [{_percent(found.low)}, {_percent(found.high)}]"


def _remarks(evaluation: Evaluation, summary: Summary) -> list[str]:
    met, missed, absent = summary.targets
    ended = ", ".join(f"{status} {n}" for status, n in summary.statuses.items())
    found = [f"Samples by how they ended: {ended or 'none'}."]
    if any(row.targets for row in evaluation.suite.rows):
        found.append(
            f"Targets of samples that ran: {met} met, {missed} missed, {absent} not applicable "
            f"(no such coverage point). Cov Pass does not apply to {summary.no_targets} designs."
        )
    if summary.unknown_targets:
        found.append(
            f"Whether Cov Pass applies to {summary.unknown_targets} designs is not known, since "
            "nothing of them could be simulated: they neither pass nor fail."
        )
    if not all(row.targets for row in evaluation.suite.rows):
        found.append(
            "Where a row has no targets, Cov Pass means an overall average of at least "
            f"{evaluation.options.target_pct:g} %."
        )
    if summary.row_errors:
        lines = [f"- `{id_}`: {error.splitlines()[0]}" for id_, error in summary.row_errors.items()]
        found.append("\n".join(["Designs that could not be evaluated, in no figure:", "", *lines]))
    return found


def _paper(evaluation: Evaluation) -> str:
    direct = evaluation.options.rounds == DIRECT_ROUNDS
    first = 3 if direct else 1
    rows = [(row[0], row[first], row[first + 1]) for row in _PAPER]
    head = (f"LLM4Cov, {'direct' if direct else 'agentic'}", "Cov Pass %", "Avg Cov %")
    return (
        "The paper's figures, for CVDP-ECov's 83 designs, by Cadence Xcelium. Verilator counts "
        "other coverage points, and figures of another suite are not comparable.\n\n"
        + _table(head, rows)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths))
    return "\n".join([line(head), f"|{rule}|", *(line(row) for row in rows)])
