"""One simulation's folder: sources, generated C++, program, and the folder that it runs in.

What a SystemVerilog testbench and a cocotb test have in common on their way to feedback. Nothing
may be written outside of the folder, data files that the sources name are copied there first (see
`datafiles`), and `$system` and imported C functions are refused. Not covered: reading other files,
and load on the machine within the given bounds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from benchwright_sim.coverage import Coverage, CoverageFileError, read_dat
from benchwright_sim.datafiles import copy_data_files
from benchwright_sim.design import Design
from benchwright_sim.foreign import find_foreign_call, place_of
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.process import Completed, run
from benchwright_sim.runtime import NATIVE_DIR, Runtime, compile_model
from benchwright_sim.space import raise_if_full
from benchwright_sim.toolchain import Toolchain, cache_dir
from benchwright_sim.verilate import Diagnostic, Verilated, VerilateOptions, sources_read, verilate

_GRACE_S = 2.0
_VERILATE_S = 60.0
_COMPILE_S = 120.0
_COMPILER_BYTES = 4 << 30
_FILE_BYTES = 64 << 20
_LOG_BYTES = 1 << 16

_PLACE = re.compile(r"(?<![\w./~-])/(?:[^/\s:;,'\"`()<>]+/)+(?=[^/\s])")
"""The folder of an absolute path, as a compiler or linker writes it."""


class Status(StrEnum):
    """How the simulation of a testbench ended."""

    OK = "ok"
    """It compiled and came to its end: $finish, $stop, or nothing left to do."""
    COMPILE_ERROR = "compile_error"
    """Verilator or the compiler rejects it, or does not finish."""
    TIMEOUT = "timeout"
    """It ran into its time limit; what it covered until then counts."""
    RUNTIME_ERROR = "runtime_error"
    """$fatal, a failed assertion or test, no convergence, a crash, or too little memory."""
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
    """

    status: Status
    coverage: Coverage
    log: str
    diagnostics: tuple[Diagnostic, ...]
    wall_s: float = field(compare=False)
    cpu_s: float = field(compare=False)

    @property
    def said(self) -> str:
        """The first error of the log, or its first line where none is marked as one."""
        lines = self.log.strip().splitlines()
        return next((line for line in lines if "%Error" in line), "".join(lines[:1]))


