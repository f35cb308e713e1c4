"""Which design a document belongs to, which modules it has, and which top the user chose."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchwright_server.discovery.design_spec import DesignSpec
from benchwright_server.problems import Problem
from benchwright_server.results.outline import ModuleOutline, outline
from benchwright_sim.errors import Location

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer

logger = logging.getLogger(__name__)

SUFFIXES = (".sv", ".v")


@dataclass(frozen=True, slots=True)
class Modules:
    """What a design's elaboration found.

    Attributes:
        tops: modules that nothing instantiates.
        modules: all modules.
    """

    tops: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


class Designs:
    """The designs of a session's documents."""

    def __init__(self, server: BenchwrightServer) -> None:
        self._server = server
        self._chosen: dict[str, str] = {}
        self._modules: dict[str, Modules] = {}
        self._told: set[str] = set()

    async def spec(self, path: Path, *, testbench: bool = False) -> DesignSpec:
        """The design that a file belongs to, with the top that the user chose for it.

        What is wrong with project files on the way is shown in them; wrong settings are logged.
        """
        from benchwright_server.discovery.discover import discover  # noqa: PLC0415 - loads much

        found = await asyncio.to_thread(
            discover,
            path,
            workspace=self._server.folder_of(path),
            settings=self._server.settings_for(path),
            testbench=testbench,
        )
        self._tell(path, found.warnings)
        chosen = self._chosen.get(found.spec.key)
        return found.spec if chosen is None else found.spec.with_top(chosen)

    async def of_testbench(self, path: Path) -> DesignSpec:
        """The design that a testbench drives: the one that it was written for or measured with,
        that of a project, or the file beside it that holds the module it instantiates.
        """
        for entry in self._server.store.entries():
            if any(source == path for source, _ in entry.sources):
                return entry.spec
        spec = await self.spec(path, testbench=True)
        if path not in spec.sources:
            return spec
        text = self._server.documents.text(path.as_uri()) or ""
        wanted = {name for module in outline(text) for name in module.instantiates}
        source = await asyncio.to_thread(_defining, path, wanted)
        return spec if source is None else await self.spec(source)

    def choose(self, spec: DesignSpec, top: str | None) -> None:
        """Remembers which top of a design the user wants; None for what the project says."""
        if top is None:
            self._chosen.pop(spec.key, None)
        else:
            self._chosen[spec.key] = top

    async def found(self, path: Path) -> DesignSpec:
        """The design of a file as the project says, whatever top was chosen."""
        chosen, self._chosen = self._chosen, {}
        try:
            return await self.spec(path)
        finally:
            self._chosen = chosen

    def chosen(self, spec: DesignSpec) -> str | None:
        """The top that was chosen of a design as the project says it."""
        return self._chosen.get(spec.key)

    def learn(self, spec: DesignSpec, modules: Modules) -> None:
        """Takes in what an elaboration found."""
        self._modules[sources_key(spec)] = modules

    def modules(self, spec: DesignSpec) -> Modules | None:
        """What the last elaboration of the sources found, None before there was one."""
        return self._modules.get(sources_key(spec))

    def top(self, spec: DesignSpec, path: Path, module: str | None = None) -> str:
        """The module that a run of a file will have on top, as far as can be told in advance."""
        if module or spec.top:
            return module or spec.top or ""
        known = self.modules(spec)
        if known and len(known.tops) == 1:
            return known.tops[0]
        units = outline(self._server.documents.text(path.as_uri()) or "")
        return _likely_top(units) or path.stem

    def _tell(self, path: Path, warnings: Iterable[tuple[Location, str]]) -> None:
        """Shows what is wrong with the project files that a file could belong to."""
        problems = []
        for location, message in warnings:
            if location.file.is_file():
                place = (location.file, location.line, location.column)
                problems.append(Problem(*place, None, "warning", f"passed over: {message}"))
            else:
                self._tell_once(f"{location}: {message}")
        changed = self._server.problems.replace(f"projects of {path}", problems)
        self._server.publish(self._server.documents.uri(file) for file in sorted(changed))

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._server.log(text)


def sources_key(spec: DesignSpec) -> str:
    """Names a design's sources, whichever module is on top."""
    return replace(spec, top=None, parameters=(), clocks=(), resets=()).key


def _likely_top(units: tuple[ModuleOutline, ...]) -> str:
    """The last module that no other one of the text instantiates and that is no testbench."""
    instantiated = {name for unit in units for name in unit.instantiates}
    candidates = [
        unit.name
        for unit in units
        if unit.kind == "module" and not unit.is_testbench and unit.name not in instantiated
    ]
    return candidates[-1] if candidates else ""


def _defining(testbench: Path, wanted: set[str]) -> Path | None:
    """A file of the testbench's folder that defines one of some modules."""
    named = [testbench.with_name(name + suffix) for name in sorted(wanted) for suffix in SUFFIXES]
    others = sorted(path for suffix in SUFFIXES for path in testbench.parent.glob(f"*{suffix}"))
    for path in (*named, *others):
        if path == testbench:
            continue
        try:
            units = outline(path.read_text("utf-8", "replace"))
        except OSError:
            continue
        if any(unit.name in wanted for unit in units):
            return path
    return None
