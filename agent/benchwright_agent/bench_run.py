"""Testbenches of a user simulated one by one, and what they cover together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchwright_agent.record import DesignRecord, Record
from benchwright_agent.userbench import UserBench, inspect
from benchwright_sim.coverage import Coverage, merge
from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import StateRegister
from benchwright_sim.errors import DesignRunError, SimError, SourceError
from benchwright_sim.fsm import fsm_bind
from benchwright_sim.testbench import Feedback, Status, simulate
from benchwright_sim.verdict import decide
from benchwright_sim.waivers import Waiver, apply_waivers

FAILURES: dict[Status, tuple[str, int]] = {
    Status.COMPILE_ERROR: ("it does not compile", SourceError.exit_code),
    Status.TIMEOUT: ("it does not end within its time", DesignRunError.exit_code),
    Status.RUNTIME_ERROR: ("it ends with an error", DesignRunError.exit_code),
    Status.NO_PROGRESS: ("it holds an endless loop without delay", DesignRunError.exit_code),
    Status.REFUSED: ("it was not run", DesignRunError.exit_code),
}


_NOTHING = (
    "nothing of the design was counted: it has nothing to count, or Verilator left it out, as it "
    "does where no signal of the testbench leads to it"
)


@dataclass(frozen=True, slots=True)
class BenchRun:
    """What the testbenches gave together.

    Attributes:
        record: their coverage, merged, also that of testbenches that failed.
        failures: (testbench, what failed, the end of its log) of each that did.
        exit_code: of the command, 0 when all ended well.
    """

    record: Record
    failures: tuple[tuple[str, str, str], ...]
    exit_code: int


def run_benches(
    files: Sequence[Path],
    design: Design,
    *,
    top: str | None,
    waivers: Sequence[Waiver],
    flatten: bool,
    timeout_s: float,
) -> BenchRun:
    """Simulates each testbench with the design and adds up what they cover.

    Args:
        files: the testbenches.
        design: may hold them among its sources.
        top: top module of the testbenches, None when it is to be found.
        waivers: applied to the sum.
        flatten: count every instance apart.
        timeout_s: time that each may run.

    Raises:
        SimError: the sources cannot be read, a top is not found, or a tool fails.
    """
    started = time.monotonic()
    places = {file.resolve() for file in files}
    others = tuple(source for source in design.sources if source not in places)
    alone = replace(design, sources=others)
    benches = [inspect(file, alone, top=top) for file in files]
    results = [_simulate(bench, flatten=flatten, timeout_s=timeout_s) for bench in benches]
    coverage = merge(*(covered for _, covered, _ in results))
    applied = apply_waivers(waivers, coverage)
    failures = [
        (bench.file.name, feedback)
        for bench, (feedback, _, _) in zip(benches, results, strict=True)
        if feedback.status in FAILURES
    ]
    record = Record(
        command="simulate",
        design=DesignRecord(
            top=", ".join(dict.fromkeys(name for bench in benches for name in bench.tops)),
            root=design.root,
            sources=others or design.sources,
            defines=design.defines,
        ),
        testbenches=tuple(bench.file for bench in benches),
        status=", ".join(dict.fromkeys(str(feedback.status) for feedback, _, _ in results)),
        coverage=coverage,
        verdicts=decide(coverage, waived=applied.waived),
        seconds=time.monotonic() - started,
        warnings=(
            *dict.fromkeys(text for _, _, notes in results for text in notes),
            *applied.warnings,
        ),
    )
    return BenchRun(
        record,
        tuple((name, FAILURES[f.status][0], _log(f)) for name, f in failures),
        max((FAILURES[f.status][1] for _, f in failures), default=0),
    )


def _log(feedback: Feedback) -> str:
    found = "\n".join(str(diagnostic) for diagnostic in feedback.diagnostics)
    return feedback.log.strip() or found


def _simulate(
    bench: UserBench, *, flatten: bool, timeout_s: float
) -> tuple[Feedback, Coverage, tuple[str, ...]]:
    """One testbench: its feedback, the coverage of the design alone, and warnings."""
    registers, warnings = _state_registers(bench)
    feedback = simulate(
        bench.design,
        "",
        tb_name=bench.top,
        dut_name=bench.instance,
        fsm=fsm_bind(registers, root=bench.design.root),
        modules=bench.modules | bench.own,
        flatten=flatten,
        timeout_s=timeout_s,
    )
    covered = bench.of_design(feedback.coverage)
    if feedback.status is Status.OK and not covered:
        warnings = (*warnings, f"{bench.file.name}: {_NOTHING}")
    return feedback, covered, warnings


def _state_registers(bench: UserBench) -> tuple[tuple[StateRegister, ...], tuple[str, ...]]:
    """State registers of all that the testbench drives; each module's once.

    A top that has no elaboration of its own (it has interface ports, say) costs its state
    machines only: the testbench can be simulated all the same.
    """
    found: dict[tuple[str, str], StateRegister] = {}
    warnings: list[str] = []
    for top in bench.tops:
        try:
            elaboration = elaborate(replace(bench.design, top=top))
        except SimError as error:
            warnings.append(f"state machines below {top} are not measured: {error.message}")
            continue
        for register in elaboration.state_registers:
            found.setdefault((register.module, register.name), register)
    return tuple(found.values()), tuple(warnings)
