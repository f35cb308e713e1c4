"""Builds a corpus: designs are read, sifted by their text, compared, checked, and written down.

What costs least comes first: copies, long designs and those that resemble an evaluation suite
(LLM4Cov, section 3.4) go before anything is built. The folder gets `designs.jsonl`, sorted by id,
`dropped.jsonl`, `report.json` and `report.md`; `checks.jsonl` keeps what checks found out, so that
a run that was interrupted goes on. The same options give the same files, whatever the number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchwright_agent.evaluation.backend import on_this_machine
from benchwright_agent.evaluation.work import Workers
from benchwright_trainer.corpus.candidate import Candidate, Dropped, dropped
from benchwright_trainer.corpus.checks import CheckJob, Settled, SettleJob
from benchwright_trainer.corpus.decontamination import decontaminated, read_suites
from benchwright_trainer.corpus.designs_file import Entry, row_sha256
from benchwright_trainer.corpus.options import CorpusOptions
from benchwright_trainer.corpus.report import CorpusSummary, write_corpus
from benchwright_trainer.corpus.sifting import (
    CountTokens,
    estimated_tokens,
    within_tokens,
    without_duplicates,
)
from benchwright_trainer.corpus.sources import read_designs
from benchwright_trainer.corpus.verdicts import Verdicts, check_key, versions
from benchwright_trainer.corpus.words import fingerprint
from benchwright_trainer.errors import TrainerError

OnProgress = Callable[[str, int, int], None]
"""Told what is being done (`reading`, `comparing`, `checking`), how many are done, and of how many;
0 where that is not known yet."""


def _nobody(step: str, done: int, total: int) -> None:
    """Takes no notice."""


def build_corpus(
    options: CorpusOptions,
    folder: Path,
    *,
    n_workers: int | None = None,
    count_tokens: CountTokens | None = None,
    on_progress: OnProgress | None = None,
) -> CorpusSummary:
    """Builds a corpus, or goes on with one.

    Args:
        options: see there.
        folder: of the corpus, new, empty, or of an earlier call.
        n_workers: checks at once, None for one a processor.
        count_tokens: of a text by the student's tokenizer; None estimates them.
        on_progress: see there.

    Raises:
        TrainerError: a source or suite cannot be read, or no design is left.
        OutputError: the folder belongs to something else, or cannot be written.
        ToolchainError: Verilator or the compiler is missing.
    """
    progress = on_progress or _nobody
    with Verdicts(folder) as verdicts, on_this_machine(n_workers, None) as workers:
        sieve = _Sieve()
        suites = read_suites(options.evaluation)
        found = sieve(_counted(read_designs(options), "reading", 0, progress))
        found = sieve(_settled(found, workers))
        found = sieve(without_duplicates(found))
        found = sieve(within_tokens(found, count_tokens or estimated_tokens, options.max_tokens))
        compared = decontaminated(found, suites, options.similarity_pct)
        found = sieve(_counted(compared, "comparing", len(found), progress))
        known = len(verdicts.found)
        kept = sieve(_checked(found, verdicts, workers, options.limit, progress))
        if not kept:
            raise _nothing(sieve.dropped)
        return write_corpus(
            folder,
            sorted(map(_entry, kept), key=lambda entry: entry.row.id),
            sorted(sieve.dropped, key=lambda one: one.number),
            options,
            versions(),
            n_checked=len(verdicts.found) - known,
            n_pairs=suites.n_pairs,
        )


class _Sieve:
    """Keeps apart what falls through on the way.

    Attributes:
        dropped: all that did, so far.
    """

    def __init__(self) -> None:
        self.dropped: list[Dropped] = []

    def __call__(self, items: Iterable[Candidate | Dropped]) -> list[Candidate]:
        """Those that stay."""
        kept: list[Candidate] = []
        for item in items:
            if isinstance(item, Candidate):
                kept.append(item)
            else:
                self.dropped.append(item)
        return kept


def _counted(
    items: Iterable[Candidate | Dropped], step: str, total: int, progress: OnProgress
) -> Iterator[Candidate | Dropped]:
    for n, item in enumerate(items, start=1):
        progress(step, n, total)
        yield item


def _settled(candidates: Sequence[Candidate], workers: Workers) -> Iterator[Candidate | Dropped]:
    """Designs of folders as text, in the order of all."""
    jobs = [SettleJob(str(c.number), c.row) for c in candidates if c.row.design is not None]
    settled: dict[str, Settled] = {}
    if jobs:
        with closing(workers(jobs)) as results:
            settled = {result.key: result for result in results}
    for candidate in candidates:
        result = settled.get(str(candidate.number))
        if result is None:
            yield candidate
        elif result.row is None:
            yield dropped(candidate, result.reason, result.detail)
        else:
            yield replace(candidate, row=result.row)


def _checked(
    candidates: Sequence[Candidate],
    verdicts: Verdicts,
    workers: Workers,
    limit: int | None,
    progress: OnProgress,
) -> Iterator[Candidate | Dropped]:
    """Those that can be used, at most `limit`, and what becomes of the others.

    With a limit, as many as are missing are checked at a time, in an order that their texts give:
    which ones are kept does not depend on when checks end.
    """
    left = list(candidates)
    if limit is not None:
        left.sort(key=lambda c: (fingerprint(c.row.files), c.number))
    n_kept = 0
    while left and (limit is None or n_kept < limit):
        n = len(left) if limit is None else limit - n_kept
        turn, left = left[:n], left[n:]
        _check(turn, verdicts, workers, progress)
        for candidate in turn:
            verdict = verdicts.found[check_key(candidate.row)]
            if verdict.reason is not None:
                yield dropped(candidate, verdict.reason, verdict.detail)
                continue
            n_kept += 1
            row = replace(candidate.row, module=verdict.module)
            meta = {**candidate.meta, "bins": verdict.n_bins}
            yield replace(candidate, row=row, meta=meta)
    yield from (dropped(candidate, "limit", "enough designs are kept") for candidate in left)


def _check(
    candidates: Sequence[Candidate], verdicts: Verdicts, workers: Workers, progress: OnProgress
) -> None:
    """Finds out what is not known yet."""
    rows = {check_key(c.row): c.row for c in candidates}
    jobs = [CheckJob(key, row) for key, row in rows.items() if key not in verdicts.found]
    done = len(rows) - len(jobs)
    progress("checking", done, len(rows))
    if not jobs:
        return
    with closing(workers(jobs)) as results:
        for n, verdict in enumerate(results, start=done + 1):
            verdicts.add(verdict)
            progress("checking", n, len(rows))


def _entry(candidate: Candidate) -> Entry:
    row = candidate.row
    meta = {**candidate.meta, "source": candidate.source, "sha256": row_sha256(row)}
    return Entry(row, meta)


def _nothing(left_out: Sequence[Dropped]) -> TrainerError:
    if not left_out:
        return TrainerError(
            "the corpus has no design", hint="name sources, or ask for generated designs"
        )
    return TrainerError(
        f"none of the {len(left_out)} designs can be used",
        details=tuple(f"{one.place or one.id}: {one.reason}: {one.detail}" for one in left_out[:5]),
        hint="mend the sources, or name others",
    )
