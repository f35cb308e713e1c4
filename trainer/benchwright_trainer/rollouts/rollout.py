"""Rollouts of a stage: designs in, executed traces out (LLM4Cov, sections 3.3 and 3.4).

First the intermediate policy drafts testbenches of every design from s_0. Of these, the states are
selected that are worth going on from. Then the transition policy answers from each of them, and
from s_0. Everything is executed. Where a recipe asks for it, the loop also answers questions of its
own closing policy (`questions`).

The folder holds `jobs.jsonl` (see `journal`), and at the end `traces.jsonl`, in the order of keys,
and `summary.json`. The same call with the same folder goes on where an earlier one ended, however
that ended. The traces do not depend on how many jobs run at once, nor where, nor on what the cache
holds (whether something runs into a time limit depends on the machine, until it is cached).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from importlib import metadata
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.rows import Row, row_to_json
from benchwright_agent.evaluation.work import Source, Workers
from benchwright_sim.toolchain import find_toolchain
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.cache import MOST_BYTES, prune
from benchwright_trainer.rollouts.drawn import LASTING, Drawn
from benchwright_trainer.rollouts.job import JobOptions, Phase, RolloutJob, Start, cpu_s, seed_of
from benchwright_trainer.rollouts.journal import RolloutJournal
from benchwright_trainer.rollouts.options import RolloutOptions
from benchwright_trainer.rollouts.policies import LoopPolicy, Policies, Policy
from benchwright_trainer.rollouts.questions import QuestionsJob
from benchwright_trainer.rollouts.summary import RolloutSummary, write_summary
from benchwright_trainer.rollouts.tokens import CountTokens, estimate_tokens
from benchwright_trainer.rollouts.trace import write_traces
from benchwright_trainer.selection import select_states

TRACES = "traces.jsonl"

Backend = Callable[[Source | None], AbstractContextManager[Workers]]
"""Where jobs are done: `partial(on_this_machine, n_jobs)` or `partial(on_cluster, address)` of
`benchwright_agent.evaluation.backend`."""

OnJob = Callable[[Drawn, int, int], None]
"""Told of each job that is new, and of how many of those that are known by now are done."""

AnyJob = RolloutJob | QuestionsJob

_PRUNE_EVERY = 4096
"""Results; looking at all files of a full cache takes seconds."""


def roll_out(
    rows: Sequence[Row],
    options: RolloutOptions,
    policies: Policies,
    folder: Path,
    backend: Backend,
    *,
    cache: Path | None = None,
    cache_bytes: int = MOST_BYTES,
    count: CountTokens = estimate_tokens,
    on_job: OnJob = lambda drawn, done, total: None,
) -> RolloutSummary:
    """Draws and executes all traces that `folder` does not have yet.

    Args:
        rows: designs, with ids of their own.
        options: see there.
        policies: see there.
        folder: of the rollout, see the module.
        backend: see there.
        cache: folder of the simulator's results, shared with other rollouts; None for none.
        cache_bytes: that it may have, about.
        count: tokens of a text, by the student's tokenizer; travels between processes.
        on_job: see there.

    Raises:
        OutputError: the folder belongs to something else, or cannot be written.
        ToolchainError: Verilator or the compiler is missing.
        ModelError: a model does not serve, for longer than it is waited for; what is done stays.
        TrainerError: the machine failed in jobs, again and again; what is done stays.
    """
    started_s, used_s = time.monotonic(), cpu_s()
    designs = sized(rows, options, count)
    common = JobOptions(
        options.seed, options.prompt_tokens, options.timeout_s, count, cache and cache.resolve()
    )
    with RolloutJournal(folder, _terms(designs, options, policies)) as journal:
        before = journal.spent
        passes = _Passes(journal, backend, cache, cache_bytes, on_job)
        drafter = policies.drafting(options.intermediate)
        start = (Start(options.drafts),) if options.drafts else ()
        passes.do(drafter, _jobs(designs, "drafts", drafter, lambda row: start, common))
        policy = policies.of(options.transition)
        jobs = _jobs(
            designs, "transitions", policy, lambda row: _starts(row, journal, options), common
        )
        passes.do(policy, jobs)
        asked = [
            QuestionsJob(row, n, options.questions, options.question_cycles, common)
            for row, n in designs
            if options.questions
        ]
        passes.do(LoopPolicy(options.question_cycles), asked)
        keys = sorted([*(job.key for job in jobs), *(job.key for job in asked)])
        traces = (trace for key in keys for trace in journal[key].traces)
        n_traces, sha256 = write_traces(folder / TRACES, traces)
        summary = RolloutSummary(
            designs=len(designs),
            jobs=dict(sorted(journal.statuses.items())),
            traces=n_traces,
            spent=journal.spent,
            seconds=time.monotonic() - started_s,
            # Of a local model only the whole tells, and of a cluster only the jobs.
            cpu_s=max(journal.spent.cpu_s - before.cpu_s, cpu_s() - used_s),
            sha256=sha256,
        )
    write_summary(folder, summary)
    return summary


def sized(
    rows: Sequence[Row], options: RolloutOptions, count: CountTokens
) -> tuple[tuple[Row, int], ...]:
    """The designs that a stage takes, with their tokens.

    Raises:
        TrainerError: two have the same id, or none is left.
    """
    ids: set[str] = set()
    found: list[tuple[Row, int]] = []
    for row in rows:
        if row.id in ids:
            raise TrainerError(f"{row.place or 'the rows'}: the id {row.id!r} is there twice")
        ids.add(row.id)
        n_tokens = sum(count(file.text) for file in (*row.files, *row.specs))
        fits = options.max_tokens is None or n_tokens <= options.max_tokens
        if n_tokens >= options.min_tokens and fits:
            found.append((row, n_tokens))
        if len(found) == options.n_designs:
            break
    if not found:
        raise TrainerError(
            f"none of {len(rows)} designs has {options.min_tokens} to "
            f"{options.max_tokens or 'any number of'} tokens",
            hint="change min_tokens or max_tokens, or give other designs",
        )
    return tuple(found)


def _terms(
    designs: Sequence[tuple[Row, int]], options: RolloutOptions, policies: Policies
) -> dict[str, Any]:
    """All that the traces depend on."""
    digest = hashlib.sha256()
    for row, n_tokens in designs:
        digest.update(json.dumps([row_to_json(row), n_tokens]).encode())
    return {
        **options.terms,
        "intermediate": dict(policies.drafting(options.intermediate).terms),
        "transition": dict(policies.of(options.transition).terms),
        "designs": digest.hexdigest(),
        "benchwright": metadata.version("benchwright"),
        "verilator": find_toolchain().verilator_version,
    }


def _jobs(
    designs: Iterable[tuple[Row, int]],
    phase: Phase,
    policy: Policy,
    starts: Callable[[Row], tuple[Start, ...]],
    common: JobOptions,
) -> list[RolloutJob]:
    """One for each design that answers are drawn of."""
    found = ((row, n_tokens, starts(row)) for row, n_tokens in designs)
    return [RolloutJob(row, n, phase, policy, some, common) for row, n, some in found if some]


def _starts(row: Row, journal: RolloutJournal, options: RolloutOptions) -> tuple[Start, ...]:
    """s_0, and the states that are selected of a design's drafts."""
    found = [Start(options.direct)] if options.direct else []
    key = f"{row.id}/drafts"
    drafts = journal[key].traces if key in journal and options.answers else ()
    if drafts:
        seed = seed_of(f"{options.seed}:{key}/selection")
        states = [draft.after for draft in drafts]
        chosen = select_states(states, options.selection, seed=seed)
        found += [Start(options.answers, drafts[index]) for index in sorted(chosen)]
    return tuple(found)


