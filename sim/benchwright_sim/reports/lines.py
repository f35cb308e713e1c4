"""Source lines as coverage sees them: which are executable, how often they ran and branched."""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage

_FIRST_ARMS = ("if", "cond_then")


def split_lines(text: str) -> list[str]:
    """Lines of a source as Verilator numbers them, without their ends."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def span_lines(span: str) -> Iterator[int]:
    """Line numbers of a span such as `12-14,16`."""
    for part in filter(None, span.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def line_hits(coverage: Coverage) -> dict[str, dict[int, int]]:
    """How often each executable line ran: file -> line -> count.

    A line is executable when a line or branch bin accounts for it. It ran as often as the busiest
    of its blocks, or as its decision was taken either way, or as a condition on it was evaluated.
    """
    hits: dict[str, dict[int, int]] = {}
    for bin_, count in coverage.items():
        if bin_.kind in (Kind.LINE, Kind.BRANCH):
            for line in span_lines(bin_.span):
                _raise(hits.setdefault(bin_.file, {}), line, count)
    for file, blocks in branch_blocks(coverage).items():
        for block in blocks:
            taken = sum(coverage[bin_] for bin_ in block)
            _raise(hits.setdefault(file, {}), block[0].line, taken)
    for bin_, count in coverage.items():
        if bin_.kind is Kind.EXPR and bin_.line in hits.get(bin_.file, {}):
            _raise(hits[bin_.file], bin_.line, count)
    return {file: dict(sorted(lines.items())) for file, lines in hits.items()}


def _raise(lines: dict[int, int], line: int, count: int) -> None:
    lines[line] = max(lines.get(line, 0), count)


def branch_blocks(coverage: Coverage) -> dict[str, list[list[Bin]]]:
    """Branch bins of each file, grouped with the other arm of the same decision."""
    blocks: dict[str, list[list[Bin]]] = {}
    for bin_ in coverage:
        if bin_.kind is Kind.BRANCH:
            of_file = blocks.setdefault(bin_.file, [])
            if of_file and _is_other_arm(of_file[-1], bin_):
                of_file[-1].append(bin_)
            else:
                of_file.append([bin_])
    return blocks


def _is_other_arm(block: list[Bin], bin_: Bin) -> bool:
    first = block[0]
    return (
        len(block) == 1
        and first.name in _FIRST_ARMS
        and bin_.name not in _FIRST_ARMS
        and (first.line, first.instance) == (bin_.line, bin_.instance)
    )
