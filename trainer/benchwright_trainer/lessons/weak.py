"""Testbenches as a beginner writes them: right in form, short and aimless in stimulus.

A student that is trained from nothing first learns the language from these (its *base*, which
stands for the instruct model that the paper starts from). They are made from the interface alone,
and are never executed; what good stimulus is, it learns from executed lessons later.
"""

from __future__ import annotations

import random

from benchwright_agent.prompts.skeleton import skeleton
from benchwright_sim.interface import Interface, Signal
from benchwright_sim.stimulus import Action, Cycles, Drive, Driver, Random
from benchwright_trainer.lessons.lesson import DUT, reply_of
from benchwright_trainer.lessons.statements import Statements

_MOVES = (2, 5, 10, 20, 50)


def weak_reply(interface: Interface, *, seed: int, instance: str = DUT) -> str | None:
    """A weak testbench as a model would answer it; None where the ports are not plain.

    Args:
        interface: of the design.
        seed: of what is drawn.
        instance: what the testbench calls the design's instance.
    """
    form = skeleton(interface, instance)
    if form is None:
        return None
    rng = random.Random(seed)
    resets = {reset.signal: reset.active for reset in interface.resets}
    inputs = [s for s in interface.inputs if s.name not in resets]
    actions: list[Action] = []
    if resets and rng.random() < 0.9:
        released = tuple((name, 1 - active) for name, active in resets.items())
        actions += [Drive(tuple(resets.items())), Cycles(2), Drive(released), Cycles(1)]
    for _ in range(rng.randint(1, 3)):
        actions += _some(inputs, rng)
    text = Statements(interface, form, {}).text(actions or [Cycles(5)])
    return reply_of(form, text)


def _some(inputs: list[Signal], rng: random.Random) -> list[Action]:
    """A few values by hand, or a short loop of random ones."""
    if not inputs:
        return [Cycles(rng.choice(_MOVES))]
    chosen = [s for s in inputs if rng.random() < 0.7] or [rng.choice(inputs)]
    if rng.random() < 0.5:
        drivers = tuple((s.name, Driver()) for s in chosen)
        return [Random(rng.choice(_MOVES), 1, drivers)]
    found: list[Action] = []
    for _ in range(rng.randint(1, 3)):
        values = tuple((s.name, rng.getrandbits(s.width)) for s in chosen[: rng.randint(1, 4)])
        found += [Drive(values), Cycles(rng.choice((1, 1, 2, 4)))]
    return found
