"""Canonical names: there and back again, and what a small model no longer sees."""

from __future__ import annotations

import json

import pytest

from benchwright_agent.models.dialect.canonical import INPUTS, N_INPUTS, N_OTHERS, OTHERS, Canonical
from benchwright_agent.models.model import Message

DESIGN = """\
// A counter that nobody needs.
module counter #(parameter WIDTH = 4) (
    input  logic             clk,  /* the clock */
    input  logic             cycle,
    output logic [WIDTH-1:0] count
);
  always_ff @(posedge clk)
    if (cycle) count <= count + 4'hA;
  initial $display("count // %m");
endmodule"""

BENCH = """\
module tb;
  logic clk = 0, cycle = 0;
  counter dut (.clk, .cycle);
  task cycle_tb; #5 clk = !clk; endtask
  initial begin cycle = 4'hA; repeat (3) cycle_tb; $finish; end
endmodule"""

ASKED = "Top module: counter. Name its instance `dut`. Clocks: clk (posedge).\n\nWrite it."


def prompt(*, bench: str = "", documents: str = "", feedback: str = "") -> tuple[Message, ...]:
    present = f'The present testbench:\n\n<file name="tb.sv">\n{bench}\n</file>\n\n'
    text = (
        f'The design:\n\n<file name="counter.sv">\n{DESIGN}\n</file>\n\n{documents}{ASKED}\n\n'
        f"{present if bench else ''}{feedback}"
    )
    return Message("system", "You are an engineer."), Message("user", text)


def test_the_top_comes_first_and_names_follow_in_order_of_appearance() -> None:
    form = Canonical.of(prompt())
    assert list(form.aliases) == ["counter", "WIDTH", "clk", "cycle", "count"]
    assert list(form.aliases.values()) == ["Xaa", "Xab", "Xac", "Xad", "Xae"]
    (message,) = form.messages
    assert message.role == "user"
    assert "Top module: Xaa. Name its instance `dut`. Clocks: Xac (posedge)." in message.content


def test_comments_indentation_and_documents_are_gone_but_strings_and_literals_stay() -> None:
    documents = 'Documents about it:\n\n<file name="spec.md">\nIt counts.\n</file>\n\n'
    text = Canonical.of(prompt(documents=documents)).messages[0].content
    assert "nobody needs" not in text
    assert "the clock" not in text
    assert "It counts" not in text
    assert "\nif (Xad) Xae <= Xae + 4'hA;\n" in text
    assert '"Xae // %m"' in text


def test_what_the_name_of_a_file_is_does_not_matter() -> None:
    other = tuple(
        Message(m.role, m.content.replace("counter.sv", "b.sv")) for m in prompt(bench=BENCH)
    )
    assert Canonical.of(other) == Canonical.of(prompt(bench=BENCH))


def test_renamed_designs_look_the_same() -> None:
    renamed = tuple(
        Message(m.role, m.content.replace("count", "zaehler").replace("clk", "takt"))
        for m in prompt()
    )
    assert Canonical.of(renamed).messages == Canonical.of(prompt()).messages


def test_a_testbench_comes_back_as_it_was() -> None:
    form = Canonical.of(prompt())
    there = form.to(BENCH)
    assert "task cycle; #5 Xac = !Xac; endtask" in there
    assert "Xad = 4'hA;" in there
    assert form.back(there) == BENCH


def test_the_present_testbench_keeps_its_indentation() -> None:
    text = Canonical.of(prompt(bench=BENCH)).messages[0].content
    assert "\n  logic Xac = 0, Xad = 0;\n" in text


def test_feedback_loses_bits_and_numbers_of_lines() -> None:
    feedback = (
        "<feedback>\nCovered of the design: line 1/2 (50.0 %); average 50.0 %.\n"
        "  line 7: `if (cycle)` never true\n"
        "  never change: count[3], count[1:0], cycle\n</feedback>"
    )
    text = Canonical.of(prompt(bench=BENCH, feedback=feedback)).messages[0].content
    assert "\naverage 50.0 %.\n  `if (Xad)` never true\n  never change: Xae, Xad\n" in text


