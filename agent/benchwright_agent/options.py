"""What a caller of the loop may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchwright_agent.emit.cocotb import runner_name
from benchwright_agent.models.model import Model
from benchwright_sim.waivers import Waiver


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """The model that closes what search leaves open, and what it may spend.

    Attributes:
        open: makes it ready; called only when bins are left for it. The caller closes it.
        seconds: of its answers in all, None for no bound.
        tokens: that it may write in all.
        answer_tokens: that it may write at a time.
        prompt_tokens: of a question, about; at most three quarters of them are the design.
        temperature: of its answers.
        trajectory: where questions, answers and what they brought are recorded, if anywhere.
    """

    open: Callable[[], Model]
    seconds: float | None = 120.0
    tokens: int = 4_096
    answer_tokens: int = 512
    prompt_tokens: int = 3_072
    temperature: float = 0.7
    trajectory: Path | None = None


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """Options of one run of `loop.generate`.

    Attributes:
        output: where the testbench goes; a cocotb test's runner goes beside it.
        format: `sv`, or `cocotb` (a test and its runner).
        budget_s: wall seconds for the search, None for no bound.
        budget_cycles: cycles of effort for the search, None for no bound.
        seed: of every random choice.
        target_pct: overall average in percent at which the search may stop.
        force: replace an existing output.
        waivers: bins that need not be covered.
        focus: what alone shall be covered, as `explain.asked` reads it (places, ids of bins); None
            for all that is not waived.
        model: None to do without.
    """

    output: Path
    format: Literal["sv", "cocotb"] = "sv"
    budget_s: float | None = 30.0
    budget_cycles: int | None = None
    seed: int = 1
    target_pct: float | None = None
    force: bool = False
    waivers: tuple[Waiver, ...] = ()
    focus: tuple[str, ...] | None = None
    model: ModelOptions | None = None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Every file that is written, the testbench first."""
        if self.format == "sv":
            return (self.output,)
        return (self.output, self.output.with_name(runner_name(self.output.stem)))
