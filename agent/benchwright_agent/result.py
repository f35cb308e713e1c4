"""What a run of the loop ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchwright_sim.coverage import Coverage
from benchwright_sim.stimulus import Program
from benchwright_sim.verdict import Verdicts

Closing = Literal["closed", "open", "interrupted"]


@dataclass(slots=True)
class ModelUse:
    """What a model was asked in a run, and what that brought.

    Attributes:
        name: of the model, empty where it was not opened.
        answers: given.
        helpful: answers that covered something.
        bins: that they covered.
        prompt_tokens: that it read.
        new_tokens: that it wrote.
        seconds: of answering.
        note: why it was not asked, gave no answer or did not come to its end, else empty.
    """

    name: str = ""
    answers: int = 0
    helpful: int = 0
    bins: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = field(default=0.0, compare=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """A testbench and what it shows.

    Attributes:
        testbench: the file written; for cocotb the test, its runner beside it.
        status: `closed` when every bin that is wanted is covered or waived, `interrupted` when the
            user stopped the search, else `open`.
        program: what the testbench runs.
        seed: of the search.
        seconds: of wall time, all in all.
        cycles: of simulation that the search spent.
        testbench_cycles: that the testbench runs.
        coverage: of the testbench, simulated alone.
        verdicts: of every bin.
        budget_exhausted: the seconds ended the search.
        reproduce: options that repeat a run which its seconds ended, else None.
        warnings: for the user, in plain words.
        model: None where there is none.
    """

    testbench: Path
    status: Closing
    program: Program
    seed: int
    seconds: float
    cycles: int
    testbench_cycles: int
    coverage: Coverage
    verdicts: Verdicts
    budget_exhausted: bool
    reproduce: str | None
    warnings: tuple[str, ...] = ()
    model: ModelUse | None = None
