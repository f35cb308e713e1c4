"""`explain`: why bins are open, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchwright_agent.explain.asked import Asked, read_asked
from benchwright_agent.explain.inquiry import Answer, explain_run, explain_static
from benchwright_agent.record import Record, read_record
from benchwright_server.child.design import load
from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.markdown import answer_to_markdown
from benchwright_server.child.request import Request
from benchwright_sim.design import Design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.errors import ParameterError

_TIMEOUT_S = 30.0
_MAX_ASKED = 8


def explain(request: Request, stream: EventStream) -> None:
    """Runs the job.

    Raises:
        SimError: the sources cannot be read, nothing of the design is asked about, or a tool fails.
    """
    stream.send("phase", name="elaborate")
    design = load(request)
    record_file = request.path("record")
    record = read_record(record_file) if record_file is not None else None
    testbench = request.path("testbench") or _recorded_bench(record)
    stream.send("phase", name="explain")
    answers = [_answer(asked, design, testbench, record) for asked in _asked(request)]
    warnings = dict.fromkeys(warning for answer in answers for warning in answer.warnings)
    stream.done(
        markdown="\n\n".join(map(answer_to_markdown, answers)),
        guards={},
        warnings=warnings,
    )


def _asked(request: Request) -> Iterator[Asked]:
    """What is asked about: bins, else a line; bins of one line are asked for together."""
    bins = request.texts("bins") or ()
    file, line = request.path("file"), int(request.number("line", 0))
    if bins:
        yield from map(read_asked, bins[:_MAX_ASKED])
    elif file is not None and line:
        yield Asked(f"{file}:{line}", file, line)
    else:
        raise ParameterError("the request names neither bins nor a line")


def _answer(asked: Asked, design: Design, testbench: Path | None, record: Record | None) -> Answer:
    """With what a run sees, where there is a testbench; else from the source alone."""
    if testbench is not None and testbench.is_file():
        return explain_run(
            asked, design, testbench, bench_top=None, timeout_s=_TIMEOUT_S, record=record
        )
    answer = explain_static(
        asked, elaborate(design), verdicts=record.verdicts if record is not None else None
    )
    if testbench is None:
        return answer
    gone = f"there are no values: the testbench {testbench} is gone"
    return replace(answer, warnings=(gone, *answer.warnings))


def _recorded_bench(record: Record | None) -> Path | None:
    """The testbench of a saved run that can be run again for values."""
    benches = record.testbenches if record is not None else ()
    return next((file for file in benches if file.suffix.lower() in (".sv", ".v")), None)
