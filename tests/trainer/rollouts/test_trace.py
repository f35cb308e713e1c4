"""Traces as data: what is written is read again, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.model import Message
from benchwright_sim.errors import OutputError
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.rollouts.trace import (
    Judged,
    Trace,
    read_traces,
    trace_from_json,
    trace_to_json,
    write_traces,
)

RAN = Judged("module tb; endmodule\n", "ok", {"line": (3, 4), "toggle": (0, 2)})
BROKEN = Judged("module", "compile_error", reason="syntax error, Grüße\u2028")
TRACE = Trace(
    key="a/b/agentic/2/0",
    design="a/b",
    kind="agentic",
    intermediate="student",
    transition="teacher",
    before=BROKEN,
    prompt=(Message("system", "s"), Message("user", "ü\n")),
    answer="filename: tb.sv\n```systemverilog\nmodule tb; endmodule\n```\n",
    after=RAN,
    design_tokens=17,
)


def test_the_score_is_the_mean_of_metrics_and_0_where_nothing_ran() -> None:
    assert RAN.score == Fraction(3, 8)
    assert BROKEN.score == 0
    assert (RAN.ran, BROKEN.ran) == (True, False)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    n_traces, sha256 = write_traces(path, [TRACE, TRACE])
    assert n_traces == {"direct": 0, "agentic": 2, "stimulus": 0}
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(read_traces(path)) == [TRACE, TRACE]
    assert [each.name for each in tmp_path.iterdir()] == ["traces.jsonl"]


def test_the_order_of_metrics_does_not_show() -> None:
    turned = Judged(RAN.text, "ok", {"toggle": (0, 2), "line": (3, 4)})
    texts = {json.dumps(trace_to_json(_with(after))) for after in (RAN, turned)}
    assert len(texts) == 1


def _with(after: Judged) -> Trace:
    data = trace_to_json(TRACE)
    return Trace(**{name: getattr(TRACE, name) for name in data} | {"after": after})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "best"}, "legal: direct, agentic, stimulus"),
        ({"after": {**trace_to_json(TRACE)["after"], "outcome": "fine"}}, "legal: ok, "),
        ({"prompt": [{"role": "boss", "content": ""}]}, "legal: system, user, assistant"),
        ({"design_tokens": "many"}, "invalid literal"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    data = trace_to_json(TRACE) | change
    with pytest.raises(ValueError, match=said):
        trace_from_json(data)
    path = tmp_path / "traces.jsonl"
    path.write_text(json.dumps(trace_to_json(TRACE)) + "\n" + json.dumps(data) + "\n")
    with pytest.raises(TrainerError, match=said) as error:
        list(read_traces(path))
    assert error.value.location is not None
    assert error.value.location.line == 2


@pytest.mark.parametrize("line", ["", "nonsense", "[]", "{}", "1", "[" * 100_000])
def test_another_line_is_no_trace(tmp_path: Path, line: str) -> None:
    path = tmp_path / "traces.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(TrainerError, match="no trace"):
        list(read_traces(path))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="cannot be read"):
        list(read_traces(tmp_path / "traces.jsonl"))
    with pytest.raises(OutputError, match="cannot be written"):
        write_traces(tmp_path / "no" / "traces.jsonl", [TRACE])
