"""One transition of a policy and what became of it: (s_t, x_{t+1}, o_{t+1}) as plain data.

LLM4Cov, section 3.3: a trace is made by two policies, the one that drew the state that it starts
from and the one that made the transition. Both ends are executed. Tallies stay integers, so that
traces compare exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast, get_args

from benchwright_agent.models.model import Message, Role
from benchwright_agent.protocol.task import Outcome
from benchwright_sim.coverage import Tally, overall_average
from benchwright_sim.errors import Location, OutputError
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.whole_file import whole_file

Kind = Literal["direct", "agentic", "stimulus"]
"""From s_0; from a state with a testbench; the answer of the closing policy."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Judged:
    """A testbench and what simulating it gave (x and o).

    Attributes:
        text: of the testbench, empty where the answer held none.
        outcome: how it ended.
        tallies: metric -> (covered, total), empty unless it ran to its end.
        reason: first line of the log, or why it was refused.
    """

    text: str
    outcome: Outcome
    tallies: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    reason: str = ""

    @property
    def ran(self) -> bool:
        """It compiled and came to its end."""
        return self.outcome == "ok"

    @property
    def score(self) -> Fraction:
        """Cov(s): the overall average from 0 to 1, 0 where it does not run."""
        tallies = {name: Tally(*pair) for name, pair in self.tallies.items()}
        return overall_average(tallies) or Fraction(0)


@dataclass(frozen=True, slots=True)
class Trace:
    """One transition, executed.

    Attributes:
        key: unique and the same in every run: design/kind/state/sample.
        design: id of the row.
        kind: see `Kind`.
        intermediate: name of the policy that drew `before`, empty for none.
        transition: name of the policy that wrote the answer.
        before: the state that it starts from, None in s_0.
        prompt: what the student shall be shown; never with the specialist rules.
        answer: the whole reply, its line with the file's name and its fenced block.
        after: what became of the answer.
        design_tokens: of the design, by the student's tokenizer or an estimate.
    """

    key: str
    design: str
    kind: Kind
    intermediate: str
    transition: str
    before: Judged | None
    prompt: tuple[Message, ...]
    answer: str
    after: Judged
    design_tokens: int


def judged_to_json(judged: Judged) -> dict[str, Any]:
    """Plain JSON values, metrics in the order of their names."""
    return {
        "text": judged.text,
        "outcome": judged.outcome,
        "tallies": {name: list(judged.tallies[name]) for name in sorted(judged.tallies)},
        "reason": judged.reason,
    }


def judged_from_json(data: Mapping[str, Any]) -> Judged:
    """What `judged_to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    outcome = data["outcome"]
    if outcome not in get_args(Outcome):
        raise ValueError(f"outcome is {outcome!r}; legal: {', '.join(get_args(Outcome))}")
    return Judged(
        text=str(data["text"]),
        outcome=cast("Outcome", outcome),
        tallies={str(name): (int(c), int(total)) for name, (c, total) in data["tallies"].items()},
        reason=str(data["reason"]),
    )


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Plain JSON values, keys in a fixed order."""
    return {
        "key": trace.key,
        "design": trace.design,
        "kind": trace.kind,
        "intermediate": trace.intermediate,
        "transition": trace.transition,
        "before": None if trace.before is None else judged_to_json(trace.before),
        "prompt": [{"role": each.role, "content": each.content} for each in trace.prompt],
        "answer": trace.answer,
        "after": judged_to_json(trace.after),
        "design_tokens": trace.design_tokens,
    }


def trace_from_json(data: Mapping[str, Any]) -> Trace:
    """What `trace_to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    kind = data["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; legal: {', '.join(KINDS)}")
    before = data["before"]
    return Trace(
        key=str(data["key"]),
        design=str(data["design"]),
        kind=kind,
        intermediate=str(data["intermediate"]),
        transition=str(data["transition"]),
        before=None if before is None else judged_from_json(before),
        prompt=tuple(_message(each) for each in data["prompt"]),
        answer=str(data["answer"]),
        after=judged_from_json(data["after"]),
        design_tokens=int(data["design_tokens"]),
    )


def trace_line(trace: Trace) -> str:
    """One line of JSON, without its end of line."""
    return json.dumps(trace_to_json(trace), ensure_ascii=False)


def _message(data: Mapping[str, Any]) -> Message:
    role = data["role"]
    if role not in get_args(Role):
        raise ValueError(f"role is {role!r}; legal: {', '.join(get_args(Role))}")
    return Message(role, str(data["content"]))


def write_traces(path: Path, traces: Iterable[Trace]) -> tuple[dict[Kind, int], str]:
    """Writes a file of traces, whole or not at all.

    Returns:
        How many of each kind, and the SHA-256 of the file.

    Raises:
        OutputError: it cannot be written.
    """
    n_traces, digest = dict.fromkeys(KINDS, 0), hashlib.sha256()
    try:
        with whole_file(path) as aside, aside.open("wb") as file:
            for trace in traces:
                line = trace_line(trace).encode() + b"\n"
                file.write(line)
                digest.update(line)
                n_traces[trace.kind] += 1
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}", hint="free some space"
        ) from error
    return n_traces, digest.hexdigest()


def read_traces(path: Path) -> Iterator[Trace]:
    """The traces of a file, one after the other.

    Raises:
        TrainerError: it cannot be read, or a line is no trace.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield _trace_of(line, Location(path, number))
    except OSError as error:
        raise TrainerError(
            f"it cannot be read: {error.strerror}", location=Location(path)
        ) from error


def _trace_of(line: bytes, place: Location) -> Trace:
    try:
        return trace_from_json(json.loads(line))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TrainerError(
            f"this line is no trace: {error}", location=place, hint="make the rollouts again"
        ) from error
