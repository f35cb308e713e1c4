"""A whole testbench's text -> Feedback: how it ended, what it covered, what it said.

The text is compiled together with the design and run in a private temporary folder: Verilator,
one C++ translation unit against the cached runtime, one run. What is wrong with the text is a
status of the result; exceptions mean that a tool or the machine failed. See `simulation` for what
a run may and may not do.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from benchwright_sim.design import Design
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.process import Completed
from benchwright_sim.runtime import NATIVE_DIR, Optimise, get_runtime
from benchwright_sim.simulation import Feedback, Simulation, Status, ending
from benchwright_sim.toolchain import Toolchain, find_toolchain

__all__ = ["MANY_CYCLES", "TIMEOUT_S", "Feedback", "Status", "measure", "simulate"]

MANY_CYCLES = 400_000
"""From here on the model is compiled with -O1, which runs five times faster.

It costs 0.3 s more for a small design and 6 s for a CPU.
"""

TIMEOUT_S = 30.0
"""Wall time that a testbench may run where nothing else is said."""

_FAILED_ASSERTION = re.compile(r"^\[\d+\] %(Error|Fatal): .*: Assertion failed in ", re.MULTILINE)


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
    timeout_s: float = TIMEOUT_S,
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
        OutputError: the disk fills up.
        OSError: there is no room for temporary files.
    """
    start_s = time.monotonic()
    toolchain = toolchain or find_toolchain()
    level: Optimise = optimise or ("-O1" if cycles >= MANY_CYCLES else "-O0")
    with tempfile.TemporaryDirectory(prefix="benchwright-") as scratch:
        simulation = Simulation(design, Path(scratch).resolve(), "Vtb", start_s)
        simulation.write({f"{tb_name}.sv": text}, fsm)
        verilated = simulation.verilate(toolchain, tb_name, flatten=flatten)
        problem = simulation.problem(verilated) or simulation.compile(
            get_runtime(toolchain, "testbench", level), verilated, NATIVE_DIR / "testbench.cpp"
        )
        if problem is not None:
            return problem
        apart = ("+benchwright+instances",) if flatten else ()
        done = simulation.run(*apart, timeout_s=timeout_s, memory_bytes=memory_bytes)
        status = _status(done)
        coverage = simulation.coverage(
            status, fsm, instances=flatten, dut=dut_name, modules=modules
        )
        log = done.output + ending(done, timeout_s)
        return simulation.feedback(status, log, verilated.diagnostics, coverage)


def measure(
    elaboration: Elaboration,
    text: str,
    *,
    tb_name: str,
    dut_name: str,
    flatten: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Feedback:
    """Simulates a testbench and counts all that is known of the design, its states and arcs too.

    Arguments and errors are those of `simulate`.
    """
    return simulate(
        elaboration.design,
        text,
        tb_name=tb_name,
        dut_name=dut_name,
        fsm=fsm_bind(elaboration.state_registers, root=elaboration.design.root),
        modules=elaboration.modules,
        flatten=flatten,
        timeout_s=timeout_s,
    )


def _status(done: Completed) -> Status:
    if done.timed_out:
        return Status.TIMEOUT
    if done.returncode != 0 or _FAILED_ASSERTION.search(done.output):
        return Status.RUNTIME_ERROR
    return Status.OK
