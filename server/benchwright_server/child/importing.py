"""`import`: coverage files of the user's own flow, read as this design's bins.

Any run of Verilator with coverage serves: from another folder, with the design below another top.
Files are named in a coverage file as on the command line of that flow, relative to a folder that is
not known: what ends in the name of one of the design's files is taken for it. State machines are
left out where Verilator's own points stand for them: they are not sampled as ours are.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from benchwright_agent.explain.inquiry import list_bins
from benchwright_agent.record import Record, design_record, to_json
from benchwright_server.child.design import kept, load, texts_of
from benchwright_server.child.event_stream import EventStream
from benchwright_server.child.guards import guards_of
from benchwright_server.child.request import Request
from benchwright_sim.bins import Bin
from benchwright_sim.coverage import Coverage
from benchwright_sim.elaborate import elaborate
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import ParameterError
from benchwright_sim.points import BinMap, Point, read_points
from benchwright_sim.verdict import decide

_FSM = ("fsm_state", "fsm_arc")


def import_coverage(request: Request, stream: EventStream) -> None:
    """Runs the job.

    Raises:
        SimError: a file is no coverage file, or the design cannot be elaborated.
    """
    started_s = time.monotonic()
    files = tuple(map(Path, request.texts("files") or ()))
    if not files:
        raise ParameterError("the request names no coverage files")
    points = {file: read_points(file) for file in files}
    stream.send("phase", name="elaborate")
    elaboration = kept(elaborate(load(request)))
    stream.send("phase", name="build")
    bins = list_bins(elaboration)
    counts = Counter(dict.fromkeys(bins, 0))
    warnings: list[str] = []
    for file, found in points.items():
        counted, foreign = _counted(found, file, bins, elaboration)
        counts.update(counted)
        warnings.extend(_remarks(file, counted, foreign))
    coverage = Coverage(counts)
    record = Record(
        command="report",
        design=design_record(elaboration),
        testbenches=files,
        status="ok",
        coverage=coverage,
        verdicts=decide(coverage),
        seconds=time.monotonic() - started_s,
        warnings=tuple(warnings),
    )
    stream.send("phase", name="explain")
    stream.done(
        record=to_json(record),
        guards=guards_of(elaboration, record.verdicts.open),
        texts=texts_of(elaboration, coverage),
        warnings=warnings,
    )


def _counted(
    points: Iterable[Point], file: Path, bins: Coverage, elaboration: Elaboration
) -> tuple[Counter[Bin], Counter[str]]:
    """Counts of the design's bins, and how many points of which files name none of them."""
    design = elaboration.design
    bin_map = BinMap(root=design.root, modules=elaboration.modules)
    known = {bin_: bin_ for bin_ in bins}
    names = {bin_.file for bin_ in bins} | set(texts_of(elaboration, bins))
    places: dict[str, str | None] = {}
    counted: Counter[Bin] = Counter()
    foreign: Counter[str] = Counter()
    for point in points:
        if point.type in _FSM:
            continue
        if point.file not in places:
            places[point.file] = _place(point.file, file.parent, design.root, names)
        name = places[point.file]
        found = bin_map.bin_of(replace(point, file=name)) if name is not None else None
        if found in known:
            counted[found] += point.count
        else:
            foreign[point.file] += 1
    return counted, foreign


def _place(name: str, folder: Path, root: Path, names: set[str]) -> str | None:
    """The file that a coverage file means, by its name in bins; None where it is not clear."""
    path = PurePosixPath(name)
    for base in (folder, root):
        whole = Path(base, path).resolve()
        if whole.is_relative_to(root) and whole.relative_to(root).as_posix() in names:
            return whole.relative_to(root).as_posix()
    tail = [part for part in path.parts if part not in ("..", ".", "/")]
    for start in range(len(tail)):
        ending = "/".join(tail[start:])
        found = [n for n in names if n == ending or n.endswith(f"/{ending}")]
        if len(found) == 1:
            return found[0]
    return None


def _remarks(file: Path, counted: Counter[Bin], foreign: Counter[str]) -> Iterable[str]:
    if not counted:
        yield f"{file.name}: nothing in it is of this design"
    elif foreign:
        some = ", ".join(sorted(foreign)[:3])
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        yield (
            f"{file.name}: {sum(foreign.values())} points are not of this design, or of another "
            f"state of its sources ({some}{more})"
        )
