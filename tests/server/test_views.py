"""A running job is drawn over what was known, and views are remembered until something changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from benchwright_server.results.judged import SEEN
from benchwright_server.results.provisional import Provisional
from benchwright_server.results.result import Result
from benchwright_server.results.store import Store
from benchwright_server.results.view import file_view
from benchwright_server.results.views import Views
from tests.server.viewed import BODY, DESIGN, all_bins, event, simulated, view_of, with_bins


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return simulated(tmp_path_factory.mktemp("design"), DESIGN)


def test_a_running_job_is_drawn_over_what_was_known(result: Result) -> None:
    bins = list(result.coverage)
    new = next(n for n, b in enumerate(bins) if b.name == "if" and not result.coverage[b])
    job = Provisional()
    job.update(event(result, covered=[]))
    job.update({"event": "snapshot", "covered": [new]})
    view = view_of(result, provisional=job)
    judged = {b.bin: b for b in all_bins(view)}
    assert view.provisional
    assert not view.stale
    assert (judged[bins[new]].count, judged[bins[new]].verdict) == (1, SEEN)
    kept = [b for b in bins if result.coverage[b] and b in judged]
    assert all(judged[b].count == result.coverage[b] for b in kept)


def test_a_running_job_of_another_text_stands_alone(result: Result) -> None:
    text = "// first\n" + DESIGN
    job = Provisional({result.root / "top.sv": text})
    moved = [replace(b, line=b.line + 1) if b.file == "top.sv" else b for b in result.coverage]
    job.update(event(replace(result, parts=(with_bins(result.parts[0], moved),)), covered=[0]))
    view = view_of(result, text, provisional=job)
    assert not view.stale
    assert sum(b.count for b in all_bins(view)) == 1


def test_a_running_job_adds_files_that_were_not_known(result: Result) -> None:
    bins = [b for b in result.coverage if b.module == "top"]
    known = replace(result, parts=(with_bins(result.parts[0], bins),))
    more = replace(bins[0], file="body.svh", line=3)
    job = Provisional()
    job.update(
        event(replace(known, parts=(with_bins(known.parts[0], [*bins, more]),)), covered=[0])
    )
    view = file_view(result.root / "body.svh", BODY, known, job)
    assert [(b.bin, b.line, b.count) for b in all_bins(view)] == [(more, 2, 1)]


def test_views_are_remembered_until_something_changes(result: Result, tmp_path: Path) -> None:
    buffers: dict[Path, str] = {}
    store = Store(tmp_path)
    views = Views(store, buffers.get)
    path = result.root / "top.sv"
    waivers = tmp_path / "waivers.toml"
    assert views.view_of(path, DESIGN, 1).result is None
    store.put(replace(result, spec=replace(result.spec, waivers=(waivers,))))
    first = views.view_of(path, DESIGN, 1)
    assert first.result is not None
    assert views.view_of(path, DESIGN, 1) is first
    assert views.view_of(path, DESIGN + "\n", 1).stale  # the same version of another opening
    buffers[waivers] = '[[waiver]]\nbins = "*"\nreason = "r"\nauthor = "a"\n'
    assert views.view_of(path, DESIGN, 2).modules[0].open == 0
    buffers[waivers] = "[[waiver]"
    assert views.view_of(path, DESIGN, 2).modules[0].open == 0
    assert list(views.waivers.problems) == [waivers]
    del buffers[waivers]
    assert views.view_of(path, DESIGN, 2).modules[0].open == first.modules[0].open
    assert not views.waivers.problems
    job = Provisional()
    job.update(event(result, covered=list(range(len(result.coverage)))))
    views.begin("the same design under another top", job)
    assert views.view_of(path, DESIGN, 2).provisional
    assert views.view_of(path, DESIGN, 2).modules[0].open == 0
    views.end("the same design under another top")
    assert not views.view_of(path, DESIGN, 2).provisional
    store.close()


def test_what_was_known_is_shown_until_the_next_is_ready(result: Result, tmp_path: Path) -> None:
    async def session() -> None:
        store, path = Store(tmp_path / "data"), result.root / "top.sv"
        views = Views(store)
        store.put(result)
        before = views.view_of(path, DESIGN)
        store.put(replace(result, stamp=result.stamp + 1))
        preparing = asyncio.ensure_future(views.prepare([path]))
        await asyncio.sleep(0)
        assert views.view_of(path, DESIGN) is before
        assert views.view_of(path, f"\n{DESIGN}").stale
        assert await preparing
        assert views.view_of(path, DESIGN).result is store.result_of(path) is not before.result
        assert not await views.prepare([path])
        store.close()

    asyncio.run(session())
