"""Code lenses: above a module how much of it is covered, and what can be done about the rest.

A lens that only tells has an empty command, which VS Code draws as text. While a run works on a
module, its state and the ways to end it stand first, where a narrow window shows them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lsprotocol import types as lsp

from benchwright_server.features.page import Page
from benchwright_server.features.wording import counted, share
from benchwright_server.jobs.run import WRITING, Run, RunKind
from benchwright_server.results.view import ModuleView
from benchwright_sim.coverage import Tally, overall_average, percent

_DOING: Mapping[RunKind, str] = {
    "generate": "Generating",
    "cover": "Covering",
    "rest": "Closing the rest",
    "simulate": "Measuring",
    "explain": "Explaining",
    "import": "Importing coverage",
}


def lenses(page: Page) -> list[lsp.CodeLens]:
    """The lenses of a file, in the order that a line shows them."""
    if not page.settings.lenses:
        return []
    return [
        lsp.CodeLens(range=_name_range(page, module), command=command)
        for module in page.view.modules
        for command in _commands(page, module)
    ]


def _commands(page: Page, module: ModuleView) -> list[lsp.Command]:
    known = list(_known(page, module))
    if runs := [run for run in page.runs if _works_on(run, page, module)]:
        return [*(command for run in runs for command in _live(run)), *known]
    return [*known, *_offered(page, module)]


def _name_range(page: Page, module: ModuleView) -> lsp.Range:
    start = page.text.position(module.line, module.character)
    return lsp.Range(start, page.text.position(module.line, module.character + len(module.name)))


def _known(page: Page, module: ModuleView) -> Iterator[lsp.Command]:
    if not module.tallies:
        return
    mark = "~" if page.view.provisional else ""
    stale = "stale · " if page.view.stale else ""
    metrics = " · ".join(f"{name} {percent(tally)}" for name, tally in module.tallies.items())
    average = "" if module.overall is None else f" {mark}{percent(module.overall)} %"
    yield _text(f"{stale}{module.name}:{average}  {metrics}")
    if module.closure.covered < module.closure.total:
        left = f", {module.open:,} open" if module.open else ""
        yield _text(f"closure {mark}{share(module.closure)}{left}")


def _offered(page: Page, module: ModuleView) -> Iterator[lsp.Command]:
    if not page.trusted:
        return
    if module.outline.is_testbench:
        yield _command(
            "Measure coverage of this testbench", "benchwright.simulate", {"uri": page.uri}
        )
    elif module.outline.kind == "module":
        place = {"uri": page.uri, "module": module.name}
        yield _command("Generate coverage testbench", "benchwright.generate", place)
        if module.open:
            yield _command("Close the rest", "benchwright.closeRest", place)


def _works_on(run: Run, page: Page, module: ModuleView) -> bool:
    """Whether a run of this file is about a module; the first one where it does not say."""
    if run.uri != page.uri or run.ended:
        return False
    named = run.module or run.spec.top
    known = {unit.name for unit in page.view.modules}
    return module.name == named if named in known else module is page.view.modules[0]


def _live(run: Run) -> Iterator[lsp.Command]:
    doing = _DOING[run.kind]
    if run.state == "queued":
        yield _text(f"{doing}: queued")
    else:
        tallies = {metric: Tally(*pair) for metric, pair in run.tallies.items()}
        average = overall_average(tallies)
        facts = (
            run.phase,
            f"{percent(average)} %" if average is not None else "",
            f"{counted(run.bins_left, 'bin')} left" if run.bins_left is not None else "",
        )
        told = ", ".join(filter(None, facts))
        yield _text(f"{doing}: {told}" if told else f"{doing} …")
    if run.state == "running" and run.kind in WRITING:
        yield _command("Stop and keep the best", "benchwright.finish", {"runId": run.id})
    yield _command("Cancel", "benchwright.cancel", {"runId": run.id})


def _text(title: str) -> lsp.Command:
    return lsp.Command(title=title, command="")


def _command(title: str, command: str, argument: Mapping[str, Any]) -> lsp.Command:
    return lsp.Command(title=title, command=command, arguments=[argument])
