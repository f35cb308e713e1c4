"""A run of the protocol as JSON lines: every state, prompt, reply, feedback and cost.

The first line is the header, then comes a line a round, written when the round is over, and last a
line that says why there are no more. Files are named relative to the design's root. A message that
begins like the one in its place in the round before says so (`same` characters) and holds the rest;
a draft that stands in its reply as it is says where (`at`). Nothing else is kept twice.

Times are fields of `cost` alone. A reader takes every version up to its own, and a last line that
was cut off counts as never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

from benchwright_agent.models.model import Finish, Message, Reply, Role
from benchwright_agent.protocol.task import Draft, Outcome
from benchwright_sim.coverage import Tally
from benchwright_sim.errors import Location, SimError

FORMAT = "benchwright-trajectory"
VERSION = 1

T = TypeVar("T")


class TrajectoryError(SimError):
    """A file is no trajectory, is damaged, or was made of something else."""

    exit_code = 10


@dataclass(frozen=True, slots=True)
class Header:
    """What was asked, of whom.

    Attributes:
        task: its id, the design's top when it has none.
        design: digest of sources, documents, top and overrides.
        model: its name.
        context_tokens: of the model.
        options: `ProtocolOptions` as plain JSON values.
        versions: tool -> version.
    """

    task: str
    design: str
    model: str
    context_tokens: int
    options: Mapping[str, Any]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One round.

    Attributes:
        number: from 1.
        state: digest of what the model was shown a prompt of.
        request: `counting.request_digest`.
        messages: the prompt.
        notes: what was left out of it.
        counts: tokens of prompts counted on the way, by `counting.messages_digest`.
        reply: the answer.
        draft: the testbench in it.
        outcome: of the attempt.
        reason: why it was not simulated.
        log: of the simulator.
        diagnostics: of the simulator.
        tallies: kind of bin -> (covered, total), of a testbench that ran to its end.
        uncovered: ids of the bins that were not covered.
        simulated: the simulator was called.
        simulator_s: wall seconds of it.
        simulator_cpu_s: CPU seconds of it.
    """

    number: int
    state: str
    request: str
    messages: tuple[Message, ...]
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    reply: Reply
    draft: Draft | None
    outcome: Outcome
    reason: str = ""
    log: str = ""
    diagnostics: tuple[str, ...] = ()
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    uncovered: tuple[str, ...] = ()
    simulated: bool = False
    simulator_s: float = 0.0
    simulator_cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class End:
    """Why there are no more rounds.

    Attributes:
        stopped: `protocol.Stopped`.
        error: of the model, when that is why.
        best: number of the best round, None when no testbench runs.
    """

    stopped: str
    error: str = ""
    best: int | None = None


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A recorded run; `end` is None when it was cut short."""

    header: Header
    steps: tuple[Step, ...]
    end: End | None

    @property
    def is_empty(self) -> bool:
        """Whether it was cut short before its first round was done."""
        return not self.steps and (self.end is None or self.end.stopped == "cancelled")


def header_line(header: Header) -> str:
    """The header as a line of a file."""
    return _line(
        {
            "format": FORMAT,
            "version": VERSION,
            "versions": header.versions,
            "task": header.task,
            "design": header.design,
            "model": header.model,
            "context_tokens": header.context_tokens,
            "options": header.options,
        }
    )


def step_line(step: Step, before: Sequence[Message] = ()) -> str:
    """A round as a line of a file; `before` are the messages of the round before."""
    reply = step.reply
    return _line(
        {
            "round": step.number,
            "state": step.state,
            "request": step.request,
            "messages": _messages_json(step.messages, before),
            "notes": step.notes,
            "counts": step.counts,
            "reply": {
                "text": reply.text,
                "finish": reply.finish,
                "prompt_tokens": reply.prompt_tokens,
                "new_tokens": reply.new_tokens,
                "reused_tokens": reply.reused_tokens,
            },
            "draft": _draft_json(step.draft, reply.text),
            "feedback": {
                "outcome": step.outcome,
                "reason": step.reason,
                "log": step.log,
                "diagnostics": step.diagnostics,
                "coverage": {kind: [t.covered, t.total] for kind, t in step.tallies.items()},
                "uncovered": step.uncovered,
            },
            "simulations": int(step.simulated),
            "cost": {
                "first_token_s": round(reply.first_token_s, 3),
                "model_s": round(reply.seconds, 3),
                "simulator_s": round(step.simulator_s, 3),
                "simulator_cpu_s": round(step.simulator_cpu_s, 3),
            },
        }
    )


def end_line(end: End) -> str:
    """The end as a line of a file."""
    return _line({"stopped": end.stopped, "error": end.error, "best": end.best})


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _messages_json(messages: Sequence[Message], before: Sequence[Message]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        earlier = before[index].content if index < len(before) else ""
        same = _n_shared(earlier, message.content)
        found.append({"role": message.role, "same": same, "text": message.content[same:]})
    return found


def _n_shared(one: str, other: str) -> int:
    """Characters that two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _draft_json(draft: Draft | None, reply: str) -> dict[str, Any] | None:
    if draft is None:
        return None
    start = reply.find(draft.text)
    place: dict[str, Any] = {"text": draft.text}
    if start >= 0:
        place = {"at": [start, start + len(draft.text)]}
    return {"filename": draft.filename, "top": draft.top, **place}


