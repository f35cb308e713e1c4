"""Bins closed at equal time: search alone, and search with the turn of each of several models.

    python -m benchmarks.bench_closing SUITE nano=nano untrained=start.gguf [--seconds 6]
        [--turn 3] [--limit N] [--pattern 'verified_*.v']

SUITE is what `benchwright eval` takes, or `generated`: held-out designs of our own generator. The
search alone gets all the seconds; the loop with a model searches for the seconds that its turn
leaves. An untrained model of nano's shape is `base/start` of a training, as `benchwright train
export` writes it. What is reported is what the emitted testbenches cover, simulated alone. Prints a
table; writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_agent.evaluation.rows import row_to_json
from benchwright_agent.evaluation.runner import evaluate_suite
from benchwright_agent.evaluation.source import ModelSource
from benchwright_agent.evaluation.suites import Suite, load_suite
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.designs.split import Split

RESULTS = Path(__file__).parent / "results"
SEARCH = "search alone"
_SPLITS: tuple[Split, ...] = ("parameters", "families", "names")


def main() -> None:
    """Runs every arm on the suite, one after the other, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite")
    parser.add_argument("models", nargs="+", metavar="LABEL=MODEL")
    parser.add_argument("--seconds", type=float, default=6.0, help="of search and model together")
    parser.add_argument("--turn", type=float, default=3.0, help="of them the model's")
    parser.add_argument("--limit", type=int, help="designs (of each split of generated ones)")
    parser.add_argument("--pattern", help="of files in a folder")
    options = parser.parse_args()
    models = dict(text.split("=", 1) for text in options.models)
    with tempfile.TemporaryDirectory() as scratch:
        suite = _suite(options.suite, options.limit, options.pattern, Path(scratch))
        alone = EvalOptions(policy="search", samples=1, ks=(1,), budget_s=options.seconds)
        turn = EvalOptions(
            policy="default",
            samples=1,
            ks=(1,),
            budget_s=options.seconds - options.turn,
            model_budget_s=options.turn,
        )
        found = {SEARCH: _closed(suite, alone, None, Path(scratch) / "search")}
        for label, model in models.items():
            found[label] = _closed(suite, turn, model, Path(scratch) / label)
    Console().print(_table(found, suite.name))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "closing.json").write_text(json.dumps(list(_rows(found)), indent=1))


def _suite(name: str, limit: int | None, pattern: str | None, scratch: Path) -> Suite:
    if name != "generated":
        suite = load_suite(name, pattern=pattern)
        return replace(suite, rows=suite.rows[:limit])
    path = scratch / "generated.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for seed, split in enumerate(_SPLITS, start=201):
            for row, _meta in generated_rows(GeneratedOptions(limit or 20, seed, split)):
                lines.write(json.dumps(row_to_json(row)) + "\n")
    return load_suite(str(path))


def _closed(
    suite: Suite, options: EvalOptions, model: str | None, folder: Path
) -> Sequence[Outcome]:
    source = ModelSource(model) if model else None
    with on_this_machine(None, source) as backend:
        return evaluate_suite(suite, options, folder, backend, model=model).outcomes


def _rows(found: Mapping[str, Sequence[Outcome]]) -> Iterator[dict[str, object]]:
    """A row for each arm, beside the search alone."""
    alone = found[SEARCH]
    for label, outcomes in found.items():
        gains = [o.closed[0] - s.closed[0] for o, s in zip(outcomes, alone, strict=True)]
        yield {
            "arm": label,
            "ran": sum(o.ran for o in outcomes),
            "designs": len(outcomes),
            "closed": sum(o.closed[0] for o in outcomes),
            "bins": sum(o.closed[1] for o in outcomes),
            "average_pct": round(100 * statistics.mean(float(o.average or 0) for o in outcomes), 2),
            "more": sum(gain > 0 for gain in gains),
            "fewer": sum(gain < 0 for gain in gains),
            "answer_tokens": sum(o.new_tokens for o in outcomes),
            "seconds_median": round(statistics.median(o.seconds for o in outcomes), 1),
        }


def _table(found: Mapping[str, Sequence[Outcome]], suite: str) -> Table:
    table = Table(title=f"Bins closed at equal time, {suite}", title_justify="left")
    for column in ("", "ran", "bins closed", "Avg Cov", "more on", "fewer on", "tokens", "s"):
        table.add_column(column, justify="left" if not column else "right")
    for row in _rows(found):
        table.add_row(
            str(row["arm"]),
            f"{row['ran']} of {row['designs']}",
            f"{row['closed']} of {row['bins']}",
            f"{row['average_pct']:.2f}",
            str(row["more"]),
            str(row["fewer"]),
            str(row["answer_tokens"]),
            str(row["seconds_median"]),
        )
    return table


if __name__ == "__main__":
    main()
