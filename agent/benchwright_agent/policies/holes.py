"""What the bins that a tape leaves open need, and how near the tape came to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchwright_agent.emission import emit, run_emitted
from benchwright_agent.explain.explain import Observed, Source, guard_texts
from benchwright_agent.explain.observation import observe
from benchwright_agent.goals import Goals
from benchwright_agent.options import GenerateOptions
from benchwright_agent.prompts.extents import branch_extents
from benchwright_agent.prompts.open_bins import Place, listing, open_places
from benchwright_agent.protocol.task import Task
from benchwright_agent.tape import Tape, n_cycles
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.errors import SimError
from benchwright_sim.fsm import FsmPoints

_MAX_NEEDS = 2
"""Conditions told of one place: the bins of a line often share most of theirs."""

_MAX_CYCLES = 300_000
"""Of a tape that is simulated only to see how near it came: a second or two."""


class Holes:
    """Open bins of one design, in places and in words.

    Args:
        task: the design.
        goals: bins wanted and covered, now and later.
    """

    def __init__(self, task: Task, goals: Goals) -> None:
        self._task = task
        self._goals = goals
        self._extents = branch_extents(task.files, task.elaboration.design.defines)
        self._needs: Mapping[Bin, str] = {}

    def places(self) -> list[Place]:
        """Where wanted bins are open, the most valuable places first."""
        wanted = self._goals.wanted
        found = {b: n for b, n in self._goals.coverage().items() if b in wanted}
        return open_places(Coverage(found), self._task.files, self._extents)

    def words(self, places: Sequence[Place]) -> str:
        """The places as text, each with the first few conditions of its bins."""
        why: dict[Bin, str] = {}
        for place in places:
            needs = {text: bin_ for bin_ in place.bins if (text := self._needs.get(bin_))}
            why.update((bin_, text) for text, bin_ in list(needs.items())[:_MAX_NEEDS])
        return listing(places, why)

    def look(self, tape: Tape, options: GenerateOptions, fsm: FsmPoints) -> None:
        """Simulates the tape with probes at the conditions of its open bins.

        Raises:
            ToolchainError: Verilator or a compiler is missing, broken or was killed.
        """
        elaboration = self._task.elaboration
        bins = sorted(self._goals.left)
        try:
            source = Source(elaboration)
        except SimError:  # the files have changed meanwhile
            return
        seen: Observed = {}
        cycles = sum(n_cycles(s.actions) or 0 for s in tape.segments)
        if tape.segments and cycles <= _MAX_CYCLES:
            plain = replace(options, format="sv")
            text = emit(elaboration, plain, tape.segments, {}, ends=False)[plain.output]
            seen = observe(
                source,
                bins,
                lambda probes: run_emitted(elaboration, plain, text, probes, cycles),
                fsm,
            ).seen
        self._needs = guard_texts(source.explain(bins, seen))
