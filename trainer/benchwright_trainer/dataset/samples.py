"""One row of a data set: what the student is shown, what it shall answer, and where that is from.

Prompt and completion are chat messages in trl's conversational form, so that only the completion
is learnt (LLM4Cov, section 3.4: the final answer alone).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

from benchwright_trainer.rollouts.trace import Trace

if TYPE_CHECKING:
    import pyarrow as pa


class ChatMessage(TypedDict):
    """One turn."""

    role: str
    content: str


class Sample(TypedDict):
    """A row; coverage is from 0 to 1, and 0 where a testbench does not run or there is none.

    Keys:
        key: unique in the data set.
        design: id of the design.
        kind: of trace.
        intermediate, transition: names of the policies.
        design_tokens: of the design.
        outcome_before: how the state's testbench ended, empty in s_0.
        outcome: how the answer's testbench ended.
        coverage_before, coverage: of both.
        prompt, completion: messages.
    """

    key: str
    design: str
    kind: str
    intermediate: str
    transition: str
    design_tokens: int
    outcome_before: str
    outcome: str
    coverage_before: float
    coverage: float
    prompt: list[ChatMessage]
    completion: list[ChatMessage]


def sample_of(trace: Trace) -> Sample:
    """A trace as a row; what is no character of Unicode (lone surrogates) becomes `?`."""
    before = trace.before
    return Sample(
        key=_clean(trace.key),
        design=_clean(trace.design),
        kind=trace.kind,
        intermediate=_clean(trace.intermediate),
        transition=_clean(trace.transition),
        design_tokens=trace.design_tokens,
        outcome_before=before.outcome if before else "",
        outcome=trace.after.outcome,
        coverage_before=float(before.score) if before else 0.0,
        coverage=float(trace.after.score),
        prompt=[ChatMessage(role=m.role, content=_clean(m.content)) for m in trace.prompt],
        completion=[ChatMessage(role="assistant", content=_clean(trace.answer))],
    )


def line_of(sample: Sample) -> bytes:
    """A row as canonical JSON and an end of line, for hashes."""
    return (json.dumps(sample, ensure_ascii=False, sort_keys=True) + "\n").encode()


def schema() -> pa.Schema:
    """Of the shards."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and an extra

    texts = ("key", "design", "kind", "intermediate", "transition")
    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("design_tokens", pa.int64()),
            ("outcome_before", pa.string()),
            ("outcome", pa.string()),
            ("coverage_before", pa.float64()),
            ("coverage", pa.float64()),
            ("prompt", messages),
            ("completion", messages),
        ]
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
