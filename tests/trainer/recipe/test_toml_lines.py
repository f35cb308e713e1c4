"""Where keys stand in a TOML file."""

from __future__ import annotations

from benchwright_trainer.recipe.toml_lines import key_lines

TEXT = '''
top = 1
"quoted key" = 2
a.b = 3  # comment
text = """
inner = 4
[no.table]
"""
[one]
x = [
  1,
]
[one . "two"] # comment
y = { z = 1 }
[[list]]
z = '[not.a.table]'
'''


def test_every_key_is_known_by_its_line() -> None:
    assert dict(key_lines(TEXT)) == {
        ("top",): 2,
        ("quoted key",): 3,
        ("a",): 4,
        ("a", "b"): 4,
        ("text",): 5,
        ("one",): 9,
        ("one", "x"): 10,
        ("one", "two"): 13,
        ("one", "two", "y"): 14,
        ("list",): 15,
        ("list", "z"): 16,
    }


def test_nothing_is_known_of_nothing() -> None:
    assert dict(key_lines("")) == {}
