"""Explanations in a terminal: bins of one cause together, a line for each guard on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchwright_agent.explain.explanation import ConeEntry, Explanation, Guard, Seen, Way
from benchwright_agent.explain.inquiry import Answer
from benchwright_agent.explain.wording import nearness
from benchwright_sim.bins import Bin
from benchwright_sim.reports.report import compact_names

MAX_WAYS = 3
"""Ways to one bin that are shown; `--json` has all."""

_MAX_NAMES = 8
_MAX_NEXT = 3
_MAX_TEXT = 160
_STATUS = {"unknown": "not covered"}


def print_answer(console: Console, answer: Answer) -> None:
    """Prints the explanations, those that differ in their bins alone as one."""
    for number, group in enumerate(_groups(answer.explanations)):
        if number:
            console.print()
        _print_group(console, group, answer)
    following = list(_next_lines(answer.explanations))
    if following:
        console.print(Text("\nat each clock edge"))
    for line in following:
        console.print(Text(f"  {line}", style="dim"))
    if answer.covered:
        names = "; ".join(_titles(answer.covered))
        console.print(Text.assemble(("covered", "green"), f"  {names}"))


def _groups(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    found: dict[object, list[Explanation]] = {}
    for one in explanations:
        place = (one.bin.file, one.bin.line, one.bin.kind)
        found.setdefault((place, one.ways, one.cone, one.note if one.ways else ""), []).append(one)
    return list(found.values())


def _print_group(console: Console, group: Sequence[Explanation], answer: Answer) -> None:
    first = group[0]
    bins = [explanation.bin for explanation in group]
    title = "; ".join(_titles(bins))
    status = answer.verdicts[bins[0]].status if answer.verdicts is not None else ""
    head = Text.assemble((f"{first.bin.file}:{first.bin.line}", "bold"), f"  {title}  ")
    console.print(head.append(_STATUS.get(status, status), style="red"))
    if first.n_instances > 1:
        more = "" if first.n_instances == len(first.instances) else ", ..."
        names = ", ".join(first.instances) + more
        console.print(f"  in {first.n_instances} instances: {names}", style="dim", markup=False)
    for note in list(dict.fromkeys(one.note for one in group if one.note))[:_MAX_NAMES]:
        console.print(f"  {note}", markup=False)
    for way in first.ways[:MAX_WAYS]:
        _print_way(console, way)
    if len(first.ways) > MAX_WAYS:
        console.print(f"  and {len(first.ways) - MAX_WAYS} more ways", style="dim")
    for line in _cone_lines(first.cone):
        console.print(Text(f"  {line}", style="dim"))


def _titles(bins: Sequence[Bin]) -> Iterator[str]:
    for kind in dict.fromkeys(bin_.kind for bin_ in bins):
        names = compact_names([bin_ for bin_ in bins if bin_.kind is kind])
        shown = ", ".join(names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        yield f"{kind} {shown}{more}"


def _print_way(console: Console, way: Way) -> None:
    head = Text("  ")
    if way.text:
        head.append(way.text).append(f"  {way.location.file}:{way.location.line}", style="dim")
    if way.process:
        head.append(f"  {way.process}", style="dim")
    if head.plain.strip():
        console.print(head)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(width=3)
    table.add_column(overflow="fold")
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    seen: tuple[Seen | None, ...] = way.seen or (None,) * len(way.guards)
    for number, guard in enumerate(way.guards):
        if guard.constant is not True:
            place = f"{guard.location.file.as_posix()}:{guard.location.line}"
            table.add_row("", Text(guard.wish), place, _outcome(guard, seen[number]))
    if table.row_count:
        console.print(table)


def _outcome(guard: Guard, seen: Seen | None) -> Text:
    """What became of a guard in the run."""
    if guard.constant is False:
        return Text("never: it depends on constants alone", style="red")
    if seen is None:
        return Text("")
    near = nearness(guard, seen)
    if seen.met is None or seen.missed is None:
        return Text(near)
    total = seen.met + seen.missed
    if not total:
        return Text("never tested", style="dim")
    if not seen.met:
        return Text(f"never in {total:,} samples{': ' + near if near else ''}", style="yellow")
    return Text(f"held in {seen.met:,} of {total:,} samples", style="green")


def _cone_lines(cone: Sequence[ConeEntry]) -> Iterator[str]:
    """Inputs and registers, each with the registers that lie before it."""
    for kind, noun in (("input", "inputs"), ("register", "registers")):
        entries = [entry for entry in cone if entry.kind == kind]
        names = [
            entry.name + (f" (behind {entry.registers})" if entry.registers else "")
            for entry in entries[:_MAX_NAMES]
        ]
        if names:
            more = f" and {len(entries) - _MAX_NAMES} more" if len(entries) > _MAX_NAMES else ""
            yield f"{noun}: {', '.join(names)}{more}"


def _next_lines(explanations: Sequence[Explanation]) -> Iterator[str]:
    """What the nearest registers of all cones are loaded with, each once."""
    entries = sorted(
        (entry for explanation in explanations for entry in explanation.cone if entry.next),
        key=lambda entry: (entry.registers, entry.name),
    )
    for name, value in list({entry.name: entry.next for entry in entries}.items())[:_MAX_NEXT]:
        yield f"{name} <= {value if len(value) <= _MAX_TEXT else f'{value[:_MAX_TEXT]} ...'}"
