"""Designs of this repository compiled for the harness, each once in a session."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import BinMap
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.harness.build import Harness, build, points
from benchwright_sim.harness.client import START, Run, Worker
from benchwright_sim.harness.encode import Encoder
from benchwright_sim.stimulus import Program
from benchwright_sim.toolchain import find_toolchain

ROOT = Path(__file__).parents[1]
RTL = ROOT / "tests" / "rtl"
LIMIT = 10_000_000


def designs() -> list[str]:
    """Every design that is legal, as a path below the repository: a file, or a project's folder."""
    files = [*RTL.glob("*.sv"), *RTL.glob("*.v"), RTL / "readmemh" / "rom.sv"]
    projects = [*RTL.glob("*/benchwright.toml"), *ROOT.glob("examples/*/benchwright.toml")]
    return sorted(str(p.relative_to(ROOT)) for p in (*files, *(p.parent for p in projects)))


@dataclass(frozen=True, slots=True)
class Built:
    """A compiled design.

    Attributes:
        elaboration: of the design.
        fsm: its checkers.
        harness: compiled without optimisation, since that is quicker for short runs.
        bins: of each point.
    """

    elaboration: Elaboration
    fsm: FsmPoints
    harness: Harness
    bins: tuple[tuple[Bin, ...], ...]

    @property
    def modules(self) -> set[str]:
        return {instance.module for instance in self.elaboration.instances}

    @property
    def encoder(self) -> Encoder:
        return Encoder(self.elaboration.interface)

    def worker(self) -> Worker:
        return open_worker(self.harness)

    def bins_of(self, reached: Iterable[int]) -> frozenset[Bin]:
        return frozenset(bin_ for point in reached for bin_ in self.bins[point])

    def run(self, program: Program) -> tuple[Run, frozenset[Bin]]:
        """Runs a program from power-up in a worker of its own; what it covers."""
        with self.worker() as worker:
            (run,) = worker.run(START, [self.encoder.program(program)], limit=LIMIT)
        return run, self.bins_of(run.new)


def open_worker(harness: Harness, *, memory_bytes: int = 4 << 30, reply_s: float = 60) -> Worker:
    return Worker(harness.library, harness.folder, memory_bytes=memory_bytes, reply_s=reply_s)


def elaborated(name: str) -> Elaboration:
    """A design by its path below the repository."""
    path = ROOT / name
    if path.is_dir():
        return elaborate(load_design([], project=path / "benchwright.toml"))
    return elaborate(load_design([path]))


@cache
def built(name: str) -> Built:
    """A design by its path below the repository, see `designs`."""
    return compile_design(elaborated(name))


@cache
def built_text(text: str) -> Built:
    """A design that a test writes down for itself."""
    source = _folder() / "design.sv"
    source.write_text(text)
    return compile_design(elaborate(load_design([source])))


def compile_design(elaboration: Elaboration) -> Built:
    fsm = fsm_bind(elaboration.state_registers, root=elaboration.design.root)
    harness = build(elaboration, fsm, _folder(), toolchain=find_toolchain(), optimise="-O0")
    bin_map = BinMap(
        root=elaboration.design.root,
        checkers=fsm.bins,
        exclude_files=(harness.wrapper,),
        modules={instance.module for instance in elaboration.instances},
    )
    with open_worker(harness) as worker:
        return Built(elaboration, fsm, harness, points(worker, harness, bin_map))


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="benchwright-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
