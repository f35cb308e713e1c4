"""The paper's state: a design, the present testbench, and what simulating it gave (section 3.1).

s = (R, x, o): the repository R is fixed, x is the whole text of the testbench, o the simulator's
feedback. A model sees a state and nothing before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchwright_sim.coverage import Coverage
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.overlay import Overlay
from benchwright_sim.simulation import Feedback

Outcome = Literal[
    "ok", "compile_error", "timeout", "runtime_error", "no_progress", "refused", "no_testbench"
]
"""`simulation.Status`, and `no_testbench` for a reply that holds none."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file as a model sees it; `name` is relative to the design's root."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a testbench is asked for (R of the paper, and the words of the question).

    Attributes:
        elaboration: of the design.
        files: the design's sources, in compilation order.
        specs: documents about it.
        instance: what the testbench must call its instance of the design.
        instruction: further wishes, in the user's words.
        id: of a suite's row, else the design's top.
    """

    elaboration: Elaboration
    files: tuple[SourceText, ...]
    specs: tuple[SourceText, ...] = ()
    instance: str = "dut"
    instruction: str = ""
    id: str = ""

    @property
    def module(self) -> str:
        """The design's top module."""
        return self.elaboration.interface.module


@dataclass(frozen=True, slots=True)
class Draft:
    """A testbench as taken from a reply.

    Attributes:
        filename: as the reply names it, or made up from the design's top; no folders.
        text: of the file, ends with a newline.
        top: its top module, the one that nothing in it instantiates.
    """

    filename: str
    text: str
    top: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A draft (x) and what became of it (o).

    Attributes:
        draft: None when the reply held no testbench.
        outcome: how it ended.
        feedback: of the simulator, None when nothing was simulated.
        reason: why it was not simulated, or not with the design, in words that tell the model what
            to do; else empty.
    """

    draft: Draft | None
    outcome: Outcome
    feedback: Feedback | None = None
    reason: str = ""

    @property
    def coverage(self) -> Coverage:
        """Of the design; empty unless it was simulated to its end."""
        if self.outcome != "ok" or self.feedback is None:
            return Coverage()
        return self.feedback.coverage

    @property
    def score(self) -> float:
        """Cov(s) of the paper: the overall average from 0 to 1, 0 where the simulation fails."""
        return float(self.coverage.overall_average() or 0)


@dataclass(frozen=True, slots=True)
class State:
    """s_t: all that a model is shown; `attempt` is None in s_0."""

    task: Task
    attempt: Attempt | None = None


def source_texts(
    root: Path, paths: tuple[Path, ...], overlay: Overlay = ()
) -> tuple[SourceText, ...]:
    """The files at `paths`, named relative to `root`."""
    texts = dict(overlay)
    return tuple(
        SourceText(
            path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name,
            texts[path] if path in texts else path.read_text("utf-8", errors="replace"),
        )
        for path in paths
    )
