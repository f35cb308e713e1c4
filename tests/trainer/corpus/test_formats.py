"""Rows of the data sets that the paper names, as these write them."""

from __future__ import annotations

import base64
import json
import pickle

import pytest

from benchwright_trainer.corpus.formats import DESIGN_FILE, SPEC_FILE, UnusableError, row_of
from benchwright_trainer.corpus.records import Record
from tests.trainer.corpus.sample_designs import ANSWER, MUX, PARITY

CHAT = [
    {"role": "system", "content": "You are a Verilog expert."},
    {"role": "user", "content": "Write a parity generator."},
]
REWARD = {"answer": {"code": PARITY, "input_port_width": [["word", 16]]}}


def read(value: object, number: int = 7) -> tuple[str, str, str]:
    """Id, code and specification of the row that a record gives."""
    row = row_of(Record(value, f"rows.jsonl:{number}", number), "set")
    assert [file.name for file in row.files] == [DESIGN_FILE]
    assert [file.name for file in row.specs] in ([], [SPEC_FILE])
    return row.id, row.files[0].text, row.specs[0].text if row.specs else ""


@pytest.mark.parametrize(
    "value",
    [
        {"problem_id": 41, "question": CHAT, "ground_truth": [{"content": PARITY}]},
        {"problem_id": "41", "system": "...", "prompt": CHAT[1]["content"], "response": ANSWER},
        {
            "data_source": "codev",
            "prompt": CHAT,
            "ability": "verilog",
            "reward_model": {"style": "rule", "ground_truth": json.dumps(REWARD)},
            "extra_info": {"index": 41, "split": "train"},
        },
        {
            "prompt": CHAT,
            "reward_model": {"ground_truth": json.dumps(REWARD["answer"]).encode()},
            "extra_info": {"index": 41},
        },
    ],
)
def test_rows_of_codev_r1(value: object) -> None:
    key, code, spec = read(value)
    assert (key, spec) == ("set-41", "Write a parity generator.")
    assert code.strip() == PARITY.strip()


def test_rows_of_verithoughts() -> None:
    value = {"question": "A parity bit.", "ground_truth": PARITY, "verified": True}
    assert read(value) == ("set-7", PARITY, "A parity bit.")
    assert read(value | {"verified": False}) == ("set-7", PARITY, "")
    instruction = {"instruction": "A parity bit.", "output": ANSWER}
    assert read(instruction)[1].strip() == PARITY.strip()
    assert read(instruction)[2] == "A parity bit."


def test_rows_of_a_suite_keep_all_that_they_have() -> None:
    value = {
        "id": "mux_1",
        "rtl_files": [{"name": "rtl/mux.v", "content": MUX}],
        "dut_module_name": "mux",
        "meta": {"tokens": 3},
    }
    row = row_of(Record(value, "rows.jsonl:1", 1), "set")
    assert (row.id, row.module, row.files[0].name) == ("mux_1", "mux", "rtl/mux.v")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("encode", [bytes, base64.b64encode])
def test_a_pickle_is_refused_and_not_read(protocol: int, encode: type[bytes]) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (exec, ("raise SystemExit('the pickle was read')",))

    data = encode(pickle.dumps({"answer": Trap()}, protocol=protocol))
    for answer in (data, data.decode("latin-1")):
        with pytest.raises(UnusableError, match="the answer is a pickle, which is not read"):
            read({"prompt": CHAT, "reward_model": {"ground_truth": answer}})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("text", "must be an object, not str"),
        ({}, "format is not known.*its fields are none"),
        ({"a": 1, "b": 2}, "format is not known.*its fields are a, b"),
        ({"prompt": CHAT, "response": ""}, "holds an answer"),
        ({"question": "?", "ground_truth": "I cannot do that."}, "holds no module"),
        ({"question": "?", "ground_truth": 12}, "is int, not text"),
        ({"question": "?", "ground_truth": [[]]}, "holds no module"),
        ({"question": "?", "ground_truth": {"code": None}}, "holds no module"),
        ({"question": "?", "ground_truth": "[" * 5000}, "holds no module"),
        ({"question": "?", "ground_truth": [[[[[[[[[MUX]]]]]]]]]}, "wrapped more than 8 times"),
        ({"rtl_files": [], "id": "x"}, "rtl_files"),
        ({"rtl_files": [{"name": "../x.sv", "content": MUX}], "id": "x"}, "leads out"),
    ],
)
def test_what_holds_no_design_is_said(value: object, said: str) -> None:
    with pytest.raises(UnusableError, match=said):
        read(value)
