"""State machines in one process and in two say the same."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Literal

import pytest

from benchwright_trainer.designs.families.machine import machine
from benchwright_trainer.designs.maker import Maker


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("ternary", [True, False])
def test_moves_are_next_states_where_there_are_two_processes(
    processes: Literal[1, 2], ternary: bool
) -> None:
    m = Maker(random.Random(4), "train")
    m.style = m._text.style = replace(
        m.style, processes=processes, ternary=ternary, branching="case"
    )
    go = m.port("input", "go ahead")
    first, second = m.states("first", "second")
    state, count = m.state(), m.reg("count", 3)
    moves = {
        first: m.when(go, f"{state} <= {second};"),
        second: m.either(state, go, first, second),
    }
    machine(m, state, moves, {count: 5}, f"{count} <= {count} + 1'b1;")
    text = m.source()
    assert len(re.findall(r"\balways", text)) == processes
    assert f"{count} <= 3'" in text
    assert f"{state} <= {first};" in text
    blocking = [line for line in text.splitlines() if re.search(rf"\b{state} = ", line)]
    assert not blocking
    targets = set(re.findall(r"(\w+) (?:<=|=) [^;]*\b" + second, text))
    assert (state in targets) == (processes == 1)
