"""A simulation with probes: what a run saw of the guards of some bins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from benchwright_agent.explain.explain import Source
from benchwright_agent.explain.explanation import Guard, Near, Seen, Values
from benchwright_agent.explain.probe import N_DISTINCT, TAG, Probes, Target
from benchwright_sim.bins import Bin
from benchwright_sim.fsm import FsmPoints
from benchwright_sim.simulation import Feedback, Status

_LINE = re.compile(rf"^{TAG} (\d+) (guard|value|near) ([-\d ]+)$", re.MULTILINE)
_CHECKERS = "benchwright_fsm.sv"
_TRIALS = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a run with probes.

    Attributes:
        feedback: of the simulator; its log is without the probes' lines.
        seen: by the guards down to the one that was sampled, outermost first.
        notes: for the user.
    """

    feedback: Feedback
    seen: Mapping[tuple[Guard, ...], Seen] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def observe(
    source: Source, bins: Iterable[Bin], run: Callable[[FsmPoints], Feedback], fsm: FsmPoints
) -> Observation:
    """Runs a testbench with probes at the guards of some bins.

    A probe that the simulator does not accept is left out, and in the end all of them are: what
    the testbench does is the same with and without.

    Args:
        source: of the design.
        bins: whose guards are sampled.
        run: simulates with checkers, and probes among them.
        fsm: checkers of the state registers.
    """
    probes = source.probes(bins)
    refused: set[int] = set()
    for trial in range(_TRIALS):
        last = trial == _TRIALS - 1
        text, numbers = ("", {}) if last else probes.text(refused)
        n_before = fsm.text.count("\n")
        feedback = run(FsmPoints(fsm.text + text, fsm.bins))
        if feedback.status is not Status.COMPILE_ERROR or not text:
            break
        wrong = {
            numbers.get(diagnostic.line - n_before)
            for diagnostic in feedback.diagnostics
            if diagnostic.severity == "error"
            and diagnostic.file is not None
            and diagnostic.file.name == _CHECKERS
        }
        if not wrong:
            break
        refused |= {number for number in wrong if number is not None} or set(probes.targets)
    found = _seen(probes, feedback.log)
    notes = _notes(probes, refused)
    if probes.targets and not found and len(refused) < len(probes.targets):
        notes = (*notes, "there are no values: the run did not come to its end")
    return Observation(_without_probes(feedback), found, notes)


def _without_probes(feedback: Feedback) -> Feedback:
    lines = feedback.log.splitlines(keepends=True)
    return replace(feedback, log="".join(line for line in lines if not line.startswith(TAG)))


def _notes(probes: Probes, refused: set[int]) -> tuple[str, ...]:
    notes = []
    if probes.n_left_out:
        notes.append(f"{probes.n_left_out} conditions were not sampled: they are too many")
    if refused:
        notes.append(f"{len(refused)} samples could not be taken: the simulator refuses them")
    return tuple(notes)


def _seen(probes: Probes, log: str) -> dict[tuple[Guard, ...], Seen]:
    """What the log says of each guard; the instances of a module are added up."""
    said: dict[int, list[list[int]]] = {}
    for match in _LINE.finditer(log):
        said.setdefault(int(match[1]), []).append([int(word) for word in match[3].split()])
    found: dict[tuple[Guard, ...], Seen] = {}
    for number, targets in probes.targets.items():
        for target in targets if number in said else ():
            before = found.get(target.guards, Seen(None, None))
            found[target.guards] = _with(before, target, said[number])
    return found


def _with(seen: Seen, target: Target, lines: list[list[int]]) -> Seen:
    """What is known of a guard, and what one of its probes saw."""
    if target.kind == "guard":
        met, missed = (sum(column) for column in zip(*lines, strict=True))
        return replace(seen, met=met, missed=missed)
    if target.kind == "near":
        left, right, distance, _ = min(lines, key=lambda line: line[2])
        bits = min(line[3] for line in lines)
        return replace(seen, near=(*seen.near, Near(target.text, left, right, distance, bits)))
    taken = [line for line in lines if len(line) > 3]
    distinct = sorted({value for line in taken for value in line[3:]})
    if not distinct:
        return seen
    labels = dict(target.labels)
    values = Values(
        name=target.text,
        low=min(line[1] for line in taken),
        high=max(line[2] for line in taken),
        distinct=tuple(distinct[:N_DISTINCT]),
        names=tuple(labels.get(value, str(value)) for value in distinct[:N_DISTINCT]),
        complete=not any(line[0] for line in taken) and len(distinct) <= N_DISTINCT,
    )
    return replace(seen, values=(*seen.values, values))
