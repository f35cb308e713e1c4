"""`simulate`: a testbench of the user's run with its design, and what that covers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchwright_agent.bench_run import BenchRun, run_benches
from benchwright_agent.record import to_json
from benchwright_server.child.design import completed, kept, load, texts_of, with_texts
from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.guards import guards_of
from benchwright_server.child.request import Request
from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import Location, SimError
from benchwright_sim.verilate import parse_diagnostics

_TIMEOUT_S = 60.0
_LOG_LINES = 20


class TestbenchError(SimError):
    """The testbench measures nothing: it does not compile, say."""

    __test__ = False

    def __init__(self, exit_code: int, message: str, log: str, design: Design) -> None:
        super().__init__(
            message,
            location=_first_place(log, design),
            details=tuple(log.splitlines()[-_LOG_LINES:]),
        )
        self.exit_code = exit_code  # type: ignore[misc] # the failure's, where others have a class's


def simulate(request: Request, stream: EventStream) -> None:
    """Runs the job.

    Raises:
        SimError: the sources cannot be read, a tool fails, or the testbench measures nothing.
    """
    testbench = request.given_path("testbench")
    spec = request.spec
    if not (spec.sources or spec.filelists):
        spec = replace(spec, sources=(testbench,))
    stream.send("phase", name="elaborate")
    design = with_texts(completed(load(replace(request, spec=spec)), testbench))
    stream.send("phase", name="simulate")
    done = run_benches(
        [testbench],
        replace(design, top=None),
        top=None,
        waivers=(),
        flatten=False,
        timeout_s=request.number("timeout_s", _TIMEOUT_S),
    )
    record = done.record
    failed = [f"{name}: {what}" for name, what, _ in done.failures]
    if failed and not record.coverage:
        raise TestbenchError(done.exit_code, failed[0], done.failures[0][2], design)
    record = replace(record, warnings=(*failed, *record.warnings))
    stream.send("phase", name="explain")
    elaboration = _design_under_test(done, design, testbench)
    stream.done(
        record=to_json(record),
        guards=guards_of(elaboration, record.verdicts.open) if elaboration else {},
        texts=texts_of(elaboration, record.coverage) if elaboration else {},
        warnings=record.warnings,
    )


def _design_under_test(done: BenchRun, design: Design, testbench: Path) -> Elaboration | None:
    """The design below the testbench; None where it cannot be elaborated alone."""
    record = done.record.design
    if record is None:
        return None
    sources = tuple(file for file in design.sources if file != testbench.resolve())
    top = record.top.split(", ")[0]
    try:
        found = kept(elaborate(replace(design, sources=sources or design.sources, top=top)))
    except SimError:
        return None
    return replace(found, design=replace(found.design, root=record.root))


def _first_place(log: str, design: Design) -> Location | None:
    """The first error in the log that names a file of the user."""
    for found in parse_diagnostics(log):
        if found.severity == "error" and found.file is not None:
            file = design.root / found.file
            if file.is_file():
                return Location(file, found.line, found.column)
    return None