@pytest.mark.parametrize(
    "asked",
    [
        "Top module: m. Name its instance `dut`. Inputs: b, d[7:0]. Clocks: b (posedge).\n\nWrite.",
        "Top module: m.\nInputs: b, d[7:0].\nOutputs: a.\n\nWrite stimulus.",
    ],
)
def test_the_inputs_that_a_question_lists_have_aliases_of_their_own(asked: str) -> None:
    code = "// Inputs: a.\nmodule n; endmodule\n"
    code += "module m (output a, input b, output c, input [7:0] d);\nendmodule"
    form = Canonical.of((Message("user", f'<file name="m.sv">\n{code}\n</file>\n\n{asked}'),))
    assert form.aliases == {
        **{"b": "Iaa", "d": "Iab"},
        **{"m": "Xaa", "n": "Xab", "a": "Xac", "c": "Xad"},
    }
    assert "Inputs: Iaa, Iab[7:0]." in form.messages[0].content


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("`count <= count + 1` never runs", "`Xae <= Xae + 1` never runs"),
        ("Can't find definition of variable: 'count'", "Can't find definition of variable: 'Xae'"),
        ("Resets: cycle (active high).", "Resets: Xad (active high)."),
        ("`dead` is 'hdead, 'd3 and 8'hBA", "`Xaf` is 'hdead, 'd3 and 8'hBA"),
        ("no digits: 'd0'", "no digits: 'Xag'"),
    ],
)
def test_names_in_quotation_marks_are_names(said: str, seen: str) -> None:
    system, asked = prompt()
    code = "wire dead, d0, active;\nendmodule"
    form = Canonical.of((system, Message("user", asked.content.replace("endmodule", code))))
    assert form.to(said) == seen
    assert form.back(seen) == said


def test_an_answer_in_json_comes_back_with_names_alone_replaced() -> None:
    form = Canonical.of(prompt())
    answer = '{"segments":[{"actions":[{"drive":{"Xad":1}},{"cycle":"cycle"}]}]}'
    assert json.loads(form.data_back(answer))["segments"][0]["actions"] == [
        {"drive": {"cycle": 1}},
        {"cycle": "cycle"},
    ]


def test_a_schema_speaks_of_aliases() -> None:
    schema = {
        "properties": {"drive": {"properties": {"cycle": {"enum": [0, 1]}}}},
        "anyOf": [{"enum": ["cycle", "other"]}, {"$ref": "#/$defs/cycle"}],
    }
    assert Canonical.of(prompt()).schema(schema) == {
        "properties": {"drive": {"properties": {"Xad": {"enum": [0, 1]}}}},
        "anyOf": [{"enum": ["Xad", "other"]}, {"$ref": "#/$defs/cycle"}],
    }


def test_a_schema_keeps_its_own_words_where_a_design_has_them_as_names() -> None:
    text = '<file name="a.sv">\nmodule a (input items, step, random);\n</file>\n\nWrite it.'
    inner = {"type": "array", "items": {"enum": ["step", 1]}}
    schema = {
        "$defs": {"step": {"properties": {"step": inner}, "required": ["step"]}},
        "properties": {"random": {"$ref": "#/$defs/step"}},
        "required": ["random"],
    }
    assert Canonical.of((Message("user", text),)).schema(schema) == {
        "$defs": {
            "step": {
                "properties": {"Xac": {"type": "array", "items": {"enum": ["Xac", 1]}}},
                "required": ["Xac"],
            }
        },
        "properties": {"Xad": {"$ref": "#/$defs/step"}},
        "required": ["Xad"],
    }


def test_names_beyond_the_last_alias_stay() -> None:
    names = [f"signal_{n}" for n in range(N_INPUTS + N_OTHERS + 5)]
    code = f'<file name="a.sv">\nwire {", ".join(names)};\n</file>'
    inputs = ", ".join(names[: N_INPUTS + 3])
    form = Canonical.of((Message("user", f"{code}\n\nInputs: {inputs}.\n\nWrite it."),))
    assert len(form.aliases) == N_INPUTS + N_OTHERS
    assert form.aliases[names[N_INPUTS]] == "Xaa"
    assert names[-1] in form.messages[0].content
    assert form.back(form.to(", ".join(names))) == ", ".join(names)


@pytest.mark.parametrize("text", ["", "no files at all", '<file name="a">\n</file>'])
def test_any_prompt_has_a_form(text: str) -> None:
    form = Canonical.of((Message("user", text),))
    assert form.back(form.to("module tb; endmodule")) == "module tb; endmodule"


def test_aliases_are_all_different() -> None:
    assert len({*INPUTS, *OTHERS}) == N_INPUTS + N_OTHERS
