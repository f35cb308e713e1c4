"""A session with everything at once, and what its answers must be like: for soak tests.

An answer is right where it stands: what is said of a line may be said only of a line that some run
may have read, and bins name the line that they had then. Every comment that the typist writes has a
number of its own, so that a line that was changed since is like no other.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.server.editor import Editor, plain
from tests.server.typist import Sheet, Typist, lines_of, units

EDITS_PER_RUN = 150

_EARLY = {"", "elaborate", "build"}
_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"hints": {"toggles": True}},
    {"hints": {"covered": False}, "fade": False},
    {"parallelRuns": 2, "keepOnCancel": True},
    {"diagnostics": "onSave"},
    {"budget": "soon", "unheard": 1},
)


class Ran:
    """Every text that a run may have read, and so may be drawn on."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._asking = 0
        self.lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.whole: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def wrote(self, sheet: Sheet, text: str) -> None:
        """A text has changed; it counts while a run may still read it."""
        if self._asking or self._reading():
            self.add(sheet.path.name, text)

    def add(self, name: str, text: str) -> None:
        """A run may read this text of a file."""
        self.whole[name].add(tuple(lines_of(text)))
        for number, line in enumerate(text.split("\n")):
            self.lines[name][number].add(line.removesuffix("\r"))

    def holds(self, name: str, line: str) -> bool:
        """Whether a run may have read such a line."""
        return any(line in texts for texts in self.lines[name].values())

    async def asked(self, sheets: list[Sheet], ask: Awaitable[Any]) -> Any:
        """Asks for a run of the present texts."""
        self._asking += 1
        for sheet in sheets:
            self.add(sheet.path.name, sheet.text)
            if sheet.path.exists():
                self.add(sheet.path.name, sheet.path.read_bytes().decode("utf-8", "replace"))
        try:
            return await ask
        finally:
            self._asking -= 1

    def _reading(self) -> bool:
        last = {run["id"]: run for run in self._editor.runs}
        return any(
            run["state"] == "queued" or (run["state"] == "running" and run["phase"] in _EARLY)
            for run in last.values()
        )


