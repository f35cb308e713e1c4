"""The model's turn in the loop as a trajectory: recorded while it lasts, and answered from later.

The lines are those of the protocol's trajectories (see `trajectory`), with segments of stimulus in
place of a testbench: no draft, and as coverage what the harness had counted after the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchwright_agent.goals import Goals
from benchwright_agent.models.model import Cancelled, ModelError, Reply, Request
from benchwright_agent.options import ModelOptions
from benchwright_agent.policies.closing import OnAnswer
from benchwright_agent.protocol.counting import CountingModel, digest_of, request_digest
from benchwright_agent.protocol.recorder import Recorder, design_digest
from benchwright_agent.protocol.replay import RecordedModel
from benchwright_agent.protocol.task import Task
from benchwright_agent.protocol.trajectory import End, Step, TrajectoryError, read_trajectory
from benchwright_sim.errors import Location

POLICY = "closing"

_KEPT = ("seconds", "tokens", "answer_tokens", "prompt_tokens", "temperature")


@contextmanager
def recorded(
    options: ModelOptions,
    model: CountingModel,
    task: Task,
    goals: Goals,
    *,
    seed: int,
    cancelled: Cancelled,
) -> Iterator[OnAnswer]:
    """What is to be told of each answer; it is written to `options.trajectory`, if to anywhere.

    Args:
        options: of the turn.
        model: that is asked.
        task: the design.
        goals: covered so far, now and later.
        seed: of the turn.
        cancelled: asked at the end: whether the turn was cut short.

    Raises:
        OutputError: the file cannot be written, here and later.
    """
    if options.trajectory is None:
        yield lambda _request, _reply, _gain: None
        return
    with Recorder(options.trajectory) as recorder:
        recorder.begin(task, model, _plain(options, seed))
        number = 0

        def on_answer(request: Request, reply: Reply, gain: int) -> None:
            nonlocal number
            number += 1
            uncovered = tuple(bin_.id for bin_ in sorted(goals.left))
            recorder.step(
                Step(
                    number=number,
                    state=digest_of([design_digest(task), request_digest(request)]),
                    request=request_digest(request),
                    messages=request.messages,
                    notes=(f"{gain} bins covered",),
                    counts=model.taken(),
                    reply=reply,
                    draft=None,
                    outcome="ok",
                    tallies=goals.tallies(),
                    uncovered=uncovered,
                )
            )

        try:
            yield on_answer
        except ModelError as error:
            recorder.end(End("model", error.message))
            raise
        recorder.end(End("cancelled" if cancelled() else "rounds"))


def replayed(path: Path, trajectory: Path | None = None) -> ModelOptions:
    """A recorded turn, to be had again without its model.

    Args:
        path: of the recording.
        trajectory: where the replay is recorded, if anywhere.

    Raises:
        TrajectoryError: the file is no such recording.
    """
    recording = read_trajectory(path)
    values = recording.header.options
    if values.get("policy") != POLICY:
        raise TrajectoryError(
            "this is the recording of a model that wrote whole testbenches",
            location=Location(path),
            hint="replay it with --policy llm",
        )
    try:
        kept = {name: values[name] for name in _KEPT}
    except KeyError as error:
        raise TrajectoryError(
            f"the options of the recording lack {error}", location=Location(path, 1)
        ) from error
    return ModelOptions(lambda: RecordedModel(recording), trajectory=trajectory, **kept)


def _plain(options: ModelOptions, seed: int) -> Mapping[str, Any]:
    kept = {name: getattr(options, name) for name in _KEPT}
    return {"policy": POLICY, "seed": seed, **kept}
