"""`check`: a design elaborated and no more, for the diagnostics of its sources.

Only errors are told. What slang warns of (signs, widths, time scales) keeps nothing from being
run; linters of the language tell it, and would tell it twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchwright_server.child.design import load
from benchwright_server.child.diagnostics import findings_to_json
from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.request import Request
from benchwright_sim.design import Design
from benchwright_sim.elaborate import parse_with_libraries
from benchwright_sim.frontend.compilation import compile_top
from benchwright_sim.frontend.diagnostics import Finding, RejectedError
from benchwright_sim.frontend.modules import find_modules, top_candidates
from benchwright_sim.frontend.parsing import parse

_MAX_TOPS = 8


def check(request: Request, stream: EventStream) -> None:
    """Runs the job; sources that slang rejects are a result, not a failure.

    Raises:
        SimError: a file is missing, or a setting is wrong.
    """
    stream.send("phase", name="elaborate")
    design = load(request)
    try:
        parsed = parse(design)
    except RejectedError as error:
        _send(stream, error.findings, design)
    else:
        modules = find_modules(parsed)
        tops = top_candidates(parsed, modules)
        stream.send("modules", tops=list(tops), modules=list(modules))
        module = request.text("module") or design.top
        chosen = (module,) if module in modules else tops[:_MAX_TOPS]
        found = [finding for top in chosen for finding in _findings(replace(design, top=top))]
        _send(stream, tuple(dict.fromkeys((*parsed.findings, *found))), design)
    stream.done()


def _findings(design: Design) -> Iterator[Finding]:
    """What slang says of one top."""
    try:
        parsed, top = parse_with_libraries(design)
        yield from compile_top(parsed, top).findings
    except RejectedError as error:
        yield from error.findings


def _send(stream: EventStream, findings: tuple[Finding, ...], design: Design) -> None:
    errors = [finding for finding in findings if finding.is_error]
    stream.send("diagnostics", items=findings_to_json(errors, design.overlay))
