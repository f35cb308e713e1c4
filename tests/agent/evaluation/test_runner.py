"""An evaluation: the same result in every order, at any number of workers, killed or not."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.evaluation.jobs import Job
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Done, Outcome
from benchwright_agent.evaluation.pool import run_locally
from benchwright_agent.evaluation.runner import evaluate_suite
from benchwright_agent.evaluation.suites import Suite
from benchwright_agent.evaluation.tables import result_text
from benchwright_agent.models.served.openai_server import OpenAIServer
from benchwright_sim.errors import OutputError
from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import row, target
from tests.model_server import ModelServer, model_server

SUITE = Suite(
    "ours",
    (
        row("counter", targets=[target("Overall Average"), target("Fsm")]),
        row("pair", targets=[target("Block", 100, "u_slow")]),
        row("gate"),
        row("broken"),
    ),
)
OPTIONS = EvalOptions(rounds=1, samples=3, ks=(1, 3))


def evaluated(server: ModelServer, folder: Path, *, n_workers: int) -> str:
    """The suite with a server's model; the result's text."""
    model = OpenAIServer("scripted", base_url=server.base_url)
    backend = partial(run_locally, model=model, n_workers=n_workers, one_at_a_time=False)
    evaluation = evaluate_suite(SUITE, OPTIONS, folder, backend, model=model.name)
    model.close()
    return result_text(evaluation)


def without_times(text: str) -> str:
    """A result without the fields that hold times."""
    return "\n".join(line for line in text.splitlines() if '"seconds"' not in line)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One evaluation by one worker: its folder and the result's text."""
    folder = tmp_path_factory.mktemp("evaluations") / "whole"
    with model_server(scripted.mixed) as server:
        return folder, evaluated(server, folder, n_workers=1)


def test_every_kind_of_end_is_in_the_result(whole: tuple[Path, str]) -> None:
    summary: dict[str, Any] = json.loads(whole[1])["summary"]
    assert summary["rows"] == 4
    assert list(summary["row_errors"]) == ["ours_broken_0001"]
    assert summary["samples"] == 9
    assert set(summary["statuses"]) == {"ok", "compile_error"}
    assert 0 < summary["cov_pass"]["value"] < 100
    assert summary["pass_at"]["1"] == summary["cov_pass"]
    assert summary["pass_at"]["3"]["value"] >= summary["cov_pass"]["value"]
    assert summary["targets"][2] > 0


def test_the_number_of_workers_does_not_matter(whole: tuple[Path, str], tmp_path: Path) -> None:
    with model_server(scripted.mixed) as server:
        text = evaluated(server, tmp_path / "eval", n_workers=4)
    assert without_times(text) == without_times(whole[1])
    kept = [
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        for folder in (whole[0], tmp_path / "eval")
    ]
    assert kept[0] == kept[1]


def test_what_is_done_is_not_done_again(whole: tuple[Path, str]) -> None:
    with model_server(scripted.mixed) as server:
        text = evaluated(server, whole[0], n_workers=2)
        assert server.requests == []
    assert without_times(text) == without_times(whole[1])


def test_an_evaluation_goes_on_where_it_broke_off(whole: tuple[Path, str], tmp_path: Path) -> None:
    with model_server(scripted.mixed) as server:
        model = OpenAIServer("scripted", base_url=server.base_url)

        def breaking(jobs: Sequence[Job]) -> Generator[Done]:
            for n, done in enumerate(run_locally(jobs, model, n_workers=2, one_at_a_time=False)):
                if n == 5:
                    raise KeyboardInterrupt
                yield done

        with pytest.raises(KeyboardInterrupt):
            evaluate_suite(SUITE, OPTIONS, tmp_path / "eval", breaking, model="scripted")
        model.close()
        lines = (tmp_path / "eval" / "jobs.jsonl").read_text().splitlines()
        assert len(lines) == 6
        text = evaluated(server, tmp_path / "eval", n_workers=2)
    assert without_times(text) == without_times(whole[1])
    lines = (tmp_path / "eval" / "jobs.jsonl").read_text().splitlines()
    assert len(lines) == 13
    assert len({(json.loads(x)["id"], json.loads(x)["sample"]) for x in lines[1:]}) == 12


def test_another_model_does_not_go_on(whole: tuple[Path, str]) -> None:
    with pytest.raises(OutputError, match="other terms") as error:
        evaluate_suite(
            SUITE, OPTIONS, whole[0], partial(run_locally, model=None, n_workers=1), model="another"
        )
    assert error.value.details == ("model: 'scripted' then, 'another' now",)


def test_another_model_of_the_same_name_does_not_go_on(whole: tuple[Path, str]) -> None:
    backend = partial(run_locally, model=None, n_workers=1)
    with pytest.raises(OutputError, match="other terms") as error:
        evaluate_suite(SUITE, OPTIONS, whole[0], backend, model="scripted", model_digest="12ab")
    assert error.value.details == ("model_digest: None then, '12ab' now",)


def test_what_goes_wrong_with_an_outcome_ends_the_backend_first(tmp_path: Path) -> None:
    ended = []

    def backend(jobs: Sequence[Job]) -> Generator[Done]:
        try:
            for job in jobs:
                yield Done(job.failed("error", "none"))
        finally:
            ended.append(True)

    def give_up(outcome: Outcome, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        evaluate_suite(SUITE, OPTIONS, tmp_path, backend, model="m", on_outcome=give_up)
    assert caught.tb
    assert ended
