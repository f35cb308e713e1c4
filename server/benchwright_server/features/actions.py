"""Code actions: a testbench for a module, and what can be done about a bin that is open.

Kinds are chosen by what editors show unasked. On a module's header the kind is `refactor.rewrite`:
VS Code lists it behind the light bulb and neovim in its menu, and eglot has a command for it.
Elsewhere in a module it is a `source` action, which VS Code keeps out of the light bulb, so that
the menu of each line stays short. What is about a bin is a `quickfix`, with our diagnostics that it
answers, and without any as well: a client may have them switched off (LSP 3.17, `CodeActionKind`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lsprotocol import types as lsp

from benchwright_server.features.diagnostics import SOURCE
from benchwright_server.features.page import Page, named
from benchwright_server.results.view import BinView, ModuleView
from benchwright_sim.bins import Kind

GENERATE_KIND = "source.benchwright.generate"
MEASURE_KIND = "source.benchwright.measure"
REST_KIND = "source.benchwright.closeRest"

KINDS = (
    lsp.CodeActionKind.QuickFix,
    lsp.CodeActionKind.RefactorRewrite,
    GENERATE_KIND,
    MEASURE_KIND,
    REST_KIND,
)
"""What the server tells clients that it offers."""


def actions(page: Page, asked: lsp.Range, context: lsp.CodeActionContext) -> list[lsp.CodeAction]:
    """What can be done at a range, of the kinds that the client asks for."""
    offered = [*_on_bins(page, asked, context), *_on_module(page, asked, context.only)]
    return [action for action in offered if _wanted(action.kind or "", context.only)]


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client that asks for some kinds, each with all below it, gets this one."""
    if not only:
        return True
    # `str.startswith` reads the value of an enumeration's member; `str()` would give its name.
    return any(kind == asked or not asked or kind.startswith(asked + ".") for asked in only)


def _on_bins(
    page: Page, asked: lsp.Range, context: lsp.CodeActionContext
) -> Iterator[lsp.CodeAction]:
    bins = open_bins(page, asked)
    if not bins:
        return
    place = {"uri": page.uri, "line": bins[0].line}
    one = {"bin": bins[0].bin.id} if len(bins) == 1 else {}
    ours = [item for item in context.diagnostics if item.source == SOURCE and item.data]
    for title, command, argument in (
        ("Cover this", "benchwright.cover", {**place, **named(bins)}),
        ("Explain why it is uncovered", "benchwright.explain", {**place, **one}),
        ("Waive with a reason", "benchwright.waive", {**place, **named(bins)}),
    ):
        if page.trusted or command == "benchwright.waive":
            fix = _action(title, lsp.CodeActionKind.QuickFix, command, argument)
            fix.diagnostics = ours or None
            yield fix


def open_bins(page: Page, asked: lsp.Range) -> list[BinView]:
    """The open bins of the lines of a range; toggles only where nothing else is open."""
    lines = range(asked.start.line, min(asked.end.line, len(page.text.lines)) + 1)
    known = (page.view.lines[line] for line in lines if line in page.view.lines)
    found = {
        view.bin: view
        for line in known
        for view in (*line.bins, *(line.blocks if line.dead else ()))
        if view.open
    }
    code = [view for view in found.values() if view.bin.kind is not Kind.TOGGLE]
    return code or list(found.values())


def _on_module(
    page: Page, asked: lsp.Range, only: Sequence[str] | None
) -> Iterator[lsp.CodeAction]:
    module = module_at(page, asked.start.line)
    if module is None or not page.trusted:
        return
    header = module.line == asked.start.line
    for title, kind, command, argument in _of_module(page, module):
        rewrite = lsp.CodeActionKind.RefactorRewrite
        if header and _wanted(rewrite, only):
            yield _action(title, rewrite, command, argument)
        elif header or kind != REST_KIND:
            yield _action(title, kind, command, argument)


def _of_module(page: Page, module: ModuleView) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    here = {"uri": page.uri}
    if module.outline.is_testbench:
        yield "Measure coverage of this testbench", MEASURE_KIND, "benchwright.simulate", here
        for name in module.outline.instantiates:
            if page.rest.get(name):
                yield _rest(page, name)
    elif module.outline.kind == "module":
        argument = {**here, "module": module.name}
        yield "Generate coverage testbench", GENERATE_KIND, "benchwright.generate", argument
        if module.open:
            yield _rest(page, module.name)


def _rest(page: Page, name: str) -> tuple[str, str, str, dict[str, Any]]:
    argument = {"uri": page.uri, "module": name}
    return f"Close the rest of {name}", REST_KIND, "benchwright.closeRest", argument


def module_at(page: Page, line: int) -> ModuleView | None:
    """The design unit that a line stands in."""
    return next((m for m in page.view.modules if m.line <= line <= m.outline.end_line), None)


def _action(title: str, kind: str, command: str, argument: dict[str, Any]) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=title,
        kind=kind,
        command=lsp.Command(title=title, command=command, arguments=[argument]),
    )
