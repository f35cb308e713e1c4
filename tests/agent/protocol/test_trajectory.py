"""Trajectories: written as the run goes, read as far as they are whole, replayed byte for byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchwright_agent.models.choice import open_model
from benchwright_agent.models.model import Message, Model, Reply, Sampling
from benchwright_agent.protocol.protocol import (
    ProtocolOptions,
    ProtocolRun,
    bounded_judge,
    run_protocol,
)
from benchwright_agent.protocol.recorder import Recorder, step_of
from benchwright_agent.protocol.replay import RecordedModel, recorded_options
from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.protocol.trajectory import (
    End,
    Header,
    Step,
    Trajectory,
    TrajectoryError,
    end_line,
    header_line,
    read_trajectory,
    step_line,
)
from benchwright_sim.coverage import Tally
from benchwright_sim.errors import OutputError
from tests.model_script import Answer, Script
from tests.model_server import model_server
from tests.replies import ALL, BROKEN, LESS, NOTHING, SOME, SYSTEM, TALKATIVE, gate_task, in_turn

OPTIONS = ProtocolOptions(sampling=Sampling(max_tokens=2_000), timeout_s=2.0)
HEADER = Header("gate", "0123", "tiny", 4096, {"rounds": 3}, {"benchwright": "1"})

texts = st.text(max_size=60)
steps = st.builds(
    Step,
    number=st.integers(1, 99),
    state=texts,
    request=texts,
    messages=st.lists(
        st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts), max_size=3
    ).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    counts=st.dictionaries(texts, st.integers(0, 9999), max_size=3),
    reply=st.builds(
        Reply, texts, st.sampled_from(["stop", "length", "timeout"]), st.integers(0), st.integers(0)
    ),
    draft=st.none() | st.builds(Draft, texts, texts, texts),
    outcome=st.sampled_from(["ok", "compile_error", "no_testbench"]),
    reason=texts,
    log=texts,
    diagnostics=st.lists(texts, max_size=2).map(tuple),
    tallies=st.dictionaries(texts, st.builds(Tally, st.integers(0), st.integers(0)), max_size=2),
    uncovered=st.lists(texts, max_size=2).map(tuple),
    simulated=st.booleans(),
)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return gate_task(tmp_path_factory.mktemp("gate"))


def record(
    path: Path, task: Task, script: Answer, options: ProtocolOptions = OPTIONS, **more: Any
) -> ProtocolRun:
    """A run that is recorded."""
    with model_server(script) as server:
        model = open_model("scripted", server=server.base_url)
        try:
            return run_recorded(path, task, model, options, **more)
        finally:
            model.close()


def run_recorded(
    path: Path, task: Task, model: Model, options: ProtocolOptions, **more: Any
) -> ProtocolRun:
    with Recorder(path) as recorder:
        return run_protocol(task, model, options, recorder=recorder, **more)


def replay(recorded: Path, path: Path, task: Task) -> ProtocolRun:
    """The recorded run again, recorded itself."""
    trajectory = read_trajectory(recorded)
    model = RecordedModel(trajectory)
    options = recorded_options(trajectory.header)
    return run_recorded(path, task, model, options, judged=model.judging(bounded_judge(options)))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, task: Task) -> tuple[Path, ProtocolRun]:
    """A run through many branches, and its file."""
    path = tmp_path_factory.mktemp("recorded") / "run.jsonl"
    answers = in_turn(NOTHING, BROKEN, SYSTEM, SOME, LESS)
    return path, record(path, task, answers, replace(OPTIONS, rounds=5))


def test_it_holds_every_round_as_it_was(recorded: tuple[Path, ProtocolRun]) -> None:
    path, run = recorded
    trajectory = read_trajectory(path)
    assert recorded_options(trajectory.header) == replace(OPTIONS, rounds=5)
    assert trajectory.header.model == "scripted"
    assert trajectory.end == End("rounds", best=4)
    assert len(trajectory.steps) == len(run.rounds)
    for step, done in zip(trajectory.steps, run.rounds, strict=True):
        assert step == replace(
            step_of(done),
            simulator_s=step.simulator_s,
            simulator_cpu_s=step.simulator_cpu_s,
        )
        assert step.messages == done.request.messages
        assert step.reply.text == done.reply.text
    some = trajectory.steps[3]
    assert some.tallies["toggle"] == Tally(3, 6)
    assert len([bin_ for bin_ in some.uncovered if bin_.startswith("toggle:gate.sv:1:")]) == 3
    assert len({step.state for step in trajectory.steps}) == 5


def test_no_path_of_this_machine_stands_in_it(
    recorded: tuple[Path, ProtocolRun], task: Task
) -> None:
    text = recorded[0].read_text()
    assert str(task.elaboration.design.root) not in text
    assert str(Path.home()) + "/" not in text
    assert '"/' not in text


def test_nothing_is_kept_twice(recorded: tuple[Path, ProtocolRun]) -> None:
    text = recorded[0].read_text()
    assert text.count("assign y = a & b") == 1
    assert text.count("covers less") == 1


def test_a_replay_is_the_same_byte_for_byte(
    recorded: tuple[Path, ProtocolRun], task: Task, tmp_path: Path
) -> None:
    run = replay(recorded[0], tmp_path / "again.jsonl", task)
    assert (tmp_path / "again.jsonl").read_bytes() == recorded[0].read_bytes()
    assert run.attempts == recorded[1].attempts
    assert run.seconds == recorded[1].seconds


@pytest.mark.parametrize("end", ["model", "cancelled", "seconds", "tokens"])
def test_so_is_the_replay_of_a_run_that_ended_early(task: Task, tmp_path: Path, end: str) -> None:
    cancel = threading.Event()

    def script(_request: Mapping[str, Any], n_call: int) -> Script:
        if n_call == 0:
            return Script(NOTHING)
        if end == "cancelled":
            cancel.set()
            return Script(ALL, delay_s=30)
        if end == "model":
            return Script(status=400, message="no more")
        return Script("words " * 999, pace_s=0.01 if end == "seconds" else 0)

    options = replace(
        OPTIONS,
        rounds=9,
        budget_s=1.0 if end == "seconds" else None,
        budget_tokens=40 if end == "tokens" else None,
    )
    run = record(tmp_path / "first.jsonl", task, script, options, cancelled=cancel.is_set)
    assert run.stopped == end
    again = replay(tmp_path / "first.jsonl", tmp_path / "again.jsonl", task)
    assert again.stopped == end
    first = (tmp_path / "first.jsonl").read_bytes()
    assert (tmp_path / "again.jsonl").read_bytes() == first


def test_how_far_a_run_came_that_hung_is_taken_from_the_recording(
    task: Task, tmp_path: Path
) -> None:
    options = replace(OPTIONS, rounds=2, timeout_s=0.5)
    run = record(tmp_path / "first.jsonl", task, in_turn(TALKATIVE, NOTHING), options)
    assert [attempt.outcome for attempt in run.attempts] == ["timeout", "no_testbench"]
    replay(tmp_path / "first.jsonl", tmp_path / "again.jsonl", task)
    first = (tmp_path / "first.jsonl").read_bytes()
    assert (tmp_path / "again.jsonl").read_bytes() == first


def test_a_changed_design_is_an_error_that_names_the_round(
    recorded: tuple[Path, ProtocolRun], tmp_path: Path
) -> None:
    task = gate_task(tmp_path)
    files = tuple(replace(f, text=f.text.replace("a & b", "a | b")) for f in task.files)
    with pytest.raises(TrajectoryError, match="round 1: the prompt is not the one") as caught:
        replay(recorded[0], tmp_path / "again.jsonl", replace(task, files=files))
    assert "changed since" in caught.value.hint


def test_a_simulator_that_answers_otherwise_is_an_error_in_the_next_round(
    recorded: tuple[Path, ProtocolRun], tmp_path: Path, task: Task
) -> None:
    trajectory = read_trajectory(recorded[0])
    model = RecordedModel(trajectory)
    options = recorded_options(trajectory.header)
    judge = bounded_judge(options)

    def other(draft: Draft, task: Task) -> Any:
        return replace(judge(draft, task), outcome="refused", feedback=None, reason="not today")

    with pytest.raises(TrajectoryError, match="round 3"):
        run_recorded(tmp_path / "again.jsonl", task, model, options, judged=other)


def test_a_run_that_is_cut_short_keeps_its_rounds_and_can_be_replayed(
    recorded: tuple[Path, ProtocolRun], tmp_path: Path, task: Task
) -> None:
    lines = recorded[0].read_text().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_text("".join(lines[:3]) + lines[3][:100])
    trajectory = read_trajectory(part)
    assert (len(trajectory.steps), trajectory.end) == (2, None)
    run = replay(part, tmp_path / "again.jsonl", task)
    assert (run.stopped, len(run.rounds)) == ("cancelled", 2)


def test_each_round_is_in_the_file_when_it_is_over(task: Task, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    seen: list[int] = []

    def script(_request: Mapping[str, Any], _n_call: int) -> Script:
        seen.append(len(read_trajectory(path).steps))
        return Script(NOTHING)

    record(path, task, script)
    assert seen == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=3), st.none() | st.builds(End, texts, texts), st.data())
def test_whatever_is_written_is_read_as_far_as_it_is_whole(
    tmp_path_factory: pytest.TempPathFactory, some: list[Step], end: End | None, data: st.DataObject
) -> None:
    lines = [header_line(HEADER)]
    for index, step in enumerate(some):
        lines.append(step_line(step, some[index - 1].messages if index else ()))
    lines += [end_line(end)] if end else []
    path = tmp_path_factory.mktemp("any") / "run.jsonl"
    path.write_text("".join(lines))
    assert read_trajectory(path) == Trajectory(HEADER, tuple(some), end)
    whole = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[whole]) - 1))
    path.write_text("".join(lines[:whole]) + lines[whole][:cut])
    if whole:
        assert read_trajectory(path).steps == tuple(some[: whole - 1])
    else:
        with pytest.raises(TrajectoryError, match="no trajectory"):
            read_trajectory(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no trajectory"),
        (b"\n", "no trajectory"),
        (b"[1]\n", "no trajectory"),
        (b'{"format": "benchwright-run", "version": 1}\n', "no trajectory"),
        (b"\xff\xfe\n", "no UTF-8 text"),
        (b"[" * 100_000 + b"\n", "no trajectory"),
        (header_line(HEADER).replace('"version": 1', '"version": 2').encode(), "of version 2"),
        (header_line(HEADER).replace('"version": 1', '"version": "x"').encode(), "of version x"),
        (header_line(HEADER).replace('"task"', '"tusk"').encode(), "header is damaged"),
        (header_line(HEADER).encode() + b"garbage\n" + b"{}\n", "damaged"),
        (header_line(HEADER).encode() + b"{}\n", "damaged: KeyError"),
        (header_line(HEADER).encode() + b"7\n", "damaged"),
    ],
)
def test_what_is_no_trajectory_is_refused_with_its_place(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(TrajectoryError, match=says) as caught:
        read_trajectory(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_damaged_options_are_errors_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(TrajectoryError, match="No such file"):
        read_trajectory(tmp_path / "none.jsonl")
    with pytest.raises(TrajectoryError, match="options of the trajectory are damaged"):
        recorded_options(replace(HEADER, options={"sampling": {}, "rounds": 3, "more": 1}))


def test_a_folder_that_is_missing_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        Recorder(tmp_path / "none" / "run.jsonl")


def test_lines_are_plain_json_with_the_prompt_in_parts(recorded: tuple[Path, ProtocolRun]) -> None:
    values = [json.loads(line) for line in recorded[0].read_text().splitlines()]
    assert [next(iter(value)) for value in values] == ["format", *["round"] * 5, "stopped"]
    assert values[1]["messages"][0]["same"] == 0
    assert all(value["messages"][0]["text"] == "" for value in values[2:6])
    assert set(values[4]["draft"]) == {"filename", "top", "at"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no Linux")
def test_a_disk_that_is_full_is_said() -> None:
    with pytest.raises(OutputError, match="cannot be written"), Recorder(Path("/dev/full")) as one:
        one.end(End("rounds"))
