"""The first steps: suites that nothing is trained on, and the corpus that is.

Both are JSON Lines of rows in the format of CVDP-ECov with a key `meta`, so that `benchwright eval`
takes them as they are. Designs of the corpus that resemble one of a suite which came from elsewhere
are dropped (LLM4Cov, section 3.4). Generated suites are held out by what they are made of. Designs
of a folder become text with all files that they need, in a suite as in the corpus.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.evaluation.rows import Row, materialise, row_to_json
from benchwright_agent.evaluation.suites import load_suite
from benchwright_agent.evaluation.work import Workers
from benchwright_trainer.corpus.checks import Settled, SettleJob
from benchwright_trainer.corpus.corpus import build_corpus
from benchwright_trainer.corpus.designs_file import read_entries
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.sources import source_label
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.pipeline.marks import write_text
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress, Warned
from benchwright_trainer.pipeline.step import Made, digest_of_files
from benchwright_trainer.recipe.recipe import Recipe, SuiteOptions
from benchwright_trainer.rollouts.rollout import sized
from benchwright_trainer.rollouts.tokens import estimate_tokens

SUITES = "suites"
CORPUS = "corpus"


def suite_file(folder: Path, name: str) -> Path:
    """Where a run keeps a suite."""
    return folder / SUITES / f"{name}.jsonl"


def make_suites(recipe: Recipe, place: Place) -> Made:
    """Writes each suite of a recipe to a file of its own, `suites/NAME.jsonl`.

    Raises:
        SuiteError: a suite cannot be read.
        TrainerError: a design of a folder cannot be used as text alone.
    """
    figures = {}
    for done, (name, options) in enumerate(sorted(recipe.suites.items())):
        place.on_progress(StepProgress(done, len(recipe.suites), name))
        rows = list(_rows(name, options, place))
        write_text(suite_file(place.folder, name), _lines(rows))
        figures[name] = len(rows)
    return Made(digest_of_files(place.folder / SUITES), figures)


def _rows(
    name: str, options: SuiteOptions, place: Place
) -> Iterable[tuple[Row, Mapping[str, Any]]]:
    if not options.source:
        return generated_rows(options.generated)
    suite = load_suite(options.source, pattern=options.pattern or None)
    rows: Sequence[Row] = suite.rows[: options.limit]
    if any(row.design for row in rows):
        rows = _as_text(name, rows, place)
    return ((row, {"source": source_label(options.source)}) for row in rows)


def _as_text(suite: str, rows: Sequence[Row], place: Place) -> list[Row]:
    """Designs of a folder as text, which must elaborate without what a project file says."""
    with (
        on_this_machine(place.jobs, None) as workers,
        tempfile.TemporaryDirectory(prefix="benchwright-suite-") as scratch,
    ):
        texts = _settled(suite, rows, workers)
        folders = (Path(scratch).resolve() / str(n) for n in range(len(texts)))
        alone = [
            replace(row, design=materialise(row, folder))
            for row, folder in zip(texts, folders, strict=True)
        ]
        _settled(suite, alone, workers)
    return texts


def _settled(suite: str, rows: Sequence[Row], workers: Workers) -> list[Row]:
    jobs = [SettleJob(str(n), row) for n, row in enumerate(rows)]
    with closing(workers(jobs)) as results:
        found: dict[str, Settled] = {result.key: result for result in results}
    texts = []
    for job in jobs:
        settled = found[job.key]
        if settled.row is None:
            raise TrainerError(
                f"suites.{suite}: {job.row.place or job.row.id}: {settled.reason}: "
                f"{settled.detail}",
                hint="training takes designs as text alone, without the defines, parameters and "
                "folders of a project file",
            )
        texts.append(settled.row)
    return texts


def _lines(rows: Iterable[tuple[Row, Mapping[str, Any]]]) -> str:
    return "".join(
        json.dumps(row_to_json(row) | {"meta": dict(meta)}, ensure_ascii=False) + "\n"
        for row, meta in rows
    )


def make_corpus(recipe: Recipe, place: Place) -> Made:
    """Builds the corpus without what resembles a suite from elsewhere.

    Raises:
        TrainerError: see `build_corpus`; or a stage finds no design of the lengths that it takes.
    """
    foreign = tuple(
        str(suite_file(place.folder, name))
        for name, suite in sorted(recipe.suites.items())
        if suite.source
    )
    options = replace(recipe.corpus, evaluation=(*recipe.corpus.evaluation, *foreign))
    made = corpus_in(place.folder / CORPUS, options, place)
    _check_lengths(recipe, place)
    return made


def _check_lengths(recipe: Recipe, place: Place) -> None:
    """Whether every stage finds designs, before anything is trained for it.

    A student in a dialect has its tokens estimated. The tokenizer of any other may not be there
    yet, so that this is no more than a warning.
    """
    rows = [entry.row for entry in read_entries(place.folder / CORPUS)]
    for stage in recipe.stage_names:
        try:
            sized(rows, recipe.stage(stage).rollouts, estimate_tokens)
        except TrainerError as error:
            said = f"{stage}.rollouts: {error.message}"
            if recipe.student.dialect:
                raise TrainerError(said, hint=error.hint) from error
            place.on_progress(Warned(f"{said}, as far as can be told before its training"))


def corpus_in(folder: Path, options: CorpusOptions, place: Place) -> Made:
    """Builds a corpus in a folder."""

    def tell(what: str, done: int, total: int) -> None:
        place.on_progress(StepProgress(done, total or None, what))

    found = build_corpus(options, folder, n_workers=place.jobs, on_progress=tell)
    figures = {"designs": found.n_kept, "dropped": dict(found.dropped), "tokens": found.n_tokens}
    return Made(found.sha256, figures)
