"""Writes a trajectory while a model is asked, so that a run that is cut short keeps its rounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from benchwright_agent.models.model import Message, Model
from benchwright_agent.protocol.counting import digest_of, request_digest
from benchwright_agent.protocol.run import Round
from benchwright_agent.protocol.task import Attempt, State, Task
from benchwright_agent.protocol.trajectory import (
    End,
    Header,
    Step,
    end_line,
    header_line,
    step_line,
)
from benchwright_sim.closable import Closable
from benchwright_sim.errors import OutputError
from benchwright_sim.points import relative_name
from benchwright_sim.toolchain import find_toolchain
from benchwright_sim.verilate import Diagnostic


class Recorder(Closable):
    """The file of one run; a context manager. Each line is on its way to the disk when written.

    Args:
        path: replaced when it exists: `output.check_writable` asks beforehand.

    Raises:
        OutputError: the file cannot be written, here and later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: tuple[Message, ...] = ()
        try:
            self._file = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        with suppress(OSError):  # what a full disk did not take has been said by `_write`
            self._file.close()

    def begin(self, task: Task, model: Model, options: Mapping[str, Any]) -> None:
        """Before the first round; the options are plain JSON values."""
        self._write(
            header_line(
                Header(
                    task=task.id or task.module,
                    design=design_digest(task),
                    model=model.name,
                    context_tokens=model.context_tokens,
                    options=options,
                    versions={
                        "benchwright": metadata.version("benchwright"),
                        "verilator": find_toolchain().verilator_version,
                    },
                )
            )
        )

    def step(self, step: Step) -> None:
        """After each round."""
        self._write(step_line(step, self._before))
        self._before = step.messages

    def end(self, end: End) -> None:
        """After the last round."""
        self._write(end_line(end))

    def _write(self, line: str) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._path} cannot be written: {error.strerror}",
            hint="free some space, or choose another place with --trajectory",
        )


def step_of(done: Round) -> Step:
    """What a trajectory keeps of a round."""
    attempt, task = done.attempt, done.state.task
    feedback = attempt.feedback
    step = Step(
        number=done.number,
        state=state_digest(done.state),
        request=request_digest(done.request),
        messages=done.request.messages,
        notes=done.prompt.notes,
        counts=done.counts,
        reply=done.reply,
        draft=attempt.draft,
        outcome=attempt.outcome,
        reason=attempt.reason,
    )
    if feedback is None:
        return step
    coverage = attempt.coverage
    return dataclasses.replace(
        step,
        log=_local(feedback.log, task),
        diagnostics=tuple(_diagnostic(each, task) for each in feedback.diagnostics),
        tallies={str(kind): tally for kind, tally in coverage.by_kind().items()},
        uncovered=tuple(bin_.id for bin_, count in coverage.items() if not count),
        simulated=True,
        simulator_s=feedback.wall_s,
        simulator_cpu_s=feedback.cpu_s,
    )


def design_digest(task: Task) -> str:
    """Names all of a task that does not change from round to round."""
    design = task.elaboration.design
    files = [[file.name, file.text] for file in (*task.files, *task.specs)]
    values = [design.parameters, design.defines, design.clocks, design.resets]
    return digest_of([task.module, task.instance, task.instruction, files, values])


def state_digest(state: State) -> str:
    """Names s_t."""
    return digest_of([design_digest(state.task), _attempt_values(state.attempt, state.task)])


def _attempt_values(attempt: Attempt | None, task: Task) -> object:
    if attempt is None:
        return None
    feedback, draft = attempt.feedback, attempt.draft
    return [
        draft and [draft.filename, draft.top, draft.text],
        attempt.outcome,
        attempt.reason,
        [[bin_.id, count] for bin_, count in attempt.coverage.items()],
        feedback and _local(feedback.log, task),
    ]


def _diagnostic(diagnostic: Diagnostic, task: Task) -> str:
    file = diagnostic.file
    if file is not None and file.is_absolute():
        name = relative_name(file, task.elaboration.design.root)
        diagnostic = dataclasses.replace(diagnostic, file=Path(name))
    return _local(str(diagnostic), task)


def _local(text: str, task: Task) -> str:
    """Without this machine's folders."""
    design = task.elaboration.design
    for folder in (design.root, *design.include_dirs, *design.library_dirs):
        text = text.replace(f"{folder}/", "")
    return text
