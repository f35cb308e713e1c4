"""What must hold for the bins that stay open, in one line each, within a bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterable

from benchwright_agent.explain.explain import Source, guard_texts
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import SimError

BUDGET_S = 2.0

_AT_ONCE = 50


def guards_of(elaboration: Elaboration, bins: Iterable[Bin]) -> dict[str, str]:
    """Id of a bin -> its condition; the rarer kinds first, as many as there is time for."""
    end_s = time.monotonic() + BUDGET_S
    left = sorted(bins, key=lambda bin_: (bin_.kind is Kind.TOGGLE, bin_))
    if not left:
        return {}
    try:
        source = Source(elaboration)
    except SimError:  # it was elaborated before: a file that is not kept has changed
        return {}
    found: dict[str, str] = {}
    while left and time.monotonic() < end_s:
        texts = guard_texts(source.explain(left[:_AT_ONCE], {}))
        found.update((bin_.id, text) for bin_, text in texts.items() if text)
        left = left[_AT_ONCE:]
    return found
