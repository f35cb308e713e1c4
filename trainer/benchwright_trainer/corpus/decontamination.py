"""Keeps designs out of a corpus that resemble those of evaluation suites (LLM4Cov, section 3.4).

Every file of a design, its documents too, is compared with every file of the suites; one above the
threshold drops the design.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchwright_agent.evaluation.rows import Row
from benchwright_trainer.corpus.candidate import Candidate, Dropped
from benchwright_trainer.corpus.similarity import Similar, Suites, Text
from benchwright_trainer.corpus.sources import source_label, source_rows
from benchwright_trainer.corpus.words import code_words, document_words
from benchwright_trainer.errors import TrainerError


def read_suites(sources: Sequence[str]) -> Suites:
    """The files of evaluation suites.

    Raises:
        TrainerError: a suite cannot be read, or a part of one: what it holds has to be known.
    """
    return Suites(text for source in sources for text in _texts(source))


def decontaminated(
    candidates: Iterable[Candidate], suites: Suites, pct: float
) -> Iterator[Candidate | Dropped]:
    """The candidates, those that resemble the suites dropped.

    Args:
        candidates: as text.
        suites: see `read_suites`.
        pct: similarity up to which a file may stay.
    """
    for candidate in candidates:
        near = _nearest(candidate.row, suites, pct)
        if near is None:
            yield candidate
            continue
        name, similar = near
        yield Dropped(
            candidate.number,
            candidate.source,
            candidate.row.id,
            candidate.row.place,
            "contaminated",
            f"{name} is {similar.pct:.1f} % similar to {similar.name}",
            (name, similar.name, round(similar.pct, 2)),
        )


def _nearest(row: Row, suites: Suites, pct: float) -> tuple[str, Similar] | None:
    """The file of a design that resembles one of the suites most."""
    best: tuple[str, Similar] | None = None
    for text in _row_texts(row):
        found = suites.most_similar(text.words, above_pct=best[1].pct if best else pct)
        if found is not None:
            best = text.name, found
    return best


def _texts(source: str) -> Iterator[Text]:
    empty = True
    for found in source_rows(source):
        if len(found) == 3:
            place, _, detail = found
            raise TrainerError(
                f"{place}: the evaluation suite {source} cannot be read whole: {detail}",
                hint="mend it: a design like what is missing could not be told",
            )
        row, _ = found
        empty = False
        for text in _row_texts(row):
            yield Text(f"{source_label(source)}: {row.id}: {text.name}", text.words)
    if empty:
        raise TrainerError(f"the evaluation suite {source} holds no design")


def _row_texts(row: Row) -> Iterator[Text]:
    for file in row.files:
        yield Text(file.name, code_words(file.text))
    for file in row.specs:
        yield Text(file.name, document_words(file.text))
