"""Explanations as Markdown (CommonMark, and the tables of GitHub's), for a page or a hover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchwright_agent.explain.explanation import ConeEntry, Explanation, Guard, Seen, Way
from benchwright_agent.explain.inquiry import Answer
from benchwright_agent.explain.wording import nearness
from benchwright_sim.bins import Bin
from benchwright_sim.reports.report import compact_names

_MAX_WAYS = 3
_MAX_NAMES = 12


def answer_to_markdown(answer: Answer) -> str:
    """What was found out of the bins of one question; those of one cause stand together."""
    blocks = ["\n\n".join(_group(group, answer)) for group in _groups(answer.explanations)]
    if answer.covered:
        blocks.append(f"Covered: {_titles(answer.covered)}.")
    if answer.failure is not None:
        blocks.append(f"The testbench failed: {answer.failure[0]}.")
    return "\n\n".join(blocks)


def _groups(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    found: dict[object, list[Explanation]] = {}
    for one in explanations:
        place = (one.bin.file, one.bin.line, one.bin.kind)
        found.setdefault((place, one.ways, one.cone, one.note if one.ways else ""), []).append(one)
    return list(found.values())


def _group(group: Sequence[Explanation], answer: Answer) -> Iterator[str]:
    first = group[0]
    status = answer.verdicts[first.bin].status if answer.verdicts is not None else "unknown"
    said = "not covered" if status == "unknown" else status
    yield f"#### {first.bin.file}:{first.bin.line} {_titles([e.bin for e in group])}: {said}"
    yield from dict.fromkeys(explanation.text for explanation in group if explanation.text)
    for way in first.ways[:_MAX_WAYS]:
        if way.text and len(first.ways) > 1:
            yield f"By {code(way.text)} at {way.location.file}:{way.location.line}:"
        if rows := list(_rows(way)):
            yield "\n".join(["| needed | at | in the run |", "| --- | --- | --- |", *rows])
    if len(first.ways) > _MAX_WAYS:
        yield f"And {len(first.ways) - _MAX_WAYS} more ways."
    if depends := list(_cone(first.cone)):
        yield "\n".join(depends)


def _titles(bins: Sequence[Bin]) -> str:
    parts = []
    for kind in dict.fromkeys(bin_.kind for bin_ in bins):
        names = compact_names([bin_ for bin_ in bins if bin_.kind is kind])
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        parts.append(f"{kind} {', '.join(map(code, names[:_MAX_NAMES]))}{more}")
    return "; ".join(parts)


def _rows(way: Way) -> Iterator[str]:
    seen: tuple[Seen | None, ...] = way.seen or (None,) * len(way.guards)
    for number, guard in enumerate(way.guards):
        if guard.constant is not True:
            place = f"{guard.location.file.as_posix()}:{guard.location.line}"
            cells = (code(guard.wish), place, _outcome(guard, seen[number]).replace("|", "\\|"))
            yield f"| {' | '.join((cells[0].replace('|', chr(92) + '|'), *cells[1:]))} |"


def _outcome(guard: Guard, seen: Seen | None) -> str:
    """What became of a guard in the run."""
    if guard.constant is False:
        return "never: it depends on constants alone"
    if seen is None:
        return ""
    near = nearness(guard, seen)
    if seen.met is None or seen.missed is None:
        return near
    total = seen.met + seen.missed
    if not total:
        return "never tested"
    if not seen.met:
        return f"**never** in {total:,} samples{': ' + near if near else ''}"
    return f"held in {seen.met:,} of {total:,} samples"


def _cone(cone: Sequence[ConeEntry]) -> Iterator[str]:
    """Inputs and registers that it depends on, and what the nearest registers are loaded with."""
    for kind, noun in (("input", "Inputs"), ("register", "Registers")):
        entries = [entry for entry in cone if entry.kind == kind]
        names = [
            code(entry.name) + (f" (behind {entry.registers})" if entry.registers else "")
            for entry in entries[:_MAX_NAMES]
        ]
        if names:
            more = f" and {len(entries) - _MAX_NAMES} more" if len(entries) > _MAX_NAMES else ""
            yield f"- {noun}: {', '.join(names)}{more}"
    for entry in cone:
        if entry.next:
            yield f"- {code(f'{entry.name} <= {entry.next}')}"


def code(text: str) -> str:
    """A code span; one more backtick around than stand in a row in the text (CommonMark 6.1)."""
    line = " ".join(text.split())
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
