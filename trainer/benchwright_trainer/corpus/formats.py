"""A record of a data set -> a row, whichever of three formats the record has.

CVDP-ECov rows (LLM4Cov, section 5) have `rtl_files`. The others are questions with Verilog as the
answer, told by the fields that they have:

- CodeV-R1: `question` and `ground_truth` as lists of messages with a `problem_id`; or `prompt` and
  `response`; or, for reinforcement learning, `prompt` and `reward_model.ground_truth`, which holds
  JSON with the answer's `code`. Older files have a pickle there, which is refused: reading a pickle
  runs what its author wrote into it.
- VeriThoughts: `question` or `instruction`, and `ground_truth` or `output`. Where `verified` is
  false the question may not fit the design, and is left out.

Code is taken out of fences, thoughts and JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchwright_agent.evaluation.rows import Row, SuiteError, row_from_json
from benchwright_agent.protocol.task import SourceText
from benchwright_agent.replies.blocks import find_blocks
from benchwright_trainer.corpus.records import Record

DESIGN_FILE = "dut.sv"
SPEC_FILE = "design_requirements.txt"

_QUESTIONS = ("question", "instruction", "prompt")
_ANSWERS = ("ground_truth", "response", "output")
_DEPTH = 8
_PICKLE = re.compile(r"\x80[\x02-\x05]|gA[I-X]")
"""How pickles of protocols 2 to 5 begin, and the same in base64."""


class UnusableError(Exception):
    """A record that no design can be taken from; its text says why."""


def row_of(record: Record, name: str) -> Row:
    """The record as a row.

    Args:
        record: see the module.
        name: of the data set, with which ids begin where records have none of the whole set's.

    Raises:
        UnusableError: it has none of the formats, or holds no code.
    """
    value = record.value
    if not isinstance(value, Mapping):
        raise UnusableError(f"a row must be an object, not {type(value).__name__}")
    if "rtl_files" in value:
        try:
            return row_from_json(value, record.place)
        except SuiteError as error:
            raise UnusableError(error.message) from error
    code = _code(_answer(value))
    question = _question(value) if value.get("verified") is not False else ""
    return Row(
        id=f"{name}-{_key(value, record.number)}",
        files=(SourceText(DESIGN_FILE, code),),
        specs=(SourceText(SPEC_FILE, question),) if question.strip() else (),
        place=record.place,
    )


def _key(value: Mapping[str, Any], number: int) -> str:
    """What the record is called in its data set, else its number there."""
    info = value.get("extra_info")
    index = info.get("index") if isinstance(info, Mapping) else None
    for found in (value.get("problem_id"), value.get("id"), index):
        if isinstance(found, str | int) and str(found).strip() and str(found).isprintable():
            return str(found).strip()
    return str(number)


def _question(value: Mapping[str, Any]) -> str:
    """What was asked, without what the model was told in general."""
    asked = next((value[key] for key in _QUESTIONS if value.get(key)), "")
    if isinstance(asked, str):
        return asked
    turns = [turn for turn in asked if isinstance(turn, Mapping)]
    said = [turn.get("content") for turn in turns if turn.get("role") == "user"]
    return next((text for text in reversed(said) if isinstance(text, str)), "")


def _answer(value: Mapping[str, Any]) -> object:
    reward = value.get("reward_model")
    if isinstance(reward, Mapping) and reward.get("ground_truth"):
        return reward["ground_truth"]
    for key in _ANSWERS:
        if value.get(key):
            return value[key]
    if any(key in value for key in (*_QUESTIONS, *_ANSWERS)):
        raise UnusableError(f"none of the fields {', '.join(_ANSWERS)} holds an answer")
    fields = ", ".join(sorted(map(str, value))[:12]) or "none"
    raise UnusableError(
        "the row's format is not known: rtl_files, or a question with an answer"
        f" ({'/'.join(_QUESTIONS)} and {'/'.join(_ANSWERS)}) are; its fields are {fields}"
    )


def _code(answer: object) -> str:
    """The Verilog in an answer, however it is wrapped."""
    text = _text(answer)
    if _PICKLE.match(text):
        raise UnusableError(
            "the answer is a pickle, which is not read: that would run code of its author;"
            " convert it to JSON or text where you trust it"
        )
    code = _unfenced(text)
    if "module" not in code:
        raise UnusableError("the answer holds no module")
    return code if code.endswith("\n") else f"{code}\n"


def _text(answer: object) -> str:
    """What is left of an answer when fields, messages and JSON are taken off."""
    for _ in range(_DEPTH):
        if isinstance(answer, bytes):
            answer = _decoded(answer)
        if isinstance(answer, str):
            wrapped = _json_object(answer)
            if wrapped is None:
                return answer
            answer = wrapped
        if isinstance(answer, Mapping):
            fields = (answer[key] for key in ("code", "answer", "content") if answer.get(key))
            answer = next(fields, "")
        elif isinstance(answer, Sequence):
            answer = answer[0] if answer else ""
        else:
            raise UnusableError(f"the answer is {type(answer).__name__}, not text")
    raise UnusableError(f"the answer is wrapped more than {_DEPTH} times")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _json_object(text: str) -> Mapping[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None


def _unfenced(text: str) -> str:
    """Text that is code alone stays as it is; else the pieces of code in it."""
    if "```" not in text and "~~~" not in text and "</" not in text:
        return text
    return "\n\n".join(block.code.strip() for block in find_blocks(text))
