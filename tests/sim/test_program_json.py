"""Programs survive JSON unchanged, and what is no program is refused with its place."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from benchwright_sim.interface import Clock, Interface, Reset, Signal
from benchwright_sim.program_fit import check
from benchwright_sim.program_json import ProgramError, dumps, from_json, loads, to_json
from benchwright_sim.program_schema import SCHEMA
from benchwright_sim.stimulus import Drive, Driver, Program, Random, Segment, WaitFor
from tests.programs import programs

INTERFACE = Interface(
    "buffer",
    (),
    (),
    (
        Signal("clk", "clk", "input", 1),
        Signal("rst_n", "rst_n", "input", 1),
        Signal("data", "data", "input", 200),
        Signal("ready", "ready", "output", 1),
    ),
    (Clock("clk"),),
    (Reset("rst_n", 0, True),),
)
VALID: dict[str, Any] = {
    "version": 1,
    "segments": [
        {
            "name": "fill",
            "purpose": "Fills it.",
            "periods": {"clk": 2},
            "actions": [
                {"drive": {"data": 5, "rst_n": "0x1"}},
                {"cycles": 3},
                {"wait_for": {"signal": "ready", "value": 1, "timeout": 9}},
                {
                    "repeat": {
                        "n": 2,
                        "body": [
                            {
                                "random": {
                                    "n": 4,
                                    "seed": 7,
                                    "drivers": [
                                        {"input": "data", "mode": "choice", "values": [1, 2]},
                                        {"input": "data", "mode": "copy", "source": "rst_n"},
                                    ],
                                }
                            }
                        ],
                    }
                },
            ],
        }
    ],
    "run": ["fill", "fill"],
}
BROKEN: list[tuple[list[str | int], Any, str]] = [
    (["version"], 2, "version: expected 1, found 2"),
    (["version"], True, "version: expected 1, found true"),
    (["run"], ["empty"], 'run[0]: expected one of fill, found "empty"'),
    (["run"], "fill", 'run: expected a list, found "fill"'),
    (["extra"], 1, 'program: expected no other keys than version, segments, run, found "extra"'),
    (["segments"], {}, "segments: expected a list, found {}"),
    (["segments", 0, "name"], "module", "expected a SystemVerilog identifier that is no keyword"),
    (["segments", 0, "name"], "a b", "expected a SystemVerilog identifier that is no keyword"),
    (["segments", 0, "purpose"], None, "segments[0].purpose: expected text, found null"),
    (["segments", 0, "periods", "clk"], -1, "segments[0].periods.clk: expected an integer from 0"),
    (["segments", 0, "actions", 0], {}, "segments[0].actions[0]: expected an object with one key"),
    (["segments", 0, "actions", 0], {"drive": {}}, "expected at least one input, found {}"),
    (["segments", 0, "actions", 0, "drive", "data"], -1, "expected a number of at least 0"),
    (["segments", 0, "actions", 0, "drive", "data"], "12", 'or text like "0xff", found "12"'),
    (["segments", 0, "actions", 0, "drive", "data"], 1.5, "expected a number of at least 0"),
    (["segments", 0, "actions", 1, "cycles"], 0, "expected an integer from 1 to 4294967295"),
    (["segments", 0, "actions", 1, "cycles"], True, "actions[1].cycles: expected an integer"),
    (["segments", 0, "actions", 2, "wait_for", "timeout"], 2**32, "expected an integer from 1"),
    (["segments", 0, "actions", 3, "repeat", "body"], 1, "repeat.body: expected a list, found 1"),
]


def changed(path: list[str | int], value: Any) -> dict[str, Any]:
    result = deepcopy(VALID)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


def driver(**fields: Any) -> dict[str, Any]:
    action = {"random": {"n": 1, "seed": 1, "drivers": [fields]}}
    return changed(["segments", 0, "actions"], [action])


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(programs(INTERFACE))
def test_a_program_survives_json(program: Program) -> None:
    assert loads(dumps(program)) == program
    jsonschema.validate(to_json(program), SCHEMA)
    check(program, INTERFACE)


def test_the_schema_is_a_schema_and_takes_the_example() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(VALID, SCHEMA)
    assert from_json(VALID).segments[0].actions[0] == Drive((("data", 5), ("rst_n", 1)))


def test_wide_values_are_text() -> None:
    program = Program((Segment("s", "", (Drive((("data", 2**199),)),)),), ("s",))
    assert json.loads(dumps(program))["segments"][0]["actions"][0]["drive"]["data"] == hex(2**199)
    assert loads(dumps(program)) == program


@pytest.mark.parametrize(("path", "value", "message"), BROKEN)
def test_what_is_no_program_is_refused(path: list[str | int], value: Any, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        from_json(changed(path, value))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": "data", "mode": "noise"}, "mode: expected one of uniform, bias"),
        ({"input": "data", "mode": "choice"}, "expected values for mode choice"),
        ({"input": "data", "mode": "walk", "values": [1]}, "expected values for mode choice"),
        ({"input": "data", "mode": "copy"}, "expected an input for mode copy"),
        ({"input": "data", "mode": "bias", "amount": 257}, "expected 0 to 256 for bias"),
        ({"input": "data", "mode": "bias", "change": 0}, "change: expected an integer from 1"),
        ({"input": "data", "mode": ["bias"]}, "mode: expected one of"),
        ({"mode": "bias"}, "expected a key 'input'"),
    ],
)
def test_a_driver_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        from_json(driver(**fields))
    assert message in str(caught.value)


def test_deep_nesting_is_refused() -> None:
    action: dict[str, Any] = {"cycles": 1}
    for _ in range(5):
        action = {"repeat": {"n": 1, "body": [action]}}
    with pytest.raises(ProgramError, match="more than 4 deep"):
        from_json(changed(["segments", 0, "actions"], [action]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"run": [], "run": []}', "names 'run' twice"),
        ("[]", "program: expected an object"),
        ('{"version": NaN, "segments": [], "run": []}', "version: expected 1"),
    ],
)
def test_text_that_is_no_program_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        loads(text)
    assert message in str(caught.value)


def test_a_program_must_fit_the_interface() -> None:
    actions = (
        Drive((("clk", 1), ("rst_n", 2))),
        WaitFor("data", 1, 1),
        Random(1, 1, (("data", Driver("copy", source="ready")),)),
    )
    with pytest.raises(ProgramError) as caught:
        check(Program((Segment("s", "", actions, (("rst_n", 2),)),), ("s",)), INTERFACE)
    assert caught.value.details == (
        "s: 'rst_n' is no clock",
        "s: 'clk' is no input",
        "s: 0x2 does not fit the 1 bits of rst_n",
        "s: 'data' is no output",
        "s: 'ready' is no input",
    )
