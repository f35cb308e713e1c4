"""Nearly all bins of the families with memories, orders of events and machines are in reach."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from benchwright_agent.evaluation.rows import materialise
from benchwright_agent.loop import generate
from benchwright_agent.options import GenerateOptions
from benchwright_sim.elaborate import elaborate
from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.designs.options import GeneratedOptions
from benchwright_trainer.designs.registry import families

AT_LEAST = Fraction(93, 100)
KINDS = frozenset(("storage", "arbitration", "serial", "protocol", "fsm", "sequences", "pipeline"))


def test_there_are_families_of_every_kind() -> None:
    kinds = [found.draw.__module__.rsplit(".", 1)[1] for found in families().values()]
    assert set(kinds) >= KINDS
    assert sum(kind in KINDS for kind in kinds) >= 20


@pytest.mark.parametrize(
    "name",
    ["register_file", "round_robin", "descriptor_walker", "vending_machine", "traffic_light"],
)
def test_the_search_covers_a_design(name: str, tmp_path: Path) -> None:
    ((row, _),) = generated_rows(GeneratedOptions(n=1, seed=4, families=(name,)))
    elaboration = elaborate(materialise(row, tmp_path / "design"))
    options = GenerateOptions(output=tmp_path / "tb.sv", budget_s=None, budget_cycles=200_000)
    result = generate(elaboration, options)
    average = result.coverage.overall_average()
    assert average is not None
    assert average > AT_LEAST, row.files[0].text
