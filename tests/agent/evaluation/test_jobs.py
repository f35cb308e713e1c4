"""One job: what a model's testbenches, a search and a bad row come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from benchwright_agent.evaluation.jobs import Job, run_job
from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import (
    Done,
    Failure,
    Outcome,
    outcome_from_json,
    outcome_to_json,
)
from benchwright_agent.evaluation.rows import Row
from benchwright_agent.models.model import Borrowed, ModelError, Reply, Request
from benchwright_agent.models.served.openai_server import OpenAIServer
from tests.agent.evaluation import scripted
from tests.agent.evaluation.small import row, target
from tests.built import ROOT
from tests.model_script import Script
from tests.model_server import model_server

DIRECT = EvalOptions(rounds=1, samples=1, ks=(1,))
SEARCH = EvalOptions(policy="search", samples=1, ks=(1,), budget_s=None, budget_cycles=20_000)


def done(job: Job, script: Callable[[Mapping[str, Any], int], Script]) -> Done:
    """A job with a scripted model."""
    with model_server(script) as server:
        model = OpenAIServer("scripted", base_url=server.base_url)
        result = run_job(job, model)
        model.close()
    assert isinstance(result, Done)
    assert outcome_from_json(outcome_to_json(result.outcome)) == result.outcome
    return result


def outcome(found: Row, options: EvalOptions = DIRECT) -> Outcome:
    """Of a model that is good."""
    return done(Job(found, 0, options), scripted.always_good).outcome


def test_a_good_testbench_passes() -> None:
    result = done(Job(row("counter"), 0, DIRECT), scripted.always_good)
    found = result.outcome
    assert (found.status, found.passed, found.targets) == ("ok", True, (1, 0, 0))
    assert found.average is not None
    assert found.average > 0.9
    assert (found.simulations, found.rounds) == (1, 1)
    assert found.prompt_tokens > 0
    assert found.new_tokens > 0
    assert sorted(result.files) == [
        "testbenches/ours_counter_0001-1.sv",
        "trajectories/ours_counter_0001-1.jsonl",
    ]
    assert result.files["testbenches/ours_counter_0001-1.sv"] == scripted.bench_text("counter")


@pytest.mark.parametrize(
    ("kind", "status"), [("broken", "compile_error"), ("empty", "no_testbench")]
)
def test_what_does_not_run_fails(kind: scripted.Kind, status: str) -> None:
    script = lambda request, n: scripted.reply("gate", kind)  # noqa: E731 - a script, one line
    found = done(Job(row("gate"), 0, DIRECT), script).outcome
    assert (found.status, found.passed) == (status, False)
    assert found.average == 0


class Unwanted(Borrowed):
    """A model whose caller wants nothing more."""

    def answer(self, request: Request, **_: Any) -> Reply:
        """Cut short before its first word."""
        return super().answer(request, cancelled=lambda: True)


def test_a_job_that_is_stopped_before_its_first_round_has_no_testbench() -> None:
    with model_server(scripted.always_good) as server:
        model = OpenAIServer("scripted", base_url=server.base_url)
        result = run_job(Job(row("gate"), 0, DIRECT), Unwanted(model))
        model.close()
    assert isinstance(result, Done)
    assert (result.outcome.status, result.outcome.rounds) == ("stopped", 0)


def test_a_testbench_without_the_design_fails() -> None:
    text = "module tb;\n  if (0) gate dut (.a(0), .b(0), .y());\n  initial $finish;\nendmodule\n"
    script = lambda request, n: Script(f"```systemverilog\n{text}```\n")  # noqa: E731 - as above
    found = done(Job(row("gate"), 0, DIRECT), script).outcome
    assert (found.status, found.passed, found.simulations) == ("runtime_error", False, 1)
    assert found.average == 0


def test_the_best_of_the_rounds_counts() -> None:
    def script(request: Mapping[str, Any], n_call: int) -> Script:
        return scripted.reply("counter", ("weak", "good", "weak")[n_call])

    options = replace(DIRECT, rounds=3)
    targets = [target("Toggle"), target("Overall Average", 99)]
    result = done(Job(row("counter", targets=targets), 0, options), script)
    assert result.outcome.targets == (2, 0, 0)
    assert result.outcome.rounds >= 2
    (text,) = [text for name, text in result.files.items() if name.endswith(".sv")]
    assert text == scripted.bench_text("counter")


def test_of_two_testbenches_the_one_that_passes_counts() -> None:
    weak = scripted.bench_text("pair", 2).replace("a = i[1]; b = i[2];", "a = ~clk;")

    def script(request: Mapping[str, Any], n_call: int) -> Script:
        text = weak if n_call else scripted.bench_text("pair").replace("a = i[1];", "")
        return Script(f"filename: tb_pair.sv\n```systemverilog\n{text}```\n")

    targets = [target("Toggle", 40, "u_fast")]
    found = done(Job(row("pair", targets=targets), 0, replace(DIRECT, rounds=2)), script)
    assert found.outcome.passed is True


def test_an_instance_inside_has_targets_of_its_own() -> None:
    targets = [
        target("Block", 100, "u_fast"),
        target("Block", 100, "tb.dut.u_slow"),
        target("Fsm", 100, "u_fast"),
        target("Functional Average"),
    ]
    found = outcome(row("pair", targets=targets))
    assert (found.passed, found.targets) == (True, (2, 0, 2))

    def half(request: Mapping[str, Any], n_call: int) -> Script:
        text = scripted.bench_text("pair").replace("b = i[2];", "")
        return Script(f"filename: tb_pair.sv\n```systemverilog\n{text}```\n")

    found = done(Job(row("pair", targets=targets), 0, DIRECT), half).outcome
    assert (found.status, found.passed, found.targets) == ("ok", False, (1, 1, 2))


def test_targets_that_do_not_apply_leave_no_verdict() -> None:
    assert outcome(row("gate", targets=[target("Fsm", 0)])).passed is None


@pytest.mark.parametrize("kind", ["broken", "empty"])
def test_targets_apply_to_the_design_whether_or_not_a_testbench_runs(kind: scripted.Kind) -> None:
    script = lambda request, n: scripted.reply("pair", kind)  # noqa: E731 - a script, one line

    def failed(*targets: Mapping[str, Any]) -> Outcome:
        return done(Job(row("pair", targets=list(targets)), 0, DIRECT), script).outcome

    found = failed(target("Fsm", 0), target("Fsm", 0, "u_slow"))
    assert (found.passed, found.targets, found.applies) == (None, (0, 0, 2), False)
    found = failed(target("Fsm"), target("Block", 0), target("Block", 80, "u_slow"))
    assert (found.passed, found.targets, found.applies) == (False, (0, 2, 1), True)


def test_a_prompt_that_does_not_fit_misses_the_targets_that_apply() -> None:
    options = replace(DIRECT, context_tokens=100)
    with model_server(scripted.always_good) as server:
        model = OpenAIServer("scripted", base_url=server.base_url, context_tokens=100)
        result = run_job(Job(row("gate"), 0, options), model)
        model.close()
    assert isinstance(result, Done)
    found = result.outcome
    assert (found.status, found.passed, found.targets) == ("context", False, (0, 1, 0))


def test_targets_apply_to_a_design_that_ends_every_run() -> None:
    text = "module gate (input a, b, output y);\nassign y = a & b;\ninitial $fatal;\nendmodule\n"
    bad = row("gate", rtl_files=[{"name": "gate.sv", "content": text}])
    found = outcome(bad)
    assert (found.status, found.passed, found.targets) == ("runtime_error", False, (0, 1, 0))


def test_a_row_without_targets_has_the_one_asked_for() -> None:
    bare = row("gate", targets=[])
    assert outcome(bare, replace(DIRECT, target_pct=100)).targets == (1, 0, 0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row("broken"), "broken.sv:2"),
        (row("gate", dut_module_name="gates"), "gates"),
        (row("gate", targets=[target("Block", 9, "u_none")]), "no instance called 'u_none'"),
    ],
)
def test_a_bad_row_is_an_error_of_its_own(bad: Row, says: str) -> None:
    found = outcome(bad)
    assert found.status == "row_error"
    assert says in found.error
    assert "benchwright-eval" not in found.error


def test_a_design_that_verilator_refuses_is_the_rows_fault() -> None:
    text = "module gate (input wire a, b, output wire y);\n  rnmos n (y, a, b);\nendmodule\n"
    bad = row("gate", rtl_files=[{"name": "gate.sv", "content": text}])
    for found in (outcome(bad), outcome(bad, SEARCH)):
        assert found.status == "row_error"
        assert "Verilator does not accept the design" in found.error
        assert "gate.sv:2" in found.error


def test_the_search_is_evaluated_by_the_same_measure() -> None:
    job = Job(row("pair", targets=[target("Block", 100, "u_slow")]), 0, SEARCH)
    first, second = run_job(job, None), run_job(job, None)
    assert first == second
    assert isinstance(first, Done)
    assert (first.outcome.status, first.outcome.passed) == ("ok", True)
    assert first.outcome.closed[0] > 0
    assert list(first.files) == ["testbenches/ours_pair_0001-1.sv"]


def test_the_model_helps_the_loop_where_search_leaves_something() -> None:
    options = replace(SEARCH, policy="default", budget_cycles=200, model_budget_s=None)
    text = (ROOT / "tests" / "rtl" / "deep_counter.sv").read_text()
    deep = row("gate", rtl_files=[{"name": "a.sv", "content": text}], dut_module_name="")
    result = done(Job(deep, 0, options), lambda request, n: Script("no stimulus"))
    assert result.outcome.status == "ok"
    assert result.outcome.new_tokens > 0
    assert "trajectories/ours_gate_0001-1.jsonl" in result.files


def test_a_model_that_does_not_help_the_loop_is_nobodys_result() -> None:
    options = replace(SEARCH, policy="default", budget_cycles=200)
    with model_server(scripted.always_good, key="secret") as server:
        model = OpenAIServer("scripted", base_url=server.base_url, api_key="wrong")
        deep = (ROOT / "tests" / "rtl" / "deep_counter.sv").read_text()
        bad = row("gate", rtl_files=[{"name": "a.sv", "content": deep}], dut_module_name="")
        result = run_job(Job(bad, 0, options), model)
        model.close()
    assert isinstance(result, Failure)


def test_a_model_that_does_not_serve_is_nobodys_result() -> None:
    with model_server(scripted.always_good, key="secret") as server:
        model = OpenAIServer("scripted", base_url=server.base_url, api_key="wrong")
        result = run_job(Job(row("gate"), 0, DIRECT), model)
        model.close()
    assert isinstance(result, Failure)
    assert isinstance(result.error(), ModelError)
    assert not result.lost


def test_an_odd_id_makes_a_plain_file_name() -> None:
    job = Job(row("gate", id="../rtl/ä b" + "x" * 300), 4, DIRECT)
    assert "/" not in job.filename
    assert job.filename.endswith("x-5")
    assert len(job.filename) < 200
