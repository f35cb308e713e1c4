"""Statements laid out in the habits of a style."""

from __future__ import annotations

import random
from dataclasses import replace

from benchwright_trainer.designs.layout import fold, lay_out
from benchwright_trainer.designs.style import Style, draw_style

_TEXT = """
always @(posedge c) begin
if (a) begin
x <= 1'b1;
end else if (b)
x <= 1'b0;
else begin
case (s)
2'd0: x <= d;
2'd1: begin
// why
x <= e;
end
endcase
end
end
"""


def _style(**changes: object) -> Style:
    return replace(draw_style(random.Random(1)), indent="  ", **changes)  # type: ignore[arg-type]  # by name


def test_braces_on_the_same_line() -> None:
    assert lay_out(_TEXT, _style(bracing="same")) == [
        "  always @(posedge c) begin",
        "    if (a) begin",
        "      x <= 1'b1;",
        "    end else if (b)",
        "      x <= 1'b0;",
        "    else begin",
        "      case (s)",
        "        2'd0: x <= d;",
        "        2'd1: begin",
        "          // why",
        "          x <= e;",
        "        end",
        "      endcase",
        "    end",
        "  end",
    ]


def test_braces_on_the_next_line() -> None:
    assert lay_out(_TEXT, _style(bracing="next"), depth=0)[:9] == [
        "always @(posedge c)",
        "begin",
        "  if (a)",
        "  begin",
        "    x <= 1'b1;",
        "  end",
        "  else if (b)",
        "    x <= 1'b0;",
        "  else",
    ]


def test_else_on_a_line_of_its_own() -> None:
    lines = lay_out(_TEXT, _style(bracing="cuddled"), depth=0)
    assert lines[3:5] == ["  end", "  else if (b)"]


def test_layout_changes_blanks_only() -> None:
    for seed in range(40):
        lines = lay_out(_TEXT, draw_style(random.Random(seed)))
        assert "".join("".join(lines).split()) == "".join(_TEXT.split())


def test_long_lines_are_broken_before_operators() -> None:
    line = "  assign y = " + " || ".join(f"(input_{i} == 8'h{i:02X})" for i in range(9)) + ";"
    lines = fold(line, _style())
    assert len(lines) > 1
    assert all(len(one) <= 100 for one in lines)
    assert " ".join(one.strip() for one in lines) == line.strip()
    assert fold("  x;", _style()) == ["  x;"]
    assert fold("y" * 300, _style()) == ["y" * 300]
