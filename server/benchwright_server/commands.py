"""The commands of the server: what a client may ask to be done.

Each takes one object. Those that start a run answer at once with its id; how it goes on is told by
`benchwright/runChanged`. In an untrusted workspace nothing is run, and the commands say so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pygls.uris import to_fs_path

from benchwright_server import waiving
from benchwright_server.app import BenchwrightServer
from benchwright_server.arguments import Arguments, CommandError, read_arguments
from benchwright_server.designs import SUFFIXES, Modules
from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.jobs.placing import check_place, planned
from benchwright_server.jobs.run import Run, RunKind
from benchwright_server.renaming import present_names
from benchwright_server.results.outline import outline
from benchwright_server.results.result import Result, file_in
from benchwright_server.results.view import BinView
from benchwright_sim.errors import SimError

Handler = Callable[[BenchwrightServer, Arguments], Awaitable[Any]]

_SIMULATE_S = 120.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A testbench that is asked for: of which design, where it goes, for which bins."""

    kind: RunKind
    path: Path
    spec: DesignSpec
    module: str | None
    place: Path
    bins: tuple[str, ...] = ()


def register(server: BenchwrightServer) -> None:
    """Registers the commands."""
    for name, handler in _COMMANDS.items():
        server.command(name)(_checked(name, handler))


def _checked(name: str, handler: Handler) -> Callable[..., Awaitable[Any]]:
    async def command(ls: BenchwrightServer, *given: Any) -> Any:
        try:
            return await handler(ls, read_arguments(name, given))
        except SimError as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise CommandError(f"{error.message}{hint}") from error

    return command