def read_trajectory(path: Path) -> Trajectory:
    """A trajectory from its file.

    Raises:
        TrajectoryError: the file cannot be read, is damaged before its last line, or is of a
            version that is not known here.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise TrajectoryError(
            f"the trajectory cannot be read: {what}", location=Location(path)
        ) from error
    whole, _, _ = text.rpartition("\n")
    lines = whole.split("\n")
    header = _header(lines[0], path)
    steps: list[Step] = []
    end: End | None = None
    for number, line in enumerate(lines[1:], start=2):
        try:
            value = json.loads(line)
            if "stopped" in value:
                end = End(str(value["stopped"]), str(value["error"]), value["best"])
            else:
                steps.append(_step(value, steps[-1].messages if steps else ()))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise TrajectoryError(
                f"the trajectory is damaged: {type(error).__name__}: {error}",
                location=Location(path, number),
                hint="the lines before this one are whole: delete this one and what follows",
            ) from error
    return Trajectory(header, tuple(steps), end)


def _header(line: str, path: Path) -> Header:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise TrajectoryError(
            "this is no trajectory: it does not begin with a header",
            location=Location(path, 1),
            hint="record one with `benchwright generate --policy llm --trajectory FILE`",
        )
    if not isinstance(value.get("version"), int) or value["version"] > VERSION:
        raise TrajectoryError(
            f"the trajectory is of version {value.get('version')}, "
            f"and versions up to {VERSION} are known",
            location=Location(path, 1),
            hint="a newer Benchwright wrote it; upgrade this one",
        )
    try:
        return Header(
            task=str(value["task"]),
            design=str(value["design"]),
            model=str(value["model"]),
            context_tokens=int(value["context_tokens"]),
            options=dict(value["options"]),
            versions={str(tool): str(version) for tool, version in value["versions"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrajectoryError(
            f"the header is damaged: {type(error).__name__}: {error}", location=Location(path, 1)
        ) from error


def _step(value: Mapping[str, Any], before: Sequence[Message]) -> Step:
    feedback, cost = value["feedback"], value["cost"]
    reply = Reply(
        text=str(value["reply"]["text"]),
        finish=_one_of(get_args(Finish), value["reply"]["finish"]),
        prompt_tokens=int(value["reply"]["prompt_tokens"]),
        new_tokens=int(value["reply"]["new_tokens"]),
        reused_tokens=int(value["reply"]["reused_tokens"]),
        first_token_s=float(cost["first_token_s"]),
        seconds=float(cost["model_s"]),
    )
    return Step(
        number=int(value["round"]),
        state=str(value["state"]),
        request=str(value["request"]),
        messages=_messages(value["messages"], before),
        notes=tuple(map(str, value["notes"])),
        counts={str(digest): int(n) for digest, n in value["counts"].items()},
        reply=reply,
        draft=_draft(value["draft"], reply.text),
        outcome=_one_of(get_args(Outcome), feedback["outcome"]),
        reason=str(feedback["reason"]),
        log=str(feedback["log"]),
        diagnostics=tuple(map(str, feedback["diagnostics"])),
        tallies={kind: Tally(*map(int, pair)) for kind, pair in feedback["coverage"].items()},
        uncovered=tuple(map(str, feedback["uncovered"])),
        simulated=bool(value["simulations"]),
        simulator_s=float(cost["simulator_s"]),
        simulator_cpu_s=float(cost["simulator_cpu_s"]),
    )


def _messages(
    values: Sequence[Mapping[str, Any]], before: Sequence[Message]
) -> tuple[Message, ...]:
    return tuple(
        Message(
            _one_of(get_args(Role), value["role"]),
            (before[index].content[: value["same"]] if value["same"] else "") + str(value["text"]),
        )
        for index, value in enumerate(values)
    )


def _draft(value: Mapping[str, Any] | None, reply: str) -> Draft | None:
    if value is None:
        return None
    text = str(value["text"]) if "text" in value else reply[slice(*value["at"])]
    return Draft(str(value["filename"]), text, str(value["top"]))


def _one_of(legal: tuple[T, ...], value: object) -> T:
    for known in legal:
        if known == value:
            return known
    raise ValueError(f"{value!r} is none of {legal}")
