"""A report in lcov's trace format (geninfo(1)), for genhtml, editors and coverage services.

`DA` is a source line that a line or branch bin accounts for; `BRDA` is a branch bin, an `if` and
its `else` sharing a block. Other kinds have no record in the format and are left out, and so are
verdicts: an unreachable or waived line counts as not hit.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchwright_sim.bins import Bin
from benchwright_sim.reports.lines import branch_blocks, line_hits
from benchwright_sim.reports.report import Report


def render(report: Report) -> str:
    """The trace file; empty of records when the design has no executable line."""
    hits = line_hits(report.coverage)
    branches = branch_blocks(report.coverage)
    lines: list[str] = []
    for file in sorted(hits):
        lines += _file_records(report, file, hits[file], branches.get(file, []))
    return "".join(f"{line}\n" for line in lines)


def _file_records(
    report: Report, file: str, hits: dict[int, int], blocks: list[list[Bin]]
) -> Iterator[str]:
    yield f"TN:{report.top}"
    yield f"SF:{file}"
    for number, block in enumerate(blocks):
        ran = hits[block[0].line] > 0
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
