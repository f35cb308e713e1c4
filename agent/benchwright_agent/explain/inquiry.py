"""From what a user asks to explanations: the design, its bins, a run with probes.

Where a testbench is given it is simulated twice: as it is, which says what is covered, and with
probes at the guards of the bins asked about. A saved run spares the first of the two. Without
either an idle testbench serves to list the bins, and nothing is known of verdicts and values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchwright_agent.bench_run import FAILURES
from benchwright_agent.explain.asked import Asked, find_bins
from benchwright_agent.explain.explain import Source
from benchwright_agent.explain.explanation import Explanation
from benchwright_agent.explain.observation import observe
from benchwright_agent.record import Record
from benchwright_agent.userbench import inspect
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import SourceError
from benchwright_sim.fsm import FsmPoints, fsm_bind
from benchwright_sim.simulation import Feedback, Status
from benchwright_sim.testbench import measure, simulate
from benchwright_sim.verdict import Verdict, Verdicts, decide

_IDLE = "benchwright_idle"

Run = Callable[[FsmPoints], Feedback]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out.

    Attributes:
        explanations: of the bins that are asked about and not covered, in their order.
        covered: those that are asked about and covered.
        verdicts: of all these bins; None where no run is known.
        design: name of the top.
        testbench: that was simulated, None when none was.
        failure: what is wrong with the testbench, how the command exits for it, and its log.
        warnings: for the user.
    """

    explanations: tuple[Explanation, ...]
    covered: tuple[Bin, ...]
    verdicts: Mapping[Bin, Verdict] | None
    design: str
    testbench: Path | None = None
    failure: tuple[str, int, str] | None = None
    warnings: tuple[str, ...] = ()


def explain_static(asked: Asked, elaboration: Elaboration, *, verdicts: Verdicts | None) -> Answer:
    """Explains from the source alone.

    Args:
        asked: by the user.
        elaboration: of the design.
        verdicts: of an earlier run, which also list the bins; None to list them anew.
    """
    known = verdicts if verdicts is not None else decide(list_bins(elaboration))
    design = elaboration.design
    bins = find_bins(asked, known, design.sources, design.root)
    opened = _open(bins, known)
    source = Source(elaboration)
    return Answer(
        explanations=source.with_next_values(source.explain(opened, {})),
        covered=tuple(bin_ for bin_ in bins if bin_ not in opened),
        verdicts=None if verdicts is None else {bin_: known[bin_] for bin_ in bins},
        design=elaboration.interface.module,
    )


def explain_run(
    asked: Asked,
    design: Design,
    testbench: Path,
    *,
    bench_top: str | None,
    timeout_s: float,
    record: Record | None = None,
) -> Answer:
    """Explains with what a run of a testbench sees.

    Args:
        asked: by the user.
        design: may hold the testbench among its sources.
        testbench: SystemVerilog.
        bench_top: its top module, None when it is to be found.
        timeout_s: time that each run may take.
        record: of an earlier run of the same, None to find out what is covered.

    Raises:
        SimError: the sources cannot be read, a top is not found, or a tool fails.
    """
    place = testbench.resolve()
    alone = replace(design, sources=tuple(s for s in design.sources if s != place))
    bench = inspect(place, alone if alone.sources else design, top=bench_top)
    elaboration = elaborate(replace(alone if alone.sources else bench.design, top=bench.tops[0]))
    # Looking for missing modules may add files and move the root that bins are named by.
    known = replace(elaboration.design, root=bench.design.root)
    elaboration = replace(elaboration, design=known)
    fsm = fsm_bind(elaboration.state_registers, root=bench.design.root)

    def run(points: FsmPoints) -> Feedback:
        return simulate(
            bench.design,
            "",
            tb_name=bench.top,
            dut_name=bench.instance,
            fsm=points,
            modules=bench.modules | bench.own,
            timeout_s=timeout_s,
        )

    warnings: list[str] = []
    if record is None:
        first = run(fsm)
        if not first.coverage:
            answer = explain_static(asked, elaboration, verdicts=None)
            return replace(answer, testbench=testbench, failure=_failure(first))
        verdicts = decide(bench.of_design(first.coverage))
    else:
        verdicts = record.verdicts
    source = Source(elaboration)
    bins = find_bins(asked, verdicts, alone.sources or design.sources, alone.root)
    opened = _open(bins, verdicts)
    observation = observe(source, opened, run, fsm)
    coverage = bench.of_design(observation.feedback.coverage)
    if record is not None and set(coverage) != set(record.coverage):
        warnings.append("design or testbench have changed since the run was saved: make it again")
    return Answer(
        explanations=source.with_next_values(source.explain(opened, observation.seen)),
        covered=tuple(bin_ for bin_ in bins if bin_ not in opened),
        verdicts={bin_: verdicts[bin_] for bin_ in bins},
        design=elaboration.interface.module,
        testbench=testbench,
        failure=_failure(observation.feedback),
        warnings=(*warnings, *observation.notes),
    )


def _open(bins: list[Bin], verdicts: Mapping[Bin, Verdict]) -> list[Bin]:
    return [bin_ for bin_ in bins if verdicts[bin_].status != "covered"]


def _failure(feedback: Feedback) -> tuple[str, int, str] | None:
    if feedback.status not in FAILURES:
        return None
    what, code = FAILURES[feedback.status]
    log = feedback.log.strip() or "\n".join(map(str, feedback.diagnostics))
    return what, code, log


def list_bins(elaboration: Elaboration) -> Coverage:
    """All bins of a design, none of them covered but by power-up.

    Raises:
        SourceError: the simulator does not accept the design.
    """
    values = ", ".join(f".{name}({value})" for name, value in elaboration.design.parameters)
    overrides = f" #({values})" if values else ""
    feedback = measure(
        elaboration,
        f"module {_IDLE};\n  \\{elaboration.interface.module} {overrides} dut ();\n"
        "  initial $finish;\nendmodule\n",
        tb_name=_IDLE,
        dut_name="dut",
    )
    if not feedback.coverage and feedback.status is not Status.OK:
        details = tuple(str(d) for d in feedback.diagnostics if d.severity == "error")
        raise SourceError("the simulator does not accept the design", details=details)
    return Coverage(dict.fromkeys(feedback.coverage, 0))
