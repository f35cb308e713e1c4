"""Which parts of a long program are worth keeping: a cover of its bins by blocks.

A block is what runs from one reset to the next. After a reset most of the past is forgotten, so
what a block covers it mostly covers without its predecessors too; whether that holds, execution
must say. Choosing blocks by greedy set cover (Chvatal 1979) takes one execution of the program,
where leaving them out one by one takes one each.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from benchwright_agent.bench import Bench
from benchwright_agent.proposals import RESET
from benchwright_agent.tape import RUN_LIMIT, n_cycles
from benchwright_sim.bins import Bin
from benchwright_sim.harness.client import START
from benchwright_sim.stimulus import Segment

_BLOCK_COST = 200
"""Cycles that a block of its own is worth: a reader prefers fewer blocks to fewer cycles."""


def essential_blocks(
    bench: Bench, segments: Sequence[Segment], wanted: Set[Bin]
) -> tuple[list[Segment], int]:
    """The segments of the blocks that together cover `wanted`, and the cycles simulated for that.

    The first block always stays: it starts from power-up. The worker must have no points marked.
    """
    blocks = _split(segments)
    found: list[set[Bin]] = []
    spent = 0
    state = START
    for block in blocks:
        words = bench.encoder.chain(block)
        run, after = bench.worker.advance(state, words, limit=RUN_LIMIT)
        if state != START:
            bench.worker.forget([state])
        state = after
        spent += run.cycles
        found.append(bench.goals.bins_of(run.new) & wanted)
    if state != START:
        bench.worker.forget([state])
    chosen = _cover(found, [_cost(block) for block in blocks])
    return [segment for i in sorted(chosen) for segment in blocks[i]], spent


def _split(segments: Sequence[Segment]) -> list[list[Segment]]:
    blocks: list[list[Segment]] = []
    for segment in segments:
        if segment.name == RESET or not blocks:
            blocks.append([])
        blocks[-1].append(segment)
    return blocks


def _cost(block: Sequence[Segment]) -> int:
    return _BLOCK_COST + sum(n_cycles(segment.actions) or 0 for segment in block)


def _cover(found: Sequence[Set[Bin]], costs: Sequence[int]) -> set[int]:
    """Greedy: again and again the block with most bins still missing for its cost."""
    chosen = {0} if found else set()
    missing = set().union(*found) - set().union(*(found[i] for i in chosen))
    while missing:
        best = max(range(len(found)), key=lambda i: (len(found[i] & missing) / costs[i], -i))
        chosen.add(best)
        missing -= found[best]
    return chosen
