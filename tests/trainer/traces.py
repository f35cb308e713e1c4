"""Traces made of plain figures, for what selects, filters and stores them."""

from __future__ import annotations

from typing import Any

from benchwright_agent.models.model import Message
from benchwright_agent.protocol.task import Outcome
from benchwright_trainer.rollouts.trace import Judged, Trace

PROMPT = (Message("system", "Write a testbench."), Message("user", "module m; endmodule"))


def ran(pct: int, text: str = "", **tallies: tuple[int, int]) -> Judged:
    """A testbench that covers so many of a hundred lines, and further metrics as given."""
    return Judged(text or f"tb {pct}", "ok", {"line": (pct, 100)} | tallies)


def failed(outcome: Outcome = "compile_error", text: str = "broken") -> Judged:
    """A testbench that does not come to its end."""
    return Judged(text, outcome, {}, "tb.sv:1: it is wrong")


def direct(key: str, after: Judged, **fields: Any) -> Trace:
    """An answer from s_0; the design is the first part of its key."""
    return _trace(key, "direct", None, after, fields)


def agentic(key: str, before: Judged, after: Judged, **fields: Any) -> Trace:
    """An answer from a state, which the prompt shows."""
    prompt = (*PROMPT, Message("user", before.text))
    return _trace(key, "agentic", before, after, {"prompt": prompt} | fields)


def _trace(
    key: str, kind: str, before: Judged | None, after: Judged, fields: dict[str, Any]
) -> Trace:
    values: dict[str, Any] = {
        "key": key,
        "design": key.partition("/")[0],
        "kind": kind,
        "intermediate": "student" if before else "",
        "transition": "loop",
        "before": before,
        "prompt": PROMPT,
        "answer": f"tb.sv\n```systemverilog\n{after.text}\n```",
        "after": after,
        "design_tokens": 500,
    }
    return Trace(**(values | fields))