class Soak:
    """The session: what is done in it, and what is found wrong."""

    def __init__(self, editor: Editor, workspace: Path, random: Random) -> None:
        self.editor = editor
        self.random = random
        self.ran = Ran(editor)
        self.wrong: list[str] = []
        self.done: Counter[str] = Counter()
        self._asked: list[tuple[asyncio.Future[Any], Callable[[Any], None]]] = []
        editor.protocol.fm.features.pop(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self._published(params)  # pygls marks what it is given, and a method cannot be marked

        editor.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)
        files = sorted(workspace.glob("*/*.sv"))
        self.typist = Typist(editor, files, random, self.ran.wrote)

    # What is done

    async def edits(self, number: int) -> None:
        """So many edits, with all else between them."""
        for count in range(number):
            await self._elsewhere()
            sheets = [sheet for sheet in self.typist.sheets if sheet.opened]
            if sheets:
                self.typist.edit(self.random.choice(sheets))
            if count % EDITS_PER_RUN == EDITS_PER_RUN // 2:
                await self._run()
            for _ in range(self.random.randrange(3)):
                self._ask(self.random.choice(self.typist.sheets))
            if self.random.random() < 0.3:
                await self._answers()
            active = any(run["state"] == "running" for run in self.editor.runs[-1:])
            await asyncio.sleep(self.random.choice((0, 0.01, 0.05)) if active else 0)
        await self._answers()

    async def rest(self) -> None:
        """Waits until nothing goes on."""
        for run in {run["id"] for run in self.editor.runs}:
            await self.editor.ended(run)

    async def measure(self, sheet: Sheet) -> dict[str, Any]:
        """Measures a design, to its end."""
        ask = self.editor.started("generate", uri=sheet.uri, budget=1)
        run = await self.ran.asked(self.typist.sheets, ask)
        return await self.editor.ended(run)

    async def _elsewhere(self) -> None:
        sheet = self.random.choice(self.typist.sheets)
        chance = self.random.random()
        if not sheet.opened and chance < 0.5:
            self.typist.open(sheet)
        elif chance < 0.03:
            self.typist.save(sheet)
        elif chance < 0.05 and sheet.opened:
            self.typist.close(sheet)
        elif chance < 0.07:
            self.typist.rename(sheet)
        elif chance < 0.08:
            self.typist.delete(sheet)
        elif chance < 0.09:
            self.typist.write(sheet)
        elif chance < 0.11:
            self._configure()
        else:
            return
        self.done["files and settings"] += 1

    def _configure(self) -> None:
        self.editor.set_configuration(
            {"benchwright": {"useModel": False, **self.random.choice(_SETTINGS)}}
        )
        self.editor.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(None))

    async def _run(self) -> None:
        """Asks for a run, and perhaps ends it early; mostly of files that are right."""
        if self.random.random() < 0.8:
            self.typist.settle()
        sheet = self.random.choice(self.typist.sheets)
        place = {"uri": sheet.uri, "line": self.random.randrange(len(lines_of(sheet.text)))}
        bench = next(sheet.path.parent.glob("tb_*.sv"), sheet.path)
        asks: dict[str, dict[str, Any]] = {
            "generate": {"uri": sheet.uri, "budget": 1},
            "cover": {**place, "budget": 1},
            "closeRest": {"uri": sheet.uri, "budget": 1},
            "simulate": {"uri": bench.as_uri()},
            "explain": place,
            "clear": {"uri": sheet.uri},
            "tops": {"uri": sheet.uri},
        }
        weights = (6, 3, 2, 4, 1, 1, 1)
        name = self.random.choices(list(asks), weights)[0]
        self.done[name] += 1
        with suppress(JsonRpcException):  # there may be nothing to cover, or to explain
            ask = self.editor.command(name, **asks[name])
            answer = plain(await self.ran.asked(self.typist.sheets, ask))
            if answer and "runId" in answer and self.random.random() < 0.4:
                asyncio.get_running_loop().call_later(
                    self.random.uniform(0, 3), self._end, answer["runId"]
                )

    def _end(self, run: str) -> None:
        """Ends a run that may have ended."""
        how = self.random.choice(("cancel", "finish", "progress"))
        self.done[how] += 1
        if how == "progress":
            self.editor.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(run))
        else:
            params = lsp.ExecuteCommandParams(f"benchwright.{how}", [{"runId": run}])
            self.editor.workspace_execute_command(params)

    # What is asked

    def _ask(self, sheet: Sheet) -> None:
        """Sends a request; its answer is for the text of now, though typing goes on."""
        ask = self.random.choice(
            (self._hints, self._lenses, self._hover, self._actions, self._file, self._all)
        )
        self.done[ask.__name__] += 1
        if sheet.opened or ask in (self._file, self._all):
            ask(sheet)

    def _hints(self, sheet: Sheet) -> None:
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(len(lines_of(sheet.text)), 0))
        asked = self.editor.text_document_inlay_hint(lsp.InlayHintParams(sheet.identifier, whole))
        name, lines = sheet.path.name, lines_of(sheet.text)

        def check(hints: list[lsp.InlayHint] | None) -> None:
            for hint in hints or ():
                place = hint.position
                self._stands(name, lines, place.line, f"hint {hint.label}")
                if place.character != units(lines[place.line].rstrip()):
                    self.wrong.append(f"{name}: hint {hint.label} at {place}")

        self._later(asked, check)

    def _lenses(self, sheet: Sheet) -> None:
        asked = self.editor.text_document_code_lens(lsp.CodeLensParams(sheet.identifier))
        lines = lines_of(sheet.text)

        def check(lenses: list[lsp.CodeLens] | None) -> None:
            for lens in lenses or ():
                text = _slice(lines, lens.range)
                if not re.fullmatch(r"\\?\S+", text):
                    self.wrong.append(f"{sheet.path.name}: a lens over {text!r}")

        self._later(asked, check)

    def _hover(self, sheet: Sheet) -> None:
        lines, place = lines_of(sheet.text), self._somewhere(sheet)
        asked = self.editor.text_document_hover(lsp.HoverParams(sheet.identifier, place))

        def check(hover: lsp.Hover | None) -> None:
            if hover is not None:
                self._stands(sheet.path.name, lines, place.line, "hover")

        self._later(asked, check)

    def _actions(self, sheet: Sheet) -> None:
        name, lines, place = sheet.path.name, lines_of(sheet.text), self._somewhere(sheet)
        asked = self.editor.text_document_code_action(
            lsp.CodeActionParams(
                sheet.identifier, lsp.Range(place, place), lsp.CodeActionContext([])
            )
        )

        def check(actions: list[lsp.CodeAction] | None) -> None:
            for action in actions or ():
                if action.kind == lsp.CodeActionKind.QuickFix:
                    assert action.command is not None
                    given = plain((action.command.arguments or [{}])[0])
                    self._stands(name, lines, given["line"], action.title)

        self._later(asked, check)

    def _file(self, sheet: Sheet) -> None:
        name, text, opened = sheet.path.name, sheet.text, sheet.opened
        params = {"uri": sheet.uri, "toggles": True}
        asked = self.editor.protocol.send_request("benchwright/fileCoverage", params)

        def check(answer: Any) -> None:
            known = plain(answer) if opened else None
            if known is None:
                return
            lines = lines_of(text)
            for item in (*known["statements"], *known["declarations"]):
                self._stands(name, lines, item["line"], "coverage")
            was_run = tuple(lines) in self.ran.whole[name]
            if known["statements"] and not known["stale"] and not was_run:
                self.wrong.append(f"{name}: a text that was never run is not stale")

        self._later(asked, check)

    def _all(self, _: Sheet) -> None:
        asked = self.editor.protocol.send_request("benchwright/coverage", {})

        def check(answer: Any) -> None:
            for file in plain(answer)["files"]:
                for metric in ("statement", "branch", "declaration"):
                    assert 0 <= file[metric][0] <= file[metric][1]

        self._later(asked, check)

    def _somewhere(self, sheet: Sheet) -> lsp.Position:
        lines = lines_of(sheet.text)
        line = self.random.randrange(len(lines))
        return lsp.Position(line, self.random.randrange(units(lines[line]) + 1))

    def _later(self, asked: Any, check: Callable[[Any], None]) -> None:
        self._asked.append((asyncio.wrap_future(asked), check))

    async def _answers(self) -> None:
        asked, self._asked = self._asked, []
        for answer, check in asked:
            check(await asyncio.wait_for(answer, 30))

    # What is looked at

    def _published(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.editor.diagnostics[params.uri] = params.diagnostics
        sheet = next((sheet for sheet in self.typist.sheets if sheet.uri == params.uri), None)
        if sheet is None or params.version not in sheet.told:
            return
        self.done["diagnostics"] += len(params.diagnostics)
        lines = lines_of(sheet.told[params.version])
        for item in params.diagnostics:
            if item.range.end.line >= len(lines):
                self.wrong.append(f"{sheet.path.name}: {item} is outside of the document")
                continue
            _slice(lines, item.range)
            if item.data is not None:
                self._bins(sheet.path.name, lines, item)

    def _bins(self, name: str, lines: list[str], item: lsp.Diagnostic) -> None:
        """Bins name the line that they had in the text that was run: it reads the same now."""
        line = item.range.start.line
        self._stands(name, lines, line, item.message)
        if item.tags:
            return
        for bin_ in plain(item.data).get("bins", ()):
            found = re.search(rf"(?:^|:){re.escape(name)}:(\d+):", bin_)
            if found is None or lines[line] not in self.ran.lines[name][int(found[1]) - 1]:
                self.wrong.append(f"{name}: {bin_} on {lines[line]!r}")

    def _stands(self, name: str, lines: list[str], line: int, what: str) -> None:
        """Whether what is said of a line is said of one that was run."""
        if not 0 <= line < len(lines):
            self.wrong.append(f"{name}: {what} outside of the document, at {line}")
        elif not self.ran.holds(name, lines[line]):
            self.wrong.append(f"{name}: {what} on {lines[line]!r}, which was never run")


def _slice(lines: list[str], asked: lsp.Range) -> str:
    """The text of a range within a line; fails where it is none."""
    start, end = asked.start, asked.end
    assert (start.line, start.character) <= (end.line, end.character)
    data = [lines[place.line].encode("utf-16-le", "surrogatepass") for place in (start, end)]
    assert start.character * 2 <= len(data[0])
    assert end.character * 2 <= len(data[1])
    if start.line != end.line:
        return ""
    return data[0][start.character * 2 : end.character * 2].decode("utf-16-le", "surrogatepass")
