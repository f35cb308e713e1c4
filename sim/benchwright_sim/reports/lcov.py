"""A report in lcov's trace format (geninfo(1)), for genhtml, editors and coverage services.

`DA` is a source line that a line or branch bin accounts for, hit as often as the busiest of its
blocks; `BRDA` is a branch bin, an `if` and its `else` sharing a block. Other kinds have no record
in the format and are left out, and so are verdicts: an unreachable or waived line counts as not
hit.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.reports.report import Report, line_hits

_FIRST_ARMS = ("if", "cond_then")


def render(report: Report) -> str:
    """The trace file; empty of records when the design has no executable line."""
    hits = line_hits(report.coverage)
    branches = branch_blocks(report.coverage)
    lines: list[str] = []
    for file in sorted(hits.keys() | branches.keys()):
        lines += _file_records(report, file, hits.get(file, {}), branches.get(file, []))
    return "".join(f"{line}\n" for line in lines)


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


def _file_records(
    report: Report, file: str, hits: dict[int, int], blocks: list[list[Bin]]
) -> Iterator[str]:
    yield f"TN:{report.top}"
    yield f"SF:{file}"
    for number, block in enumerate(blocks):
        ran = hits.get(block[0].line, 0) > 0
        for arm, bin_ in enumerate(block):
            taken = str(report.coverage[bin_]) if ran else "-"
            yield f"BRDA:{bin_.line},{number},{arm},{taken}"
    arms = [bin_ for block in blocks for bin_ in block]
    if arms:
        yield f"BRF:{len(arms)}"
        yield f"BRH:{sum(report.coverage[bin_] > 0 for bin_ in arms)}"
    for line, count in hits.items():
        yield f"DA:{line},{count}"
    yield f"LF:{len(hits)}"
    yield f"LH:{sum(count > 0 for count in hits.values())}"
    yield "end_of_record"
