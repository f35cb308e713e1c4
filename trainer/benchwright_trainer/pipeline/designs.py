"""The first steps: suites that nothing is trained on, and the corpus that is.

Both are JSON Lines of rows in the format of CVDP-ECov with a key `meta`, so that `benchwright eval`
takes them as they are. Designs of the corpus that resemble one of a suite which came from elsewhere
are dropped (LLM4Cov, section 3.4). Generated suites are held out by what they are made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.rows import Row, row_to_json
from benchwright_agent.evaluation.suites import Suite, load_suite
from benchwright_trainer.corpus.corpus import build_corpus
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.sources import source_label
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.pipeline.marks import write_text
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress
from benchwright_trainer.pipeline.step import Made, digest_of_files
from benchwright_trainer.recipe.recipe import Recipe, SuiteOptions

SUITES = "suites"
CORPUS = "corpus"


def suite_file(folder: Path, name: str) -> Path:
    """Where a run keeps a suite."""
    return folder / SUITES / f"{name}.jsonl"


def make_suites(recipe: Recipe, place: Place) -> Made:
    """Writes each suite of a recipe to a file of its own, `suites/NAME.jsonl`."""
    figures = {}
    for done, (name, options) in enumerate(sorted(recipe.suites.items())):
        place.on_progress(StepProgress(done, len(recipe.suites), name))
        rows = list(_rows(options))
        write_text(suite_file(place.folder, name), _lines(rows))
        figures[name] = len(rows)
    return Made(digest_of_files(place.folder / SUITES), figures)


def _rows(options: SuiteOptions) -> Iterable[tuple[Row, Mapping[str, Any]]]:
    if not options.source:
        return generated_rows(options.generated)
    suite: Suite = load_suite(options.source, pattern=options.pattern or None)
    return ((row, {"source": source_label(options.source)}) for row in suite.rows[: options.limit])


def _lines(rows: Iterable[tuple[Row, Mapping[str, Any]]]) -> str:
    return "".join(
        json.dumps(row_to_json(row) | {"meta": dict(meta)}, ensure_ascii=False) + "\n"
        for row, meta in rows
    )


def make_corpus(recipe: Recipe, place: Place) -> Made:
    """Builds the corpus without what resembles a suite from elsewhere."""
    foreign = tuple(
        str(suite_file(place.folder, name))
        for name, suite in sorted(recipe.suites.items())
        if suite.source
    )
    options = replace(recipe.corpus, evaluation=(*recipe.corpus.evaluation, *foreign))
    return corpus_in(place.folder / CORPUS, options, place)


def corpus_in(folder: Path, options: CorpusOptions, place: Place) -> Made:
    """Builds a corpus in a folder."""

    def tell(what: str, done: int, total: int) -> None:
        place.on_progress(StepProgress(done, total or None, what))

    found = build_corpus(options, folder, n_workers=place.jobs, on_progress=tell)
    figures = {"designs": found.n_kept, "dropped": dict(found.dropped), "tokens": found.n_tokens}
    return Made(found.sha256, figures)
