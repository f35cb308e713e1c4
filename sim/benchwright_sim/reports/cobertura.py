"""A report in Cobertura's XML (coverage-04.dtd), for Jenkins, GitLab and their like.

A file is a class, a folder a package. Lines and branches are those of the lcov report, and share
its limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree

from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage, Tally
from benchwright_sim.reports.lines import branch_blocks, line_hits
from benchwright_sim.reports.report import Report

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
)


@dataclass(frozen=True, slots=True)
class _File:
    """What one class element says."""

    name: str
    hits: Mapping[int, int]
    blocks: Mapping[int, Sequence[Sequence[Bin]]]
    lines: Tally
    branches: Tally


def render(report: Report, *, source_root: str = ".", timestamp_ms: int = 0) -> str:
    """The XML document.

    Args:
        report: what to render.
        source_root: folder that the file names are relative to.
        timestamp_ms: when it was measured; 0 keeps equal reports equal.
    """
    packages: defaultdict[str, list[_File]] = defaultdict(list)
    for file in _files(report.coverage):
        packages[str(PurePosixPath(file.name).parent)].append(file)
    files = [file for members in packages.values() for file in members]
    lines, branches = _totals(files)
    root = ElementTree.Element(
        "coverage",
        {
            **_rates(lines, branches),
            "lines-covered": str(lines.covered),
            "lines-valid": str(lines.total),
            "branches-covered": str(branches.covered),
            "branches-valid": str(branches.total),
            "version": report.tools.get("benchwright", "0"),
            "timestamp": str(timestamp_ms),
        },
    )
    ElementTree.SubElement(ElementTree.SubElement(root, "sources"), "source").text = source_root
    parent = ElementTree.SubElement(root, "packages")
    for name, members in sorted(packages.items()):
        _add_package(parent, name, members, report.coverage)
    ElementTree.indent(root)
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def _files(coverage: Coverage) -> list[_File]:
    hits = line_hits(coverage)
    branches = branch_blocks(coverage)
    files = []
    for name in sorted(hits):
        blocks: defaultdict[int, list[list[Bin]]] = defaultdict(list)
        for block in branches.get(name, []):
            blocks[block[0].line].append(block)
        arms = [coverage[bin_] > 0 for block in branches.get(name, []) for bin_ in block]
        of_lines = hits.get(name, {})
        covered = sum(count > 0 for count in of_lines.values())
        files.append(
            _File(
                name,
                of_lines,
                blocks,
                Tally(covered, len(of_lines)),
                Tally(sum(arms), len(arms)),
            )
        )
    return files


def _totals(files: Sequence[_File]) -> tuple[Tally, Tally]:
    none = Tally(0, 0)
    return sum((f.lines for f in files), none), sum((f.branches for f in files), none)


def _rates(lines: Tally, branches: Tally) -> dict[str, str]:
    def rate(tally: Tally) -> str:
        # The format has no word for "none to cover"; its own writers say 1.
        return f"{float(tally.fraction):.6g}" if tally.fraction is not None else "1"

    return {"line-rate": rate(lines), "branch-rate": rate(branches), "complexity": "0"}


def _add_package(
    parent: ElementTree.Element, name: str, files: Sequence[_File], coverage: Coverage
) -> None:
    package = ElementTree.SubElement(parent, "package", {"name": name, **_rates(*_totals(files))})
    classes = ElementTree.SubElement(package, "classes")
    for file in files:
        attributes = {"name": PurePosixPath(file.name).name, "filename": file.name}
        element = ElementTree.SubElement(
            classes, "class", {**attributes, **_rates(file.lines, file.branches)}
        )
        ElementTree.SubElement(element, "methods")
        lines = ElementTree.SubElement(element, "lines")
        for number, count in file.hits.items():
            _add_line(lines, number, count, file.blocks.get(number, ()), coverage)


def _add_line(
    parent: ElementTree.Element,
    number: int,
    count: int,
    blocks: Sequence[Sequence[Bin]],
    coverage: Coverage,
) -> None:
    line = ElementTree.SubElement(parent, "line", {"number": str(number), "hits": str(count)})
    line.set("branch", "true" if blocks else "false")
    arms = [coverage[bin_] > 0 for block in blocks for bin_ in block]
    if not arms:
        return
    line.set("condition-coverage", f"{_share(arms)} ({sum(arms)}/{len(arms)})")
    conditions = ElementTree.SubElement(line, "conditions")
    for index, block in enumerate(blocks):
        taken = [coverage[bin_] > 0 for bin_ in block]
        attributes = {"number": str(index), "type": "jump", "coverage": _share(taken)}
        ElementTree.SubElement(conditions, "condition", attributes)


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) * 100 // len(hits)}%"
