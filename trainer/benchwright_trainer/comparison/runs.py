"""Finished evaluations read back: what `benchwright eval` left in `result.json`.

A run's split is the name of its suite without the file's ending. Its way is how testbenches came to
be: `direct` is one round of the paper's protocol, `agentic` several, and `loop` the coverage loop,
with a model or without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.journal import JOURNAL, is_journal
from benchwright_agent.evaluation.options import DIRECT_ROUNDS
from benchwright_agent.evaluation.outcome import Outcome, outcome_from_json
from benchwright_agent.evaluation.tables import FORMAT, VERSION
from benchwright_sim.errors import Location
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import JsonFile, read_json

RESULT = "result.json"
LOOP = "loop"

_ENDING = re.compile(r"\.(jsonl|json|ndjson|parquet)(\.gz)?$")


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation of one model on one suite.

    Attributes:
        path: of its result.
        split: see the module.
        way: see the module.
        suite: SHA-256 of the rows.
        model: name, empty where none took part.
        seed: of the draws.
        terms: the options that figures depend on beside the seed.
        versions: of our program and of the simulator.
        outcomes: of all samples.
    """

    path: Path
    split: str
    way: str
    suite: str
    model: str
    seed: int
    terms: Mapping[str, Any]
    versions: Mapping[str, str]
    outcomes: tuple[Outcome, ...]


def find_runs(folder: Path) -> tuple[Run, ...]:
    """All evaluations in a folder and below it, in the order of their paths.

    Raises:
        TrainerError: there is none, one is not finished, or a result cannot be read.
    """
    begun = (path for path in folder.rglob(JOURNAL) if is_journal(path))
    unfinished = sorted(path.parent for path in begun if not (path.parent / RESULT).exists())
    if unfinished:
        raise TrainerError(
            f"the evaluation in {unfinished[0]} is not finished",
            details=tuple(f"nor is {other}" for other in unfinished[1:]),
            hint="start it again, and it goes on where it ended; or remove the folder",
        )
    found = tuple(_read(path) for path in sorted(folder.rglob(RESULT)))
    if not found:
        raise TrainerError(
            f"{folder} holds no evaluation: there is no {RESULT} in it or below it",
            hint="name a folder that `benchwright eval --output FOLDER` made",
        )
    return found


def _read(path: Path) -> Run:
    file = read_json(path)
    if file.values.get("format") != FORMAT or file.values.get("version") != VERSION:
        raise file.error(f"this is no {FORMAT} of version {VERSION}", hint="evaluate again")
    try:
        return _run(file)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise TrainerError(
            f"the result is damaged: {type(error).__name__}: {error}",
            location=Location(path),
            hint="remove it and start the evaluation again: what is done is taken from its journal",
        ) from error


def _run(file: JsonFile) -> Run:
    values = file.values
    options = dict(values["options"])
    terms = {key: options[key] for key in sorted(options.keys() - {"seed", "samples", "ks"})}
    asked = "direct" if options["rounds"] == DIRECT_ROUNDS else "agentic"
    return Run(
        path=file.path,
        split=_ENDING.sub("", str(values["suite"]["name"])),
        way=asked if options["policy"] == "llm" else LOOP,
        suite=str(values["suite"]["sha256"]),
        model=str(values["model"] or ""),
        seed=int(options["seed"]),
        terms=terms,
        versions={key: str(values[key]) for key in ("benchwright", "verilator")},
        outcomes=tuple(
            outcome_from_json(sample | {"id": row["id"]})
            for row in values["rows"]
            for sample in row["samples"]
        ),
    )
