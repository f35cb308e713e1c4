"""Coverage targets of a suite's row: metric names as Cadence IMC spells them, judged on our bins.

The names are those of the columns of IMC's summary (CVDP, and LLM4Cov's data set after it). Here
Block means line and branch points together, Statement lines, Expression expressions, Toggle
toggles, Fsm states and arcs together, Functional and Assertion user points; Code and Overall all
code metrics. `Average` is the mean of the metrics that have bins, `Covered` all their bins in one;
without either word it is the average. As in every report of ours, user points are no part of the
overall figure.

A target speaks of an instance *and all below it*. The design's own instance is judged by the
coverage that every report shows, in which the instances of a module share bins; an instance inside
the design is judged by a simulation that counts each instance apart.

LLM4Cov's public script skips a metric that its report lacks, and so passes it. Here such a target
is not applicable: it neither passes nor fails, and is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchwright_sim.bins import CODE_METRICS, Kind
from benchwright_sim.coverage import Coverage, Tally
from benchwright_sim.elaboration import Elaboration

_Groups = tuple[tuple[Kind, ...], ...]

_CODE: _Groups = tuple(CODE_METRICS.values())
_KINDS: dict[str, _Groups] = {
    "overall": _CODE,
    "code": _CODE,
    "block": ((Kind.LINE, Kind.BRANCH),),
    "statement": ((Kind.LINE,),),
    "line": ((Kind.LINE,),),
    "branch": ((Kind.BRANCH,),),
    "expression": ((Kind.EXPR,),),
    "expr": ((Kind.EXPR,),),
    "toggle": ((Kind.TOGGLE,),),
    "fsm": ((Kind.FSM_STATE, Kind.FSM_ARC),),
    "state": ((Kind.FSM_STATE,),),
    "transition": ((Kind.FSM_ARC,),),
    "arc": ((Kind.FSM_ARC,),),
    "functional": ((Kind.USER,),),
    "assertion": ((Kind.USER,),),
    "user": ((Kind.USER,),),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric's name means.

    Attributes:
        groups: kinds of bins; an average is over groups.
        pooled: one share of all bins, instead of the mean of the groups' shares.
    """

    groups: _Groups
    pooled: bool = False

    def share(self, coverage: Coverage) -> Fraction | None:
        """Share covered, from 0 to 1; None where there is no such bin."""
        kinds = coverage.by_kind()
        none = Tally(0, 0)
        tallies = [sum((kinds.get(kind, none) for kind in of), none) for of in self.groups]
        if self.pooled:
            return sum(tallies, none).fraction
        shares = [tally.fraction for tally in tallies if tally.fraction is not None]
        return sum(shares, Fraction(0)) / len(shares) if shares else None


def metric_of(name: str) -> Metric:
    """The metric that a name means, in any case: `Overall Average`, `block`, `Fsm Covered`.

    Raises:
        ValueError: there is no such metric.
    """
    words = name.replace("_", " ").lower().split()
    form = words.pop() if len(words) == 2 and words[1] in {"average", "covered"} else "average"
    if len(words) != 1 or words[0] not in _KINDS:
        legal = ", ".join(kind.capitalize() for kind in _KINDS)
        raise ValueError(f"no metric is called {name!r}; legal: {legal}, with Average or Covered")
    return Metric(_KINDS[words[0]], pooled=form == "covered")


@dataclass(frozen=True, slots=True)
class Target:
    """What a testbench must reach.

    Attributes:
        instance: as the row names it; empty for the design's own.
        metric: as the row names it.
        pct: least percentage.
    """

    instance: str
    metric: str
    pct: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a testbench that ran stands to all targets of its row.

    Attributes:
        met: targets that it meets.
        missed: targets that it does not.
        not_applicable: targets without a bin.
    """

    met: tuple[Target, ...]
    missed: tuple[Target, ...]
    not_applicable: tuple[Target, ...]

    @property
    def passed(self) -> bool | None:
        """Whether all applicable targets are met; None where none is applicable."""
        return not self.missed if self.met or self.missed else None


def instance_path(name: str, dut: str, elaboration: Elaboration) -> str:
    """Path below the design's top of the instance that a target names, empty for the top.

    Legal are the name of the design's instance or module (`dut`), a path from it or from the
    testbench (`dut.u_fifo`, `tb.dut.u_fifo`), a path below it, and the bare name of an instance
    that is the only one called so (`u_fifo`).

    Raises:
        ValueError: the design has no such instance, or several.
    """
    paths = [instance.path for instance in elaboration.instances]
    parts = name.split(".") if name else []
    if dut in parts:
        parts = parts[parts.index(dut) + 1 :]
    elif parts and parts[0] == elaboration.interface.module:
        parts = parts[1:]
    wanted = ".".join(parts)
    if wanted in paths:
        return wanted
    fitting = [path for path in paths if path.endswith(f".{wanted}")]
    if len(fitting) != 1:
        several = f"has {len(fitting)} instances" if fitting else "has no instance"
        known = ", ".join(paths[1:21]) or f"none inside {dut}"
        raise ValueError(f"the design {several} called {name!r}; there are: {known}")
    return fitting[0]


def below(coverage: Coverage, path: str, elaboration: Elaboration) -> Coverage:
    """The part of a coverage counted by instance that is of one instance and those below it."""
    known = {instance.path for instance in elaboration.instances}

    def is_inside(instance: str) -> bool:
        place = _known_path(instance, known)
        return not path or place == path or place.startswith(f"{path}.")

    inside = {name for name in {bin_.instance for bin_ in coverage} if is_inside(name)}
    return Coverage({bin_: count for bin_, count in coverage.items() if bin_.instance in inside})


def _known_path(instance: str, known: set[str]) -> str:
    """A bin's instance as a path of the design, whatever the testbench calls the design."""
    parts = instance.split(".")
    tails = (".".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in known), "")


def judge(targets: Sequence[Target], coverages: Sequence[Coverage]) -> Judgement:
    """Compares each target with the coverage of its instance, exactly."""
    met, missed, absent = [], [], []
    for target, coverage in zip(targets, coverages, strict=True):
        share = metric_of(target.metric).share(coverage)
        if share is None:
            absent.append(target)
        elif share * 100 >= Fraction(str(target.pct)):
            met.append(target)
        else:
            missed.append(target)
    return Judgement(tuple(met), tuple(missed), tuple(absent))