class _Passes:
    """Does jobs, one policy after the other, so that one model is open at a time."""

    def __init__(
        self,
        journal: RolloutJournal,
        backend: Backend,
        cache: Path | None,
        cache_bytes: int,
        on_job: OnJob,
    ) -> None:
        self._journal = journal
        self._backend = backend
        self._cache = cache
        self._cache_bytes = cache_bytes
        self._on_job = on_job
        self._known = 0

    def do(self, policy: Policy, jobs: Sequence[AnyJob]) -> None:
        """Does those jobs that are not in the journal.

        What a worker or the machine is to blame for is tried once more at the end. Then a job that
        takes its worker down again is done, without traces; a tool that fails is an error.

        Raises:
            TrainerError: see there.
        """
        self._known += len(jobs)
        for final in (False, True):
            left = [job for job in jobs if job.key not in self._journal]
            if not left:
                return
            failed = self._tried(policy, left, final=final)
        if failed:
            raise TrainerError(
                f"{len(failed)} jobs failed by the machine, not by their designs",
                details=tuple(f"{drawn.key}: {drawn.error}" for drawn in failed[:5]),
                hint="what is done is kept: go on by the same command",
            )

    def _tried(self, policy: Policy, jobs: Sequence[AnyJob], *, final: bool) -> list[Drawn]:
        """Those that are to be done again."""
        failed = []
        with self._backend(policy.source) as workers, closing(workers(jobs)) as results:
            for n_results, drawn in enumerate(results, start=1):
                if drawn.status in LASTING or (final and drawn.status != "machine"):
                    self._journal.add(drawn)
                    self._on_job(drawn, len(self._journal), self._known)
                else:
                    failed.append(drawn)
                if n_results % _PRUNE_EVERY == 0:
                    self._prune()
        self._prune()
        return failed

    def _prune(self) -> None:
        if self._cache is not None:
            prune(self._cache, self._cache_bytes)
