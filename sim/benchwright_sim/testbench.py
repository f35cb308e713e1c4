"""A whole testbench's text -> Feedback: how it ended, what it covered, what it said.

The text is compiled together with the design and run in a private temporary folder: Verilator,
one C++ translation unit against the cached runtime, one run. What is wrong with the text is a
status of the result; exceptions mean that a tool or the machine failed.

The testbench may write files in its folder only, and data files that the sources name are copied
there first (see `datafiles`). `$system` and imported C functions are refused. Not covered: reading
other files, and load on the machine within the given bounds.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from benchwright_sim.coverage import Coverage, CoverageFileError, read_dat
from benchwright_sim.datafiles import copy_data_files
from benchwright_sim.design import Design
from benchwright_sim.foreign import find_foreign_call, place_of
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.process import Completed, run
from benchwright_sim.runtime import NATIVE_DIR, Optimise, compile_model, get_runtime
from benchwright_sim.toolchain import Toolchain, find_toolchain
from benchwright_sim.verilate import Diagnostic, Verilated, VerilateOptions, sources_read, verilate

MANY_CYCLES = 400_000
"""From here on the model is compiled with -O1: it runs five times faster, but costs 0.3 s for a small design and 6 s for a CPU."""

_PREFIX = "Vtb"
_GRACE_S = 2.0
_VERILATE_S = 60.0
_COMPILE_S = 120.0
_COMPILER_BYTES = 4 << 30
_FILE_BYTES = 64 << 20
_LOG_BYTES = 1 << 16
_FAILED_ASSERTION = re.compile(r"^\[\d+\] %(Error|Fatal): .*: Assertion failed in ", re.MULTILINE)


class Status(StrEnum):
    """How the simulation of a testbench ended."""

    OK = "ok"
    """It compiled and came to its end: $finish, $stop, or nothing left to do."""
    COMPILE_ERROR = "compile_error"
    """Verilator or the compiler rejects it, or does not finish."""
    TIMEOUT = "timeout"
    """It ran into its time limit; what it covered until then counts."""
    RUNTIME_ERROR = "runtime_error"
    """$fatal, a failed assertion, no convergence, a crash, or too little memory."""
    NO_PROGRESS = "no_progress"
    """It holds an empty loop without delay, and was not run."""
    REFUSED = "refused"
    """It calls programs or C functions, and was not run."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What simulating a testbench gave.

    Attributes:
        status: how it ended.
        coverage: of the design; empty when it was not run.
        log: what Verilator (when it failed) or the run printed, bounded; the testbench and the
            design's files are named relative to their folders.
        diagnostics: Verilator's, or one that says why it was refused.
        wall_s: all in all.
        cpu_s: of all processes.
        build_s: part of `wall_s` until it could run.
        run_s: part of `wall_s` that it ran.
    """

    status: Status
    coverage: Coverage
    log: str
    diagnostics: tuple[Diagnostic, ...]
    wall_s: float = field(compare=False)
    cpu_s: float = field(compare=False)
    build_s: float = field(default=0.0, compare=False)
    run_s: float = field(default=0.0, compare=False)


def simulate(
    design: Design,
    text: str,
    *,
    tb_name: str = "tb",
    dut_name: str = "dut",
    toolchain: Toolchain | None = None,
    fsm: FsmPoints | None = None,
    modules: Collection[str] = (),
    flatten: bool = False,
    cycles: int = 0,
    optimise: Optimise | None = None,
    timeout_s: float = 30.0,
    memory_bytes: int = 2 << 30,
) -> Feedback:
    """Compiles and runs a testbench around a design.

    Args:
        design: its parameters are not used: the testbench sets them where it makes the instance.
        text: of the testbench.
        tb_name: its top module.
        dut_name: its instance of the design, below which instances are named when `flatten`.
        toolchain: None for the one that is found.
        fsm: checkers of state registers, compiled along.
        modules: names of the design's modules, see `coverage.read_dat`.
        flatten: count bins per instance.
        cycles: about how many clock cycles it will run, to choose `optimise`.
        optimise: of the C++ compiler; None to choose.
        timeout_s: wall time of the run; compiling has bounds of its own.
        memory_bytes: address space of the run.

    Raises:
        ToolchainError: Verilator or a compiler is missing, broken or was killed.
        OSError: there is no room for temporary files.
    """
    start_s = time.monotonic()
    toolchain = toolchain or find_toolchain()
    level: Optimise = optimise or ("-O1" if cycles >= MANY_CYCLES else "-O0")
    with tempfile.TemporaryDirectory(prefix="benchwright-") as scratch:
        bench = _Bench(design, Path(scratch).resolve(), f"{tb_name}.sv", start_s)
        bench.write(text, fsm)
        verilated = bench.verilate(toolchain, tb_name, flatten)
        problem = bench.problem(verilated)
        if problem is not None:
            return problem
        compiled = bench.compile(toolchain, level, verilated.unit)
        if not compiled.ok:
            log = "the compiler did not finish\n" if compiled.timed_out else compiled.output
            return bench.feedback(Status.COMPILE_ERROR, log, verilated.diagnostics)
        done = bench.run(flatten, timeout_s, memory_bytes)
        status = _status(done)
        coverage = bench.coverage(status, fsm, instances=flatten, dut=dut_name, modules=modules)
        log = done.output + _ending(done, timeout_s)
        return bench.feedback(status, log, verilated.diagnostics, coverage, done)


def _status(done: Completed) -> Status:
    if done.timed_out:
        return Status.TIMEOUT
    if done.returncode != 0 or _FAILED_ASSERTION.search(done.output):
        return Status.RUNTIME_ERROR
    return Status.OK


def _ending(done: Completed, timeout_s: float) -> str:
    """A line for the log when the run did not end by itself."""
    if done.timed_out:
        return f"- stopped after {timeout_s:g} s\n"
    if done.killed_by:
        return f"%Error: the simulation crashed ({done.killed_by})\n"
    return ""


class _Bench:
    """One simulation's folder: sources, C++, program, and the folder that it runs in.

    The run folder lies a few levels deep, so that `../data/table.hex` stays in the scratch folder.
    """

    def __init__(self, design: Design, scratch: Path, file_name: str, start_s: float) -> None:
        self._design = design
        self._scratch = scratch
        self._source = scratch / "tb" / file_name
        self._checkers = scratch / "tb" / "benchwright_fsm.sv"
        self._config = scratch / "tb" / "benchwright.vlt"
        self._cpp = scratch / "cpp"
        self._program = scratch / "simulation"
        self._run_folder = scratch / "run" / "a" / "b" / "c"
        self._dat = scratch / "coverage.dat"
        self._start_s = start_s
        self._cpu_s = 0.0

    def write(self, text: str, fsm: FsmPoints | None) -> None:
        """Puts down the testbench and what is compiled along with it."""
        self._source.parent.mkdir()
        self._source.write_text(text, encoding="utf-8", errors="replace")
        self._checkers.write_text(fsm.text if fsm else "")
        self._config.write_text(
            "`verilator_config\n"
            f'coverage_off -file "{self._source}"\n'
            'coverage_off -file "*verilated_std.sv"\n'
        )

    def verilate(self, toolchain: Toolchain, top: str, flatten: bool) -> Verilated:
        """Testbench, design and checkers to C++."""
        design = self._design
        checkers = (self._checkers,) if self._checkers.stat().st_size else ()
        options = VerilateOptions(
            sources=(*design.sources, *checkers, self._source),
            top=top,
            prefix=_PREFIX,
            config_files=(self._config,),
            include_dirs=design.include_dirs,
            defines=design.defines,
            library_dirs=design.library_dirs,
            library_files=design.library_files,
            library_extensions=design.library_extensions,
            timing=True,
            flatten=flatten,
        )
        done = verilate(
            toolchain,
            options,
            self._cpp,
            timeout_s=_VERILATE_S,
            memory_bytes=_COMPILER_BYTES,
        )
        self._cpu_s += done.completed.cpu_s
        return done

    def problem(self, verilated: Verilated) -> Feedback | None:
        """Why it cannot be compiled or must not be run, None when nothing speaks against it."""
        if not verilated.ok:
            return self.feedback(Status.COMPILE_ERROR, verilated.log, verilated.diagnostics)
        codes = {diagnostic.code for diagnostic in verilated.diagnostics}
        if "INFINITELOOP" in codes:
            return self.feedback(Status.NO_PROGRESS, verilated.log, verilated.diagnostics)
        call = find_foreign_call(self._cpp, _PREFIX)
        if call is None:
            return None
        place = place_of(call, self._read_sources())
        refusal = Diagnostic(
            place.file if place else None,
            place.line if place else 0,
            0,
            "error",
            "REFUSED",
            f"it calls {call.what}, which simulated testbenches may not",
        )
        diagnostics = (*verilated.diagnostics, refusal)
        return self.feedback(Status.REFUSED, f"{refusal}\n", diagnostics)

    def compile(self, toolchain: Toolchain, level: Optimise, unit: Path) -> Completed:
        """The C++ and our main program to a program."""
        with unit.open("a") as handle:
            handle.write('#include "testbench.cpp"\n')
        done = compile_model(
            get_runtime(toolchain, "testbench", level),
            unit,
            self._program,
            kind="executable",
            include_dirs=(NATIVE_DIR,),
            timeout_s=_COMPILE_S,
            memory_bytes=_COMPILER_BYTES,
        )
        self._cpu_s += done.cpu_s
        return done

    def run(self, instances: bool, timeout_s: float, memory_bytes: int) -> Completed:
        """The program, in its folder."""
        self._run_folder.mkdir(parents=True)
        texts = [(path.read_text(errors="replace"), path.parent) for path in self._read_sources()]
        copy_data_files(texts, self._run_folder, within=self._scratch, root=self._design.root)
        argv = [str(self._program), f"+verilator+coverage+file+{self._dat}"]
        if instances:
            argv.append("+benchwright+instances")
        done = run(
            argv,
            cwd=self._run_folder,
            timeout_s=timeout_s,
            grace_s=_GRACE_S,
            memory_bytes=memory_bytes,
            file_bytes=_FILE_BYTES,
            output_bytes=_LOG_BYTES,
        )
        self._cpu_s += done.cpu_s
        return done

    def coverage(
        self,
        status: Status,
        fsm: FsmPoints | None,
        *,
        instances: bool,
        dut: str,
        modules: Collection[str],
    ) -> Coverage:
        """What the run covered; empty when it crashed before it could write that down."""
        try:
            return read_dat(
                self._dat,
                root=self._design.root,
                fsm=fsm,
                instances=instances,
                exclude_files=(self._source,),
                modules=modules,
                dut=dut,
            )
        except CoverageFileError:
            if status is Status.OK:
                raise
            return Coverage()

    def feedback(
        self,
        status: Status,
        log: str,
        diagnostics: tuple[Diagnostic, ...],
        coverage: Coverage | None = None,
        done: Completed | None = None,
    ) -> Feedback:
        """The result, with this machine's folders taken out of its words."""
        wall_s = time.monotonic() - self._start_s
        run_s = done.wall_s if done else 0.0
        return Feedback(
            status=status,
            coverage=coverage or Coverage(),
            log=self._local(log)[-_LOG_BYTES:],
            diagnostics=tuple(self._local_diagnostic(d) for d in diagnostics),
            wall_s=wall_s,
            cpu_s=self._cpu_s,
            build_s=wall_s - run_s,
            run_s=run_s,
        )

    def _read_sources(self) -> list[Path]:
        return sources_read(self._cpp, _PREFIX)

    def _local(self, text: str) -> str:
        for folder in (self._source.parent, self._cpp, self._scratch, self._design.root):
            text = text.replace(f"{folder}/", "")
        return text

    def _local_diagnostic(self, diagnostic: Diagnostic) -> Diagnostic:
        file = diagnostic.file
        if file == self._source:
            file = Path(self._source.name)
        return replace(diagnostic, file=file, text=self._local(diagnostic.text))
