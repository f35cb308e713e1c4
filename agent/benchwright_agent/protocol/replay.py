"""A recorded run again, without its model: its replies and times, the simulator anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib import metadata

from benchwright_agent.models.model import (
    Cancelled,
    Message,
    ModelError,
    OnText,
    Reply,
    Request,
    Sampling,
    never,
    nobody,
)
from benchwright_agent.protocol.counting import messages_digest, request_digest
from benchwright_agent.protocol.protocol import Judge, ProtocolOptions
from benchwright_agent.protocol.task import Attempt, Draft, Task
from benchwright_agent.protocol.trajectory import Header, Step, Trajectory, TrajectoryError


class RecordedModel:
    """Answers what was answered before, in the same order, to the same questions only.

    Where a recording was cut short, by a signal or by the user, its replay ends as cancelled.
    """

    def __init__(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self._counts = {d: n for step in trajectory.steps for d, n in step.counts.items()}
        self._asked = 0

    @property
    def name(self) -> str:
        """The recorded model's."""
        return self._trajectory.header.model

    @property
    def context_tokens(self) -> int:
        """The recorded model's."""
        return self._trajectory.header.context_tokens

    def count(self, messages: Sequence[Message]) -> int:
        """As it was counted then.

        Raises:
            TrajectoryError: it was not.
        """
        if self._asked == len(self._trajectory.steps):
            return 0
        try:
            return self._counts[messages_digest(messages)]
        except KeyError:
            raise self._differs() from None

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        """The reply recorded for this round.

        Raises:
            TrajectoryError: this round's question is not the recorded one, or there is none.
            ModelError: the recorded model failed here.
        """
        steps, end = self._trajectory.steps, self._trajectory.end
        if cancelled():
            return Reply("", "cancelled", 0, 0)
        if self._asked < len(steps):
            step = steps[self._asked]
            if request_digest(request) != step.request:
                raise self._differs()
            self._asked += 1
            on_text(step.reply.text)
            return step.reply
        if end is None or end.stopped == "cancelled":
            return Reply("", "cancelled", 0, 0)
        if end.stopped == "model":
            raise ModelError(end.error)
        raise TrajectoryError(
            f"round {self._asked + 1} is not in the recording, which ended for another reason "
            f"({end.stopped})",
            hint="give --target and --waivers as they were when it was recorded",
        )

    def close(self) -> None:
        """Does nothing."""

    def judging(self, judge: Judge) -> Judge:
        """`judge`, with what was recorded of time: seconds, and how far a run came that hung."""

        def timed(draft: Draft, task: Task) -> Attempt:
            attempt = judge(draft, task)
            step = self._trajectory.steps[self._asked - 1]
            return _with_times(attempt, step)

        return timed

    def _differs(self) -> TrajectoryError:
        recorded = self._trajectory.header.versions.get("benchwright", "unknown")
        return TrajectoryError(
            f"round {self._asked + 1}: the prompt is not the one that was recorded",
            hint="the design, its options or Benchwright changed since "
            f"(recorded by {recorded}, this is {metadata.version('benchwright')})",
        )


def recorded_options(header: Header) -> ProtocolOptions:
    """The options of a recorded run.

    Raises:
        TrajectoryError: they are none.
    """
    try:
        values = dict(header.options)
        return ProtocolOptions(**{**values, "sampling": Sampling(**values["sampling"])})
    except (KeyError, TypeError) as error:
        raise TrajectoryError(f"the options of the trajectory are damaged: {error}") from error


def _with_times(attempt: Attempt, step: Step) -> Attempt:
    if attempt.feedback is None:
        return attempt
    feedback = dataclasses.replace(
        attempt.feedback, wall_s=step.simulator_s, cpu_s=step.simulator_cpu_s
    )
    if attempt.outcome == step.outcome == "timeout":
        feedback = dataclasses.replace(feedback, log=step.log)
    return dataclasses.replace(attempt, feedback=feedback)