class Simulation:
    """The folder of one simulation and the steps that are taken in it.

    The run folder lies a few levels deep, so that `../data/table.hex` stays in the scratch folder.

    Attributes:
        bench: folder of what is simulated with the design: a testbench, a test.
        dat: the coverage file that the run writes.
    """

    def __init__(self, design: Design, scratch: Path, prefix: str, start_s: float) -> None:
        self.bench = scratch / "tb"
        self.dat = scratch / "coverage.dat"
        self._design = design
        self._scratch = scratch
        self._prefix = prefix
        self._own: tuple[Path, ...] = ()
        self._checkers = self.bench / "benchwright_fsm.sv"
        self._config = self.bench / "benchwright.vlt"
        self._cpp = scratch / "cpp"
        self._program = scratch / "simulation"
        self._run_folder = scratch / "run" / "a" / "b" / "c"
        self._tools: tuple[Path, ...] = ()
        self._start_s = start_s
        self._cpu_s = 0.0

    def write(self, sources: Mapping[str, str], fsm: FsmPoints | None) -> None:
        """Puts down SystemVerilog that is not the design's, and what is compiled along with it."""
        self.bench.mkdir()
        self._own = tuple(self.bench / name for name in sources)
        for path, text in zip(self._own, sources.values(), strict=True):
            path.write_text(text, encoding="utf-8", errors="replace")
        self._checkers.write_text(fsm.text if fsm else "")
        self._config.write_text(
            "`verilator_config\n"
            + "".join(f'coverage_off -file "{path}"\n' for path in self._own)
            + 'coverage_off -file "*verilated_std.sv"\n'
        )

    def verilate(
        self,
        toolchain: Toolchain,
        top: str,
        *,
        timing: bool = True,
        flatten: bool = False,
        extra: tuple[str, ...] = (),
    ) -> Verilated:
        """Testbench, design and checkers to C++; the arguments are `VerilateOptions`'."""
        design = self._design
        self._tools = (toolchain.verilator_root.parent, cache_dir(), NATIVE_DIR)
        checkers = (self._checkers,) if self._checkers.stat().st_size else ()
        options = VerilateOptions(
            sources=(*design.sources, *checkers, *self._own),
            top=top,
            prefix=self._prefix,
            config_files=(self._config,),
            include_dirs=design.include_dirs,
            defines=design.defines,
            library_dirs=design.library_dirs,
            library_files=design.library_files,
            library_extensions=design.library_extensions,
            overlay=design.overlay,
            timing=timing,
            flatten=flatten,
            extra=extra,
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
        call = find_foreign_call(self._cpp, self._prefix)
        if call is None:
            return None
        place = place_of(call, self._design.texts(self._read_sources()))
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

    def compile(
        self, runtime: Runtime, verilated: Verilated, main: Path, link: Sequence[str] = ()
    ) -> Feedback | None:
        """The C++ and a main program to a program; what is wrong, None when nothing is."""
        with verilated.unit.open("a") as handle:
            handle.write(f'#include "{main}"\n')
        done = compile_model(
            runtime,
            verilated.unit,
            self._program,
            kind="executable",
            include_dirs=(NATIVE_DIR,),
            link=link,
            timeout_s=_COMPILE_S,
            memory_bytes=_COMPILER_BYTES,
        )
        self._cpu_s += done.cpu_s
        if done.ok:
            return None
        output = _PLACE.sub("", self._local(done.output))
        log = "the compiler did not finish\n" if done.timed_out else output
        return self.feedback(Status.COMPILE_ERROR, log, verilated.diagnostics)

    def run(
        self,
        *arguments: str,
        timeout_s: float,
        memory_bytes: int,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """The program, in its folder."""
        self._run_folder.mkdir(parents=True)
        texts = [(path.read_text(errors="replace"), path.parent) for path in self._read_sources()]
        copy_data_files(texts, self._run_folder, within=self._scratch, root=self._design.root)
        done = run(
            [str(self._program), f"+verilator+coverage+file+{self.dat}", *arguments],
            cwd=self._run_folder,
            env=env,
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
        modules: Collection[str],
        instances: bool = False,
        dut: str = "dut",
    ) -> Coverage:
        """What the run covered; empty when it crashed before it could write that down.

        Raises:
            OutputError: the disk is full.
        """
        try:
            return read_dat(
                self.dat,
                root=self._design.root,
                fsm=fsm,
                instances=instances,
                exclude_files=self._own,
                modules=modules,
                dut=dut,
            )
        except CoverageFileError:
            raise_if_full(self._scratch)
            if status is Status.OK:
                raise
            return Coverage()

    def feedback(
        self,
        status: Status,
        log: str,
        diagnostics: tuple[Diagnostic, ...],
        coverage: Coverage | None = None,
    ) -> Feedback:
        """The result, with this machine's folders taken out of its words."""
        return Feedback(
            status=status,
            coverage=coverage or Coverage(),
            log=self._local(log)[-_LOG_BYTES:],
            diagnostics=tuple(self._local_diagnostic(d) for d in diagnostics),
            wall_s=time.monotonic() - self._start_s,
            cpu_s=self._cpu_s,
        )

    def _read_sources(self) -> list[Path]:
        return sources_read(self._cpp, self._prefix)

    def _local(self, text: str) -> str:
        own = (self.bench, self._cpp, self._scratch, self._design.root)
        for folder in (*own, *self._tools):
            text = text.replace(f"{folder}/", "")
        return text

    def _local_diagnostic(self, diagnostic: Diagnostic) -> Diagnostic:
        file = diagnostic.file
        if file is not None and (file in self._own or self._is_tools(file)):
            file = Path(file.name)
        return replace(diagnostic, file=file, text=self._local(diagnostic.text))

    def _is_tools(self, file: Path) -> bool:
        """Not the design's: `verilated_std.sv`, say."""
        return not file.is_relative_to(self._design.root) and any(
            file.is_relative_to(folder) for folder in self._tools
        )


def ending(done: Completed, timeout_s: float) -> str:
    """A line for the log when the run did not end by itself."""
    if done.timed_out:
        return f"- stopped after {timeout_s:g} s\n"
    if done.killed_by:
        return f"%Error: the simulation crashed ({done.killed_by})\n"
    return ""