async def _generate(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path, spec, module = await _design(server, given)
    output = given.text("output")
    if output is not None:
        place = _beside(path, output)
        if place == path:
            raise CommandError("the testbench would replace its design; give another `output`")
    else:
        place = _planned(server, path, spec, module)
    return _start_writing(server, given, _Asked("generate", path, spec, module, place))


async def _cover(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path, spec, module = await _design(server, given)
    line, bins = given.line(), given.texts("bins")
    if not bins:
        bins = tuple(view.bin.id for view in _open_at(server, given, line))
    bins = present_names(server, path, bins)
    if not bins:
        raise CommandError("nothing that is known to be open stands there; measure coverage first")
    if module is None and spec.top is None:
        spec = _known_spec(server, path) or spec
    suffix = "_bins" if line is None else f"_l{line + 1}"
    place = _planned(server, path, spec, module, suffix)
    return _start_writing(server, given, _Asked("cover", path, spec, module, place, bins))


async def _close_rest(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path, spec, module = await _design(server, given)
    if module is None and spec.top is None:
        spec = _known_spec(server, path) or spec
    result = _result(server, path, spec)
    bins: tuple[str, ...] = ()
    if result is not None:
        bins = tuple(bin_.id for bin_ in result.record.verdicts.open)
        if not bins:
            raise CommandError("nothing is left: every bin is covered, unreachable or waived")
        bins = present_names(server, path, bins)
        if not bins:
            raise CommandError("no line that was left is as it was measured; measure it again")
    place = _planned(server, path, spec, module, "_rest")
    return _start_writing(server, given, _Asked("rest", path, spec, module, place, bins))


async def _simulate(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path = _path(server, given)
    spec = await server.designs.of_testbench(path)
    request = {"testbench": str(path), "source": str(path), "timeout_s": _SIMULATE_S}
    return _start(server, given, Run("simulate", given.given("uri"), spec, request=request))


async def _explain(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path, spec, _ = await _design(server, given)
    line, bin_ = given.line(), given.text("bin")
    if line is None and bin_ is None:
        raise CommandError("benchwright.explain needs `line` or `bin`")
    result = _result(server, path, spec) or server.store.result_of(path)
    request: dict[str, Any] = {"file": str(path), "line": None, "bins": [bin_] if bin_ else []}
    if line is not None and bin_ is None:
        request["bins"] = [view.bin.id for view in _open_at(server, given, line)]
        request["line"] = line + 1
    if result is not None:
        spec = result.spec
        benches = [part.source for part in result.parts if part.source.suffix in SUFFIXES]
        request["testbench"] = str(benches[-1]) if benches else None
        present = list(present_names(server, path, request["bins"]))
        if present == request["bins"]:
            request["result"] = result
        elif not present and line is None:
            raise CommandError("the line has changed since it was measured; measure it again")
        request["bins"] = present
    return _start(server, given, Run("explain", given.given("uri"), spec, request=request))


async def _waive(server: BenchwrightServer, given: Arguments) -> dict[str, Any]:
    path = _path(server, given)
    bins = given.texts("bins")
    if not bins:
        bins = tuple(view.bin.id for view in _open_at(server, given, given.line()))
    bins = present_names(server, path, bins)
    if not bins:
        raise CommandError("nothing that is known to be open stands there")
    spec = _known_spec(server, path) or await server.designs.spec(path)
    applied = await waiving.waive(
        server,
        waiving.waiver_file(server, path, spec.waivers),
        bins,
        reason=(given.text("reason") or "").strip(),
        author=(given.text("author") or "").strip(),
    )
    await server.refresh()
    return {"applied": applied}


async def _import(server: BenchwrightServer, given: Arguments) -> dict[str, str]:
    path, spec, _ = await _design(server, given)
    files = [str(_beside(path, text)) for text in given.texts("files")]
    if not files:
        raise CommandError("benchwright.importCoverage needs `files`: coverage.dat files")
    known = server.store.result_of(path)
    spec = known.spec if known is not None and spec.top is None else spec
    request = {"files": files, "source": files[0]}
    return _start(server, given, Run("import", given.given("uri"), spec, request=request))


async def _cancel(server: BenchwrightServer, given: Arguments) -> dict[str, Any]:
    run = _run(server, given)
    if job := server.jobs.get(run.id):
        job.cancel()
    else:
        server.runs.cancel(run)
    return run.to_json()


async def _finish(server: BenchwrightServer, given: Arguments) -> dict[str, Any]:
    run = _run(server, given)
    if job := server.jobs.get(run.id):
        await job.finish()
    return run.to_json()


async def _runs(server: BenchwrightServer, _: Arguments) -> list[dict[str, Any]]:
    return [run.to_json() for run in server.runs.all()]


async def _clear(server: BenchwrightServer, given: Arguments) -> None:
    uri = given.text("uri")
    if uri is None:
        server.store.clear()
    else:
        path = _path(server, given)
        holding = (e for e in server.store.entries() if file_in(path, e.root, e.names, e.spec))
        server.store.clear([entry.key for entry in holding])
    await server.refresh()


async def _tops(server: BenchwrightServer, given: Arguments) -> dict[str, Any]:
    path = _path(server, given)
    spec = await server.designs.found(path)
    if server.trusted and server.designs.modules(spec) is None:
        await server.checks.now(path)
    known = server.designs.modules(spec) or _modules_in(server.documents.text(given.given("uri")))
    chosen = server.designs.chosen(spec) or spec.top
    return {"tops": list(known.tops), "modules": list(known.modules), "chosen": chosen}


async def _select_top(server: BenchwrightServer, given: Arguments) -> dict[str, Any]:
    path = _path(server, given)
    spec = await server.designs.found(path)
    top = given.text("top")
    known = server.designs.modules(spec)
    if top and known and known.modules and top not in known.modules:
        raise CommandError(f"there is no module {top!r}; there are {', '.join(known.modules)}")
    server.designs.choose(spec, top)
    server.checks.schedule(path, 0)
    await server.refresh()
    return {"chosen": top or spec.top}


def _modules_in(text: str | None) -> Modules:
    """Modules of a text alone, where nothing may be run or it does not parse."""
    names = tuple(unit.name for unit in outline(text or "") if unit.kind == "module")
    return Modules(names, names)


def _beside(path: Path, text: str) -> Path:
    """A file that a client names by URI or path; a relative one is beside the document."""
    return path.parent / (to_fs_path(text) or text if text.startswith("file:") else text)


def _path(server: BenchwrightServer, given: Arguments) -> Path:
    path = server.documents.path(given.given("uri"))
    if path is None:
        raise CommandError("the document is no file yet; save it first")
    if path.is_dir():
        raise CommandError(f"{path} is a folder; name a source file")
    return path


async def _design(
    server: BenchwrightServer, given: Arguments
) -> tuple[Path, DesignSpec, str | None]:
    """The file that a command speaks of, its design, and the module that is asked for."""
    path = _path(server, given)
    if not server.trusted:
        raise CommandError("the workspace is not trusted: nothing is run until you trust it")
    module = given.text("module")
    units = outline(server.documents.text(given.given("uri")) or "")
    if any(unit.is_testbench and module in {None, unit.name} for unit in units):
        return path, await server.designs.of_testbench(path), module
    spec = await server.designs.spec(path)
    return path, spec if module is None else spec.with_top(module), module


def _open_at(server: BenchwrightServer, given: Arguments, line: int | None) -> list[BinView]:
    """Open bins that stand on a line, or count it."""
    view = server.view(given.given("uri"))
    known = view.lines.get(line) if view is not None and line is not None else None
    if known is None:
        return []
    return [found for found in (*known.bins, *known.blocks) if found.open]


def _known_spec(server: BenchwrightServer, path: Path) -> DesignSpec | None:
    """The design that the last result of a file is of."""
    result = server.store.result_of(path)
    return None if result is None else result.spec


def _result(server: BenchwrightServer, path: Path, spec: DesignSpec) -> Result | None:
    """What is known of a design; where its top is yet to be found, of the file's last one."""
    found = server.store.get(spec.key)
    if found is None and spec.top is None:
        found = server.store.result_of(path)
    return found


def _planned(
    server: BenchwrightServer, path: Path, spec: DesignSpec, module: str | None, suffix: str = ""
) -> Path:
    top = server.designs.top(spec, path, module)
    return planned(path, server.settings_for(path).output, top, suffix)


def _start_writing(server: BenchwrightServer, given: Arguments, asked: _Asked) -> dict[str, str]:
    check_place(asked.place)
    settings = server.settings_for(asked.path)
    request = {
        "cover": list(asked.bins) or None,
        "program": None,
        "budget_s": given.seconds("budget") or settings.budget_s,
        "model_budget_s": settings.model_budget_s,
        "seed": settings.seed,
        "policy": "default",
        "use_model": settings.use_model and settings.model_budget_s > 0,
        "output": str(asked.place),
    }
    output = asked.place.as_uri()
    run = Run(asked.kind, given.given("uri"), asked.spec, asked.module, request, output=output)
    return _start(server, given, run)


def _start(server: BenchwrightServer, given: Arguments, run: Run) -> dict[str, str]:
    if not server.trusted:
        raise CommandError("the workspace is not trusted: nothing is run until you trust it")
    run.name = _path(server, given).name
    server.runs.submit(run)
    return {"runId": run.id}


def _run(server: BenchwrightServer, given: Arguments) -> Run:
    """The run that is named, else the one that goes on."""
    name = given.text("runId")
    active = [run for run in server.runs.active() if run.state == "running"]
    run = server.runs.get(name) if name else next(iter(active), None)
    if run is None:
        raise CommandError(f"there is no run {name}" if name else "no run goes on")
    return run


_COMMANDS: dict[str, Handler] = {
    "benchwright.generate": _generate,
    "benchwright.cover": _cover,
    "benchwright.closeRest": _close_rest,
    "benchwright.simulate": _simulate,
    "benchwright.explain": _explain,
    "benchwright.waive": _waive,
    "benchwright.importCoverage": _import,
    "benchwright.cancel": _cancel,
    "benchwright.finish": _finish,
    "benchwright.runs": _runs,
    "benchwright.clear": _clear,
    "benchwright.tops": _tops,
    "benchwright.selectTop": _select_top,
}
