"""Questions of the closing policy, answered by the search that goes on."""

from __future__ import annotations

import json
import random
from pathlib import Path

from benchwright_agent.prompts.answer_schema import answer_schema
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.replies.answer import read_answer
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_trainer.lessons.aimed import Aimed, aimed_answers

DESIGN = Path("examples/05_spi/spi_master.sv")


def test_an_answer_covers_what_was_asked_about() -> None:
    task = design_task(elaborate(load_design([DESIGN])))

    def asked() -> tuple[Aimed, ...]:
        return aimed_answers(task, n=1, seed=2, budget_cycles=100_000, fits=lambda _: True)

    found = asked()
    assert found
    assert asked() == found
    for aimed in found:
        assert "Not covered yet:" in aimed.prompt[-1].content
        gains = {name: aimed.after[name][0] - aimed.before[name][0] for name in aimed.after}
        assert min(gains.values()) >= 0
        assert max(gains.values()) > 0
        interface = task.elaboration.interface
        assert read_answer(aimed.answer, interface, random.Random(1))
        validate(json.loads(aimed.answer), answer_schema(interface))


def validate(data: object, schema: object) -> None:
    import jsonschema

    jsonschema.validate(data, schema)  # type: ignore[arg-type]  # plain JSON values both


def test_a_design_too_long_is_not_asked_about() -> None:
    task = design_task(elaborate(load_design([DESIGN])))
    assert not aimed_answers(task, n=1, seed=2, budget_cycles=100_000, fits=lambda _: False)
