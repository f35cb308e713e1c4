"""A design on the bench: compiled, running in its worker, its counters understood."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchwright_agent.goals import Goals
from benchwright_sim.coverage import BinMap
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError
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
    elaboration: Elaboration, fsm: FsmPoints, waivers: Sequence[Waiver]
) -> Iterator[Bench]:
    """Compiles a design and starts its worker; both are gone afterwards.

    Raises:
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
            waived = apply_waivers(waivers, Goals(of_points).coverage()).waived
            yield Bench(
                elaboration,
                worker,
                Encoder(elaboration.interface),
                Goals(of_points, unwanted=waived),
                harness.remarks.warnings,
                fsm,
            )


def _started(harness: Harness) -> Worker:
    """The worker; when it cannot even start, with the places that may be why."""
    try:
        return Worker(harness.library, harness.folder)
    except WorkerLost as lost:
        raise DesignRunError(
            lost.message, hint=lost.hint, details=harness.remarks.suspects
        ) from lost
