"""A design on the bench: compiled, running in its worker, its counters understood."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.explain.asked import find_bins, read_asked
from benchwright_agent.goals import Goals
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import BinMap
from benchwright_sim.design import Design
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError, ParameterError
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.harness.build import Harness, build, points
from benchwright_sim.harness.client import Worker, WorkerLost
from benchwright_sim.harness.encode import Encoder
from benchwright_sim.toolchain import find_toolchain
from benchwright_sim.waivers import Waiver, apply_waivers


@dataclass(frozen=True, slots=True)
class Bench:
    """What policies work with.

    Attributes:
        elaboration: of the design.
        worker: runs programs on it.
        encoder: of programs for it.
        goals: bins wanted and covered.
        warnings: of the build, for the user.
        fsm: checkers that are compiled along.
    """

    elaboration: Elaboration
    worker: Worker
    encoder: Encoder
    goals: Goals
    warnings: tuple[str, ...]
    fsm: FsmPoints


@contextmanager
def on_bench(
    elaboration: Elaboration,
    fsm: FsmPoints,
    waivers: Sequence[Waiver],
    focus: Sequence[str] | None = None,
) -> Iterator[Bench]:
    """Compiles a design and starts its worker; both are gone afterwards.

    Args:
        elaboration: of the design.
        fsm: checkers, compiled along.
        waivers: bins that need not be covered.
        focus: what alone shall be covered, see `options.GenerateOptions`.

    Raises:
        ParameterError: there is nothing in focus.
        SourceError: Verilator does not accept the design.
        ToolchainError: Verilator or the compiler is missing or fails.
        DesignRunError: the design cannot run at all.
    """
    with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
        harness = build(elaboration, fsm, Path(folder), toolchain=find_toolchain())
        with _started(harness) as worker:
            bin_map = BinMap(
                root=elaboration.design.root,
                checkers=fsm.bins,
                exclude_files=(harness.wrapper,),
                modules=elaboration.modules,
            )
            of_points = points(worker, harness, bin_map)
            every = Goals(of_points)
            waived = apply_waivers(waivers, every.coverage()).waived
            aims, warnings = _aims(focus, every.bins, elaboration.design)
            yield Bench(
                elaboration,
                worker,
                Encoder(elaboration.interface),
                Goals(of_points, unwanted=waived, focus=aims),
                (*harness.remarks.warnings, *warnings),
                fsm,
            )


def _aims(
    focus: Sequence[str] | None, bins: Sequence[Bin], design: Design
) -> tuple[set[Bin] | None, list[str]]:
    """The bins in focus, None for all; and a warning for each text that names none."""
    if focus is None:
        return None, []
    by_id = {bin_.id: bin_ for bin_ in bins}
    aims: set[Bin] = set()
    errors: list[ParameterError] = []
    for text in focus:
        try:
            named = by_id.get(text)
            aims.update(
                [named] if named else find_bins(read_asked(text), bins, design.sources, design.root)
            )
        except ParameterError as error:
            errors.append(error)
    if not aims:
        raise errors[0] if errors else ParameterError("no bin is named that is to be covered")
    return aims, [f"not aimed at: {error.message}" for error in errors]


def _started(harness: Harness) -> Worker:
    """The worker; when it cannot even start, with the places that may be why."""
    try:
        return Worker(harness.library, harness.folder)
    except WorkerLost as lost:
        raise DesignRunError(
            lost.message, hint=lost.hint, details=harness.remarks.suspects
        ) from lost
