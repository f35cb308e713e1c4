"""A cocotb test's text -> Feedback: the test is really run, by cocotb, in Verilator.

The model is built as cocotb's own runner builds it (same options, same main program), but as one
translation unit against the cached runtime, which takes a second where the runner takes fifteen.
Written against cocotb 2.1 (`cocotb_tools/runner.py`, class `Verilator`).

The test is Python and may do whatever the user may: only tests that were generated belong here.
Limit: a test that runs into its time limit leaves no coverage behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from benchwright_sim.design import Design
from benchwright_sim.errors import ToolchainError
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.process import Completed
from benchwright_sim.runtime import Optimise, get_runtime
from benchwright_sim.simulation import Feedback, Simulation, Status, ending
from benchwright_sim.testbench import MANY_CYCLES
from benchwright_sim.toolchain import Toolchain, find_toolchain

_VERILATE = ("--vpi", "--public-flat-rw")
_RESULTS = "results.xml"


@dataclass(frozen=True, slots=True)
class CocotbTest:
    """A cocotb test and what it drives.

    Attributes:
        name: of its Python module.
        text: of that.
        top: the module that it is given as `dut`.
        shell: source of that module where it is not the design's own top, else empty.
    """

    name: str
    text: str
    top: str
    shell: str = ""


def simulate_cocotb(
    design: Design,
    test: CocotbTest,
    *,
    toolchain: Toolchain | None = None,
    fsm: FsmPoints | None = None,
    modules: Collection[str] = (),
    delays: bool = False,
    cycles: int = 0,
    timeout_s: float = 30.0,
    memory_bytes: int = 2 << 30,
) -> Feedback:
    """Builds a design and runs a cocotb test on it.

    Args:
        design: its parameters are not used: the shell sets them where it makes the instance.
        test: see there.
        toolchain: None for the one that is found.
        fsm: checkers of state registers, compiled along.
        modules: names of the design's modules, see `coverage.read_dat`.
        delays: the design holds delays of its own.
        cycles: about how many clock cycles it will run, to choose the compiler's optimisation.
        timeout_s: wall time of the run; compiling has bounds of its own.
        memory_bytes: address space of the run.

    Returns:
        How it went; a test that fails, or cannot be imported, is a runtime error.

    Raises:
        ToolchainError: Verilator, a compiler or a shared Python library is missing or broken.
        OutputError: the disk fills up.
        OSError: there is no room for temporary files.
    """
    from cocotb_tools import config  # noqa: PLC0415 - loads cocotb

    start_s = time.monotonic()
    toolchain = toolchain or find_toolchain()
    level: Optimise = "-O1" if cycles >= MANY_CYCLES else "-O0"
    libraries = config.libs_dir
    link = (f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-lcocotbvpi_verilator")
    with tempfile.TemporaryDirectory(prefix="benchwright-") as scratch:
        # The main program of cocotb names the class.
        simulation = Simulation(design, Path(scratch).resolve(), "Vtop", start_s)
        simulation.write({f"{test.top}.sv": test.shell} if test.shell else {}, fsm)
        results = simulation.bench / _RESULTS
        (simulation.bench / f"{test.name}.py").write_text(test.text, encoding="utf-8")
        verilated = simulation.verilate(toolchain, test.top, timing=delays, extra=_VERILATE)
        main = config.share_dir / "lib" / "verilator" / "verilator.cpp"
        runtime = get_runtime(toolchain, "cocotb", level)
        problem = simulation.problem(verilated) or simulation.compile(
            runtime, verilated, main, link
        )
        if problem is not None:
            return problem
        env = {
            **_environment(simulation.bench),
            "COCOTB_TOPLEVEL": test.top,
            "COCOTB_TEST_MODULES": test.name,
            "COCOTB_RESULTS_FILE": str(results),
        }
        done = simulation.run(timeout_s=timeout_s, memory_bytes=memory_bytes, env=env)
        status = _status(done, results)
        coverage = simulation.coverage(status, fsm, modules=modules)
        log = done.output + ending(done, timeout_s)
        return simulation.feedback(status, log, verilated.diagnostics, coverage)


def _environment(folder: Path) -> dict[str, str]:
    """What cocotb's runner sets, without what the user set for tests of his own."""
    from cocotb_tools import config  # noqa: PLC0415 - loads cocotb
    from find_libpython import find_libpython  # noqa: PLC0415 - of cocotb

    library = os.environ.get("LIBPYTHON_LOC") or find_libpython()
    if library is None:
        raise ToolchainError(
            "cocotb needs Python as a shared library, and there is none",
            hint="sudo apt-get install libpython3-dev, or give its path in LIBPYTHON_LOC",
        )
    foreign = ("COCOTB_", "GPI_", "PYGPI_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {
        **kept,
        "COCOTB_ANSI_OUTPUT": "0",
        "COCOTB_RANDOM_SEED": "1",
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "GPI_USERS": f"{library};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
        "TOPLEVEL_LANG": "verilog",
    }


def _status(done: Completed, results: Path) -> Status:
    from cocotb_tools.check_results import get_results  # noqa: PLC0415 - loads cocotb

    if done.timed_out:
        return Status.TIMEOUT
    try:
        n_tests, n_failed = get_results(results)
    except RuntimeError:  # there is no such file
        return Status.RUNTIME_ERROR
    passed = done.returncode == 0 and n_tests > 0 and n_failed == 0
    return Status.OK if passed else Status.RUNTIME_ERROR
