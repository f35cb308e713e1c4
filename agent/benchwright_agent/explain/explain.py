"""Bins -> explanations, in one pass over the elaborated source.

Every specialisation of a module is read once, through its first instance; a bin is explained by
the first specialisation in which its guards can hold. Nothing here fails on a legal design: a bin
that cannot be explained gets an explanation that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pyslang import ast

from benchwright_agent.explain.cone import Cones
from benchwright_agent.explain.dataflow import dataflow
from benchwright_agent.explain.explanation import Explanation, Guard, Seen, Way
from benchwright_agent.explain.outline import Outliner
from benchwright_agent.explain.probe import Probes
from benchwright_agent.explain.recorder import Outline
from benchwright_agent.explain.route import Router, Routes
from benchwright_agent.explain.visible import Body
from benchwright_agent.explain.wording import paragraph, short
from benchwright_sim.bins import Bin
from benchwright_sim.elaborate import parse_with_libraries
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import SimError
from benchwright_sim.frontend.compilation import compile_top
from benchwright_sim.frontend.hierarchy import walk_hierarchy

Observed = Mapping[tuple[Guard, ...], Seen]
"""What a run saw of each guard, by the guards down to it, outermost first."""

MAX_INSTANCES = 4
"""Instances that an explanation names."""

_NOTHING: Observed = {}


def explain_bins(
    elaboration: Elaboration, bins: Iterable[Bin], observed: Observed | None = None
) -> tuple[Explanation, ...]:
    """One explanation for each bin, in the order given.

    Args:
        elaboration: of the design that the bins belong to.
        bins: any of its bins.
        observed: what a run saw, from `observe`; None for what the source says alone.
    """
    try:
        source = Source(elaboration)
    except SimError as error:
        return tuple(_unexplained(bin_, error.message) for bin_ in bins)
    return source.explain(bins, observed or _NOTHING)


def guard_texts(explanations: Iterable[Explanation]) -> dict[Bin, str]:
    """A short text for each bin: `state == RUN && count == 12 (count: nearest 9)`."""
    return {explanation.bin: short(explanation) for explanation in explanations}


class Source:
    """A design's elaborated source, ready to explain bins.

    Raises (when made):
        SimError: the source has changed and is no longer legal.
    """

    def __init__(self, elaboration: Elaboration) -> None:
        self._parsed, name = parse_with_libraries(elaboration.design)
        self._compiled = compile_top(self._parsed, name)
        self.design = elaboration.design
        self.cones = Cones(self._compiled.top, Outliner(elaboration.design, self._parsed.places))
        self._registers = elaboration.state_registers
        self._first: dict[str, list[Body]] = {}
        self._paths: dict[str, list[str]] = {}
        self._routers: dict[str, list[Router]] = {}
        for package in self._compiled.compilation.getPackages():
            self._first[package.name] = [package]
        seen: set[tuple[str, tuple[str, ...]]] = set()
        for instance in walk_hierarchy(self._compiled.top).instances:
            module = instance.definition.name
            path = instance.hierarchicalPath[len(self._compiled.top.hierarchicalPath) + 1 :]
            self._paths.setdefault(module, []).append(path)
            values = tuple(
                str(p.value) for p in instance.body.parameters if isinstance(p, ast.ParameterSymbol)
            )
            if (module, values) not in seen:
                seen.add((module, values))
                self._first.setdefault(module, []).append(instance.body)

    def explain(self, bins: Iterable[Bin], observed: Observed) -> tuple[Explanation, ...]:
        """One explanation for each bin."""
        return tuple(self._explain(bin_, observed) for bin_ in bins)

    def with_next_values(self, explanations: Sequence[Explanation]) -> tuple[Explanation, ...]:
        """The same, with what the registers of their cones are loaded with.

        This takes a second and more, and is known of Verilog-2005 designs only.
        """
        flow = dataflow(self.design, self._parsed) if explanations else None
        if flow is None:
            return tuple(explanations)
        return tuple(
            replace(
                explanation,
                cone=tuple(
                    replace(entry, next=flow.next_value(entry.name))
                    if entry.kind == "register"
                    else entry
                    for entry in explanation.cone
                ),
            )
            for explanation in explanations
        )

    def routes(self, bin_: Bin) -> tuple[Outline | None, Routes]:
        """The ways to a bin, in the specialisation where they are open, and its outline."""
        best: tuple[Outline | None, Routes] = (
            None,
            Routes(note=f"module {bin_.module or '?'} is not part of the design"),
        )
        for router in self._of_module(bin_.module):
            routes = router.routes(bin_)
            if best[0] is None or not best[1].routes:
                best = router.outline, routes
            if routes.routes and not all(route.impossible for route in routes.routes):
                return router.outline, routes
        return best

    def probes(self, bins: Iterable[Bin]) -> Probes:
        """Probes of what leads to some bins."""
        probes = Probes()
        for bin_ in bins:
            outline, routes = self.routes(bin_)
            n_instances = len(self._paths.get(bin_.module, ()))
            if outline is not None and n_instances:
                for route in routes.routes:
                    probes.add(route, outline, n_instances)
        return probes

    def _explain(self, bin_: Bin, observed: Observed) -> Explanation:
        _, routes = self.routes(bin_)
        ways = tuple(_seen(route.way, observed) for route in routes.routes)
        cone = self.cones.of(s for route in routes.routes for s in route.symbols())
        instances = self._paths.get(bin_.module, [])
        bare = Explanation(
            bin=bin_,
            ways=ways,
            cone=cone,
            text="",
            instances=tuple(instances[:MAX_INSTANCES]),
            n_instances=len(instances),
            note=routes.note,
        )
        return paragraph(bare)

    def _of_module(self, module: str) -> Sequence[Router]:
        """Routers of a module's specialisations; of all where a bin names none, or a class."""
        if module not in self._first:
            return [router for name in self._first for router in self._of_module(name)]
        if module not in self._routers:
            registers = {r.name: r for r in self._registers if r.module == module}
            self._routers[module] = [
                Router(self.cones.outline(body), self.cones, registers)
                for body in self._first.get(module, ())
            ]
        return self._routers[module]


def _seen(way: Way, observed: Observed) -> Way:
    seen = tuple(observed.get(way.guards[: n + 1]) for n in range(len(way.guards)))
    return replace(way, seen=seen) if any(seen) else way


def _unexplained(bin_: Bin, why: str) -> Explanation:
    return paragraph(Explanation(bin=bin_, ways=(), cone=(), text="", note=why))
