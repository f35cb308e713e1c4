"""What becomes of a run that came to its end: its testbench is placed, its coverage is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from benchwright_server.documents import sha_of
from benchwright_server.jobs.placing import place
from benchwright_server.jobs.run import WRITING, Run
from benchwright_server.results.result import Part, PartKind, Result
from benchwright_sim.errors import SimError

if TYPE_CHECKING:
    from benchwright_agent.record import Record
    from benchwright_server.app import BenchwrightServer


async def keep(server: BenchwrightServer, run: Run, event: Mapping[str, Any]) -> None:
    """Takes in a `done` event.

    Raises:
        SimError: the testbench or the result cannot be written.
        KeyError, TypeError, ValueError: the event is none.
    """
    run.warnings = tuple(str(text) for text in event["warnings"])
    run.markdown = event["markdown"] or ""
    for text in run.warnings:
        server.log(text, lsp.MessageType.Warning)
    if run.kind == "explain" or event["record"] is None:
        return
    record = await asyncio.to_thread(_read, event["record"])
    part = await _part(server, run, record, event["testbench_text"])
    if part is None:
        run.state, run.message = "cancelled", "the testbench was not kept"
        return
    run.overall = event["record"].get("overall_average")
    run.bins_left = event["record"].get("verdicts", {}).get("unknown", run.bins_left)
    await _store(server, run, part, event)


def _read(data: Mapping[str, Any]) -> Record:
    from benchwright_agent.record import from_json  # noqa: PLC0415 - loaded by the first result

    return from_json(data)


async def _part(
    server: BenchwrightServer, run: Run, record: Record, text: str | None
) -> Part | None:
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    if run.kind not in WRITING:
        kind: PartKind = "imported" if run.kind == "import" else "testbench"
        return Part(Path(run.request["source"]), kind, record, finished)
    if text is None:
        raise SimError("the run wrote no testbench", hint="see the log")
    wanted = Path(run.request["output"])
    written = {
        sha
        for entry in server.store.entries()
        for source, sha in entry.sources
        if source == wanted and sha
    }
    path = await place(server, wanted, text, written)
    if path is None:
        return None
    run.output = path.as_uri()
    await _show(server, path)
    record = replace(record, testbenches=(path,))
    return Part(path, "generated", record, finished, sha_of(text))


async def _show(server: BenchwrightServer, path: Path) -> None:
    """Opens a testbench beside what the user looks at, where client and settings allow it."""
    window = server.client_capabilities.window
    able = window and window.show_document and window.show_document.support
    if able and server.settings_for(path).open_testbench:
        # Not waited for: a client may answer only once the user has looked.
        server.window_show_document(lsp.ShowDocumentParams(uri=path.as_uri(), take_focus=False))


async def _store(server: BenchwrightServer, run: Run, part: Part, event: Mapping[str, Any]) -> None:
    """Adds a run to what is known of its design, under the top that it turned out to have."""
    design = part.record.design
    spec = run.spec
    if design is not None:
        spec = replace(spec, top=design.top.split(", ")[0])
    texts, guards = event["texts"], event["guards"]
    root = design.root if design is not None else run.spec.folder
    while True:
        known = server.store.get(spec.key)
        base = known if known is not None and known.root == root else None
        base = base or Result(key=spec.key, spec=spec, root=root, texts=texts)
        result = base.with_part(part, texts, guards)
        await asyncio.to_thread(result.prepare)
        now = server.store.get(spec.key)
        if (now and now.stamp) == (known and known.stamp):  # no other run has added to it meanwhile
            server.store.put(result)
            return
