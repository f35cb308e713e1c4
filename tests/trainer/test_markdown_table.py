"""A table is read as text as well as by programs."""

from __future__ import annotations

from benchwright_trainer.markdown_table import table


def test_words_stand_left_and_figures_right() -> None:
    assert table(("Model", "Asked", "%"), [("a|b", "direct", 5), ("x", "", "100")], n_words=2) == (
        "| Model | Asked  |   % |\n"
        "|-------|--------|----:|\n"
        "| a\\|b  | direct |   5 |\n"
        "| x     |        | 100 |"
    )


def test_a_table_may_have_no_rows() -> None:
    assert table(("One", "Two"), []) == "| One | Two |\n|-----|----:|"
