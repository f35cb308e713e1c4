"""Settings: what clients send, right and wrong."""

from __future__ import annotations

import pytest

from benchwright_server.settings import Settings, read_settings


def test_nested_and_dotted_keys_are_alike() -> None:
    nested, _ = read_settings({"budget": 5, "hints": {"covered": False}, "defines": {"A": 1}})
    dotted, _ = read_settings({"budget": 5.0, "hints.covered": False, "defines": {"A": "1"}})
    assert nested == dotted
    assert (nested.budget_s, nested.hints_covered, nested.defines) == (5.0, False, {"A": "1"})


@pytest.mark.parametrize("data", [None, {}, {"path": ["x"], "trace": {"server": "off"}}])
def test_what_is_not_ours_changes_nothing(data: object) -> None:
    assert read_settings(data) == (Settings(), ())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"budget": "5"}, "a number from 0.1"),
        ({"budget": float("nan")}, "a number from 0.1"),
        ({"seed": 1.5}, "a whole number"),
        ({"useModel": 1}, "true or false"),
        ({"output": "{top}"}, "a file name"),
        ({"output": "{top}{x}.sv"}, "a file name"),
        ({"filelists": "a.f"}, "a list of strings"),
        ({"parameters": {"W": []}}, "an object of values"),
        ({"diagnostics": "always"}, "onType, onSave or off"),
        ({"diagnostics": []}, "onType, onSave or off"),
        ({"budgets": 5}, "did you mean `benchwright.budget`"),
        ([], "must be an object"),
    ],
)
def test_a_wrong_value_is_told_and_costs_itself(data: object, words: str) -> None:
    settings, (warning,) = read_settings(data)
    assert settings == Settings()
    assert words in warning
