"""The steps of a stage that make its data: traces are drawn and executed, then the best are kept.

Results of the simulator are kept by content, and all stages of a run share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchwright_agent.evaluation.backend import on_cluster, on_this_machine
from benchwright_agent.evaluation.rows import Row
from benchwright_agent.evaluation.source import ModelSource
from benchwright_trainer.balance import BalanceOptions, rebalance
from benchwright_trainer.corpus.designs_file import read_entries
from benchwright_trainer.dataset.writing import write_dataset
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.filtering import FilterOptions, filter_traces
from benchwright_trainer.pipeline.designs import CORPUS
from benchwright_trainer.pipeline.origin import data_card
from benchwright_trainer.pipeline.place import Place
from benchwright_trainer.pipeline.progress import StepProgress, Warned
from benchwright_trainer.pipeline.step import Made
from benchwright_trainer.recipe.recipe import Recipe, before_stage
from benchwright_trainer.recipe.writing import plain
from benchwright_trainer.rollouts.choice import choose_policies
from benchwright_trainer.rollouts.drawn import Drawn
from benchwright_trainer.rollouts.options import RolloutOptions
from benchwright_trainer.rollouts.policies import Policies
from benchwright_trainer.rollouts.rollout import TRACES, Backend, roll_out
from benchwright_trainer.rollouts.tokens import CountTokens, FileTokenizer, estimate_tokens
from benchwright_trainer.rollouts.trace import Trace, read_traces

NOTHING = "nothing"
"""Output of a data set step that kept no sample."""


def draw_traces(recipe: Recipe, stage: str, place: Place) -> Made:
    """Draws and executes the traces of a stage, with the checkpoint before it as the student."""
    rows = [entry.row for entry in read_entries(place.folder / CORPUS)]
    before = place.folder / before_stage(stage)
    options = recipe.stage(stage)
    student = before / "model.gguf" if options.asks_student else None
    policies = policies_of(recipe, stage, student, place)
    count = counter(recipe, place.folder)
    folder = place.folder / stage / "rollouts"
    return rollouts_in(folder, rows, options.rollouts, policies, place, count=count)


def counter(recipe: Recipe, folder: Path) -> CountTokens:
    """How tokens are counted: a student that sees other names sees other tokens than the text's."""
    if recipe.student.dialect:
        return estimate_tokens
    return FileTokenizer(folder / "base" / "model" / "tokenizer.json")


def rollouts_in(
    folder: Path,
    rows: Sequence[Row],
    options: RolloutOptions,
    policies: Policies,
    place: Place,
    *,
    count: CountTokens = estimate_tokens,
) -> Made:
    """Draws traces in a folder, or goes on with that."""

    def tell(drawn: Drawn, done: int, total: int) -> None:
        place.on_progress(StepProgress(done, total, f"{drawn.key} {drawn.status}"))

    found = roll_out(
        rows,
        options,
        policies,
        folder,
        backend(place),
        cache=place.cache,
        count=count,
        on_job=tell,
    )
    figures = {
        "designs": found.designs,
        "traces": {kind: n for kind, n in found.traces.items() if n},
        "simulations": found.spent.simulations,
        "cached": found.spent.hits,
        "busy": round(found.busy, 2),
    }
    return Made(found.sha256, figures)


def backend(place: Place) -> Backend:
    """Where jobs are done."""
    if place.cluster is not None:
        return partial(on_cluster, place.cluster)
    return partial(on_this_machine, place.jobs)


def policies_of(recipe: Recipe, stage: str, student: Path | None, place: Place) -> Policies:
    """The policies of a stage; a server that goes away is waited for, with a warning."""

    def pause(reason: str, wait_s: float) -> None:
        text = f"{recipe.teacher.model} is away, and is asked again in {wait_s:.0f} s: {reason}"
        place.on_progress(Warned(text))

    return choose_policies(
        recipe.teacher,
        recipe.stage(stage).rollouts,
        student=ModelSource(str(student)) if student is not None else None,
        on_pause=pause,
    )


def make_dataset(recipe: Recipe, stage: str, place: Place) -> Made:
    """Keeps the best traces of a stage as samples; none at all is not the end of the training.

    Raises:
        TrainerError: no stage at all kept one, and this is the last.
    """
    options = recipe.stage(stage)
    traces = read_traces(place.folder / stage / "rollouts" / TRACES)
    folder = place.folder / stage / "dataset"
    made = dataset_in(
        folder,
        traces,
        options.filter,
        options.balance,
        seed=options.rollouts.seed,
        card=data_card(recipe, stage, place.folder),
        in_run=True,
    )
    if made.output == NOTHING:
        why = ", ".join(f"{reason} {n}" for reason, n in made.figures["rejected"].items())
        stages = recipe.stage_names
        if stage == stages[-1] and not any((place.folder / s / "dataset").is_dir() for s in stages):
            raise TrainerError(
                f"no stage kept a sample ({stage}: {why}): there is nothing to learn",
                hint="look at what the teacher answers (rollouts/traces.jsonl of each stage), draw "
                "more, or ask less of it (filter.min_gain, filter.floor); then resume",
            )
        text = f"{stage} kept no sample ({why}): the checkpoint before it stays as it is"
        place.on_progress(Warned(text))
    return made


def dataset_in(
    folder: Path,
    traces: Iterable[Trace],
    keep: FilterOptions,
    balance: BalanceOptions,
    *,
    seed: int,
    card: Mapping[str, Any],
    in_run: bool = False,
) -> Made:
    """Filters, rebalances and writes a data set.

    Args:
        folder: of the data set.
        traces: see `filter_traces`.
        keep: see there.
        balance: see there.
        seed: of the balance.
        card: see `write_dataset`.
        in_run: a run replaces what an earlier one left, and goes on where nothing is kept.

    Raises:
        TrainerError: nothing is kept, and this is no run.
        OutputError: see `write_dataset`.
    """
    filtered = filter_traces(traces, keep)
    kept = rebalance(filtered.kept, balance, seed=seed)
    rejected = {str(reason): n for reason, n in filtered.rejected.items() if n}
    figures = {
        "samples": len(kept),
        "rejected": rejected,
        "rebalanced": len(filtered.kept) - len(kept),
    }
    if in_run and not kept:
        return Made(NOTHING, figures)
    about = {**card, "rejected": rejected, "filter": plain(keep), "balance": plain(balance)}
    return Made(write_dataset(folder, kept, card=about, force=in_run), figures)
