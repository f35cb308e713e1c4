"""Rollouts end to end: the same bytes whoever does the jobs and whatever is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from benchwright_agent.evaluation.backend import on_cluster, on_this_machine
from benchwright_agent.evaluation.cluster import LOCAL
from benchwright_agent.evaluation.rows import Row
from benchwright_agent.evaluation.work import Source, Workers
from benchwright_agent.models.model import Model
from benchwright_sim.errors import OutputError
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.drawn import Drawn
from benchwright_trainer.rollouts.journal import JOURNAL
from benchwright_trainer.rollouts.options import RolloutOptions
from benchwright_trainer.rollouts.policies import Answer, ModelPolicy, Policies, Question
from benchwright_trainer.rollouts.rollout import TRACES, roll_out, sized
from benchwright_trainer.rollouts.summary import RolloutSummary
from benchwright_trainer.rollouts.tokens import estimate_tokens
from benchwright_trainer.rollouts.trace import read_traces
from tests.agent.evaluation.small import row
from tests.trainer.rollouts.scripted import ScriptedSource

ROWS = [row(name) for name in ("counter", "broken", "gate")]
OPTIONS = RolloutOptions(intermediate="student", drafts=4, direct=2, answers=2, seed=3)
POLICIES = Policies(
    ModelPolicy("teacher", ScriptedSource(("good", "weak")), rules=True),
    ModelPolicy("student", ScriptedSource()),
)
HERE = partial(on_this_machine, 1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the simulator for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, RolloutSummary]:
    """A rollout that nothing disturbed, by one worker."""
    folder = tmp_path_factory.mktemp("reference") / "rollouts"
    return folder, roll_out(ROWS, OPTIONS, POLICIES, folder, HERE, cache=cache)


def traces_of(folder: Path) -> bytes:
    """The result."""
    return (folder / TRACES).read_bytes()


def test_traces_are_of_both_kinds_and_executed(reference: tuple[Path, RolloutSummary]) -> None:
    folder, summary = reference
    traces = list(read_traces(folder / TRACES))
    assert Counter(trace.kind for trace in traces) == Counter(summary.traces)
    assert summary.traces["direct"] == 4
    assert summary.traces["agentic"] >= 4
    assert summary.jobs == {"ok": 4, "row_error": 2}
    assert summary.designs == 3
    assert len({trace.key for trace in traces}) == len(traces)
    for trace in traces:
        assert (trace.before is None) == (trace.kind == "direct") == (trace.intermediate == "")
        assert trace.transition == "teacher"
        assert trace.after.outcome == "ok"
        assert trace.after.text in trace.answer
        asked = trace.prompt[-1].content
        assert ("<feedback>" in asked) == (trace.kind == "agentic")
        assert "Mind these rules" not in trace.prompt[0].content
        if trace.before is not None:
            assert trace.before.text in asked
            assert trace.before.outcome in {"ok", "compile_error", "no_testbench"}
    states = [trace.before for trace in traces if trace.before is not None]
    assert any(not state.ran for state in states)


def test_the_summary_counts_what_was_spent(reference: tuple[Path, RolloutSummary]) -> None:
    folder, summary = reference
    spent = summary.spent
    assert spent.simulations + spent.hits > 0
    assert spent.prompt_tokens > spent.new_tokens > 0
    assert spent.cpu_s > 0
    assert 0 < summary.busy <= 1.5
    told = json.loads((folder / "summary.json").read_text())
    assert told["spent"]["simulations"] == spent.simulations
    assert told["sha256"] == summary.sha256


@pytest.mark.parametrize("n_workers", [3])
def test_any_number_of_workers_gives_the_same(
    tmp_path: Path, reference: tuple[Path, RolloutSummary], cache: Path, n_workers: int
) -> None:
    backend = partial(on_this_machine, n_workers)
    summary = roll_out(ROWS, OPTIONS, POLICIES, tmp_path, backend, cache=cache)
    assert traces_of(tmp_path) == traces_of(reference[0])
    assert summary.spent.simulations == 0


def test_a_design_alone_and_without_room_in_the_cache_gives_the_same(
    tmp_path: Path, reference: tuple[Path, RolloutSummary]
) -> None:
    cache = tmp_path / "cache"
    folder = tmp_path / "rollouts"
    summary = roll_out(ROWS[2:], OPTIONS, POLICIES, folder, HERE, cache=cache, cache_bytes=0)
    assert summary.spent.simulations > 0
    assert not [path for path in cache.rglob("*") if path.is_file()]
    lines = traces_of(reference[0]).splitlines(keepends=True)
    own = [line for line in lines if json.loads(line)["design"] == ROWS[2].id]
    assert traces_of(folder) == b"".join(own)


def test_a_cluster_gives_the_same(
    tmp_path: Path, reference: tuple[Path, RolloutSummary], cache: Path
) -> None:
    pytest.importorskip("ray")
    roll_out(ROWS, OPTIONS, POLICIES, tmp_path, partial(on_cluster, LOCAL), cache=cache)
    assert traces_of(tmp_path) == traces_of(reference[0])


def test_a_killed_worker_costs_nothing(
    tmp_path: Path, reference: tuple[Path, RolloutSummary], cache: Path
) -> None:
    killed: list[int] = []

    def kill(drawn: Drawn, done: int, total: int) -> None:
        for child in [] if killed else psutil.Process().children():
            if "spawn_main" in " ".join(child.cmdline()):
                child.kill()
                killed.append(child.pid)

    backend = partial(on_this_machine, 1)
    roll_out(ROWS, OPTIONS, POLICIES, tmp_path, backend, cache=cache, on_job=kill)
    assert killed
    assert traces_of(tmp_path) == traces_of(reference[0])


@dataclass(frozen=True)
class _Deadly(ModelPolicy):
    """Takes its worker down where it is asked about one design."""

    def answers(
        self, questions: Sequence[Question], model: Model | None
    ) -> Sequence[Sequence[Answer]]:
        """Those of a model on other designs."""
        if questions[0].state.task.module == "counter":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().answers(questions, model)


def test_a_design_that_kills_every_worker_costs_itself(tmp_path: Path, cache: Path) -> None:
    policies = Policies(_Deadly("teacher", ScriptedSource(("good",))))
    options = RolloutOptions(drafts=0)
    summary = roll_out([ROWS[0], ROWS[2]], options, policies, tmp_path, HERE, cache=cache)
    assert summary.jobs == {"crashed": 1, "ok": 1}
    assert {trace.design for trace in read_traces(tmp_path / TRACES)} == {ROWS[2].id}


def test_a_killed_run_goes_on_without_loss_or_repetition(
    tmp_path: Path, reference: tuple[Path, RolloutSummary], cache: Path
) -> None:
    folder, n_kills = tmp_path / "rollouts", 0
    for n_lines in (2, 5):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.trainer.rollouts.test_rollout", str(folder), str(cache)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        while process.poll() is None and _lines(folder) < n_lines:
            time.sleep(0.01)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            n_kills += 1
        process.wait()
    assert n_kills
    before = set((folder / JOURNAL).read_text().splitlines(keepends=True))
    roll_out(ROWS, OPTIONS, POLICIES, folder, HERE, cache=cache)
    assert traces_of(folder) == traces_of(reference[0])
    lines = (folder / JOURNAL).read_text().splitlines(keepends=True)
    keys = [json.loads(line)["key"] for line in lines[1:]]
    assert len(keys) == len(set(keys)) == 6
    assert {line for line in before if line.endswith("\n")} <= set(lines)


def _lines(folder: Path) -> int:
    path = folder / JOURNAL
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_finished_rollout_does_nothing_again(
    reference: tuple[Path, RolloutSummary],
) -> None:
    folder, summary = reference
    before = traces_of(folder)

    def nowhere(source: Source | None) -> AbstractContextManager[Workers]:
        raise AssertionError("no job is left")

    again = roll_out(ROWS, OPTIONS, POLICIES, folder, nowhere)
    assert traces_of(folder) == before
    assert again.spent == summary.spent
    assert again.traces == summary.traces


def test_other_terms_are_refused_by_name(reference: tuple[Path, RolloutSummary]) -> None:
    folder, _ = reference
    before = traces_of(folder)
    changed = replace(OPTIONS, seed=4, selection=replace(OPTIONS.selection, strategy="best"))
    with pytest.raises(OutputError, match="a rollout on other terms") as error:
        roll_out(ROWS, changed, POLICIES, folder, HERE)
    assert [line.partition(":")[0] for line in error.value.details] == ["seed", "selection"]
    with pytest.raises(OutputError, match="a rollout on other terms") as error:
        roll_out(ROWS[:2], OPTIONS, POLICIES, folder, HERE)
    assert error.value.details[0].startswith("designs: ")
    assert traces_of(folder) == before


@pytest.mark.parametrize(
    ("least", "most", "n_designs", "taken"),
    [
        (0, None, None, {"counter", "broken", "gate"}),
        (0, None, 1, {"counter"}),
        (20, None, 5, {"counter", "gate"}),
        (0, 19, None, {"broken"}),
    ],
)
def test_designs_are_taken_by_size(
    least: int, most: int | None, n_designs: int | None, taken: set[str]
) -> None:
    options = RolloutOptions(min_tokens=least, max_tokens=most, n_designs=n_designs)
    found = sized(ROWS, options, lambda text: len(text.split()))
    assert {each.id.split("_")[1] for each, _ in found} == taken
    assert all(n_tokens >= least for _, n_tokens in found)


def test_no_design_of_the_size_is_said() -> None:
    with pytest.raises(TrainerError, match="none of 3 designs has 10000 to any number of tokens"):
        sized(ROWS, RolloutOptions(min_tokens=10_000), estimate_tokens)


def test_two_designs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="'ours_gate_0001' is there twice"):
        roll_out([ROWS[2], ROWS[2]], OPTIONS, POLICIES, tmp_path, HERE)


@contextmanager
def without_compiler(source: Source | None) -> Iterator[Workers]:
    """A machine whose workers have no compiler that works."""
    with pytest.MonkeyPatch.context() as broken, HERE(source) as workers:
        broken.setenv("BENCHWRIGHT_CXX", "/bin/false")
        yield workers


def test_a_machine_that_fails_ends_the_run_and_is_gone_on_from(
    tmp_path: Path, reference: tuple[Path, RolloutSummary], cache: Path
) -> None:
    with pytest.raises(TrainerError, match="2 jobs failed by the machine") as error:
        roll_out(ROWS, OPTIONS, POLICIES, tmp_path, without_compiler, cache=cache)
    assert "go on by the same command" in error.value.hint
    assert "/bin/false" in error.value.details[0]
    roll_out(ROWS, OPTIONS, POLICIES, tmp_path, HERE, cache=cache)
    assert traces_of(tmp_path) == traces_of(reference[0])


def test_a_student_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="the rollouts ask the student"):
        roll_out(ROWS, OPTIONS, Policies(POLICIES.teacher), tmp_path, HERE)


def main() -> None:
    """The same rollout as a process of its own, to be killed."""
    folder, cache = Path(sys.argv[1]), Path(sys.argv[2])
    rows: list[Row] = ROWS
    roll_out(rows, OPTIONS, POLICIES, folder, partial(on_this_machine, 2), cache=cache)


if __name__ == "__main__":
    main()
