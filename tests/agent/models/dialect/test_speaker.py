"""A model behind canonical names: what it is asked and what its caller hears."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchwright_agent.models.dialect.canonical import N_INPUTS, N_OTHERS
from benchwright_agent.models.dialect.speaker import speaking
from benchwright_agent.models.model import (
    Cancelled,
    Message,
    ModelError,
    OnText,
    Reply,
    Request,
    never,
    nobody,
)
from tests.agent.models.dialect.test_canonical import prompt


class Scripted:
    """Answers with a fixed text and keeps what it was asked."""

    name = "scripted"
    context_tokens = 1000

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[Request] = []
        self.closed = False

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    def answer(
        self, request: Request, *, on_text: OnText = nobody, cancelled: Cancelled = never
    ) -> Reply:
        self.asked.append(request)
        on_text(self.text)
        return Reply(self.text, "stop", 1, 1)

    def close(self) -> None:
        self.closed = True


def test_a_model_of_plain_text_is_left_alone() -> None:
    model = Scripted("")
    assert speaking(model, "") is model


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ModelError, match="'martian', which is not known; known: 'canonical'"):
        speaking(Scripted(""), "martian")


def test_prompt_and_answer_are_translated() -> None:
    model = Scripted("module tb; Xaa dut (.Xac); initial cycle; endmodule")
    spoken = speaking(model, "canonical")
    reply = spoken.answer(Request(prompt()))
    assert "counter" not in model.asked[0].messages[0].content
    assert reply.text == "module tb; counter dut (.clk); initial cycle_tb; endmodule"


def test_a_schema_is_translated_and_its_answer_back() -> None:
    model = Scripted('{"drive":{"Xad":1}}')
    schema = {"type": "object", "properties": {"drive": {"properties": {"cycle": {}}}}}
    reply = speaking(model, "canonical").answer(Request(prompt(), schema=schema))
    assert model.asked[0].schema == {
        "type": "object",
        "properties": {"drive": {"properties": {"Xad": {}}}},
    }
    assert reply.text == '{"drive":{"cycle":1}}'


def test_a_grammar_is_translated_in_its_texts_only() -> None:
    model = Scripted("")
    grammar = 'root ::= "clk = " count\ncount ::= [0-9]\n'
    speaking(model, "canonical").answer(Request(prompt(), grammar=grammar))
    assert model.asked[0].grammar == 'root ::= "Xac = " count\ncount ::= [0-9]\n'


def test_aliases_that_stand_for_nothing_are_not_written() -> None:
    model = Scripted("")
    speaking(model, "canonical").answer(Request(prompt()))
    banned = model.asked[0].banned
    assert {"Iaa", "Xaf"} <= set(banned)
    assert not {"Xaa", "Xae"} & set(banned)
    assert len(banned) == N_INPUTS + N_OTHERS - 5


def test_counts_are_those_of_what_the_model_sees() -> None:
    model = Scripted("")
    assert speaking(model, "canonical").count(prompt()) < model.count(prompt())


def test_closing_it_closes_the_model() -> None:
    model = Scripted("")
    speaking(model, "canonical").close()
    assert model.closed
