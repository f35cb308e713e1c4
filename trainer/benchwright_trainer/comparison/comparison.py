"""Several models on the same held-out designs: figures, and what changes from one to the next.

A label stands for a model, in the order of the table's rows (base, stage 0, stage 1, stage 2). All
evaluations below its folder are its own: those of one split and one way count together, whatever
their seeds. Intervals come from resampling designs; where a label's runs are of models that were
trained once, how much another training would differ is not in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path

from benchwright_agent.evaluation.metrics import Estimate
from benchwright_agent.evaluation.outcome import ROW_ERROR, Outcome
from benchwright_trainer.comparison.figures import Shares, difference, mean, shares
from benchwright_trainer.comparison.runs import LOOP, Run, find_runs
from benchwright_trainer.errors import TrainerError

ALL = "all"
"""The split of all splits' designs together."""

KS = (5,)


@dataclass(frozen=True, slots=True)
class Cell:
    """One model on one split, asked in one way.

    Attributes:
        label: of the model.
        split: name of the suite, or `ALL`.
        way: see `runs`.
        designs: that could be evaluated.
        samples: of each of them.
        seeds: of the runs that count together.
        figures: name -> over designs, from 0 to 1; None where no design has it.
    """

    label: str
    split: str
    way: str
    designs: int
    samples: int
    seeds: tuple[int, ...]
    figures: Mapping[str, Estimate | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one label to the next, on the designs that both were evaluated on.

    Attributes:
        before: label.
        after: label.
        split: see `Cell`.
        way: see `Cell`.
        figures: name -> after minus before, over designs, from -1 to 1.
    """

    before: str
    after: str
    split: str
    way: str
    figures: Mapping[str, Estimate | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures.

    Attributes:
        cells: by split, then way, then label.
        differences: in the same order.
        versions: program -> versions that the evaluations were made by.
        remarks: what a reader must know to compare them.
    """

    cells: tuple[Cell, ...]
    differences: tuple[Difference, ...]
    versions: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pool:
    """Runs that count together, and their outcomes' shares."""

    cell: Cell
    shares: Mapping[str, Shares]


def compare(runs: Mapping[str, Path], *, ks: Sequence[int] = KS) -> Comparison:
    """Compares evaluations.

    Args:
        runs: label -> folder of one or more evaluations, rows of the table in their order.
        ks: of pass@k, which needs as many samples a design; pass@1 is Cov Pass.

    Raises:
        TrainerError: a folder holds no finished evaluation, or some cannot be compared: two labels
            have different designs under one name, or one label's runs have different options.
    """
    found = {label: find_runs(folder) for label, folder in runs.items()}
    every = [run for group in found.values() for run in group]
    _check_suites(every)
    for label, group in found.items():
        _check_options(label, group)
    pools = {
        (split, way, label): _pool(label, split, way, chosen, ks)
        for split in _splits(every)
        for way in sorted({run.way for run in every})
        for label, group in found.items()
        if (chosen := _chosen(group, split, way, every))
    }
    return Comparison(
        cells=tuple(pool.cell for pool in pools.values()),
        differences=tuple(_differences(pools, list(runs))),
        versions={
            name: tuple(sorted({run.versions[name] for run in every}))
            for name in ("benchwright", "verilator")
        },
        remarks=tuple(dict.fromkeys(_remarks(found))),
    )


def _splits(runs: Sequence[Run]) -> list[str]:
    names = sorted({run.split for run in runs})
    return [ALL, *names] if len(names) > 1 else names


def _chosen(group: Sequence[Run], split: str, way: str, every: Sequence[Run]) -> list[Run]:
    """A label's runs for one cell; of all splits none, unless each split was evaluated."""
    asked = [run for run in group if run.way == way]
    if split != ALL:
        return [run for run in asked if run.split == split]
    wanted = {run.split for run in every if run.way == way}
    return asked if {run.split for run in asked} == wanted else []


def _pool(label: str, split: str, way: str, runs: Sequence[Run], ks: Sequence[int]) -> _Pool:
    outcomes = [_named(outcome, run) for run in runs for outcome in run.outcomes]
    figures = shares(outcomes, ks)
    if way != LOOP:  # the protocol proves nothing unreachable, so that its closure says nothing new
        del figures["closure"]
    samples = Counter(outcome.id for outcome in outcomes)
    cell = Cell(
        label=label,
        split=split,
        way=way,
        designs=len(figures["sim_pass"]),
        samples=min(samples.values(), default=0),
        seeds=tuple(sorted({run.seed for run in runs})),
        figures={name: mean(values) for name, values in figures.items()},
    )
    return _Pool(cell, figures)


def _named(outcome: Outcome, run: Run) -> Outcome:
    """An outcome whose design is told from designs of that id in other splits."""
    return replace(outcome, id=f"{run.split}/{outcome.id}")


def _differences(
    pools: Mapping[tuple[str, str, str], _Pool], labels: Sequence[str]
) -> Iterator[Difference]:
    for split, way in dict.fromkeys((split, way) for split, way, _ in pools):
        present = [label for label in labels if (split, way, label) in pools]
        for before, after in pairwise(present):
            old, new = pools[split, way, before].shares, pools[split, way, after].shares
            changes = {name: difference(old[name], new[name]) for name in old}
            yield Difference(before, after, split, way, changes)


def _check_suites(runs: Sequence[Run]) -> None:
    first: dict[str, Run] = {}
    for run in runs:
        other = first.setdefault(run.split, run)
        if other.suite != run.suite:
            raise TrainerError(
                f"two suites are called {run.split}, and have different designs",
                details=(str(other.path.parent), str(run.path.parent)),
                hint="evaluate both models on the same suite",
            )


def _check_options(label: str, runs: Sequence[Run]) -> None:
    """Runs that count together must have been asked in the same way, and each count once."""
    for one, other in combinations(runs, 2):
        if (one.split, one.way) != (other.split, other.way):
            continue
        places = f"{one.path.parent} and {other.path.parent}"
        if one.terms != other.terms:
            raise TrainerError(
                f"the evaluations of {label} in {places} cannot count together",
                details=_changes(one, other),
                hint="give each a label of its own",
            )
        if one.seed == other.seed and one.outcomes == other.outcomes:
            raise TrainerError(
                f"the evaluations of {label} in {places} are the same, and would count twice",
                hint="remove one, or evaluate with another --seed",
            )


def _changes(one: Run, other: Run) -> tuple[str, ...]:
    """Options in which two runs differ."""
    return tuple(
        f"{key}: {one.terms.get(key)!r} and {other.terms.get(key)!r}"
        for key in sorted(one.terms.keys() | other.terms.keys())
        if one.terms.get(key) != other.terms.get(key)
    )


def _remarks(found: Mapping[str, Sequence[Run]]) -> Iterator[str]:
    """Where labels were asked differently, and what could not be evaluated."""
    first: dict[tuple[str, str], tuple[str, Run]] = {}
    for label, group in found.items():
        for run in group:
            other, before = first.setdefault((run.split, run.way), (label, run))
            if changes := _changes(before, run):
                yield f"{other} and {label} were asked differently ({run.split}, {run.way}): " + (
                    "; ".join(changes)
                )
    broken = {
        f"{run.split}/{outcome.id}"
        for group in found.values()
        for run in group
        for outcome in run.outcomes
        if outcome.status == ROW_ERROR
    }
    if broken:
        yield f"In no figure, since they could not be evaluated: {', '.join(sorted(broken))}."
