"""State machines in one process or two, as the style has it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from benchwright_trainer.designs.maker import Maker


def machine(
    m: Maker,
    state: str,
    moves: Mapping[str, str],
    reset: Mapping[str, str | int],
    actions: str = "",
) -> None:
    """Clocks `state`, and the registers of `actions` with it.

    Args:
        m: of the module.
        state: a register that `Maker.state` declared.
        moves: of each state, in the order of their declaration: statements that assign `state`
            without blocking. In the style of two processes they assign the next state instead.
        reset: of the registers of `actions`.
        actions: all other statements that are clocked.
    """
    text = m.case(state, moves, full=True)
    start = {state: next(iter(moves)), **reset}
    if m.style.processes == 1:
        m.clocked(start, f"{text}\n{actions}")
        return
    following = m.state("next state")
    text = re.sub(rf"\b{re.escape(state)} <= ", f"{following} = ", text)
    m.comb(f"{following} = {state};\n{text}")
    m.clocked(start, f"{state} <= {following};\n{actions}")
