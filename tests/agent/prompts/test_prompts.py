"""Prompts for testbenches: what they say, in which order, and how they fit a budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from benchwright_agent.models.model import ContextError, Message, Reply, Request
from benchwright_agent.prompts import testbench as prompts
from benchwright_agent.prompts.pieces import cut_file
from benchwright_agent.prompts.rules import RULES
from benchwright_agent.prompts.sources import Sources, without_comments
from benchwright_agent.protocol.repository import design_task
from benchwright_agent.protocol.task import Attempt, Draft, Outcome, SourceText, State, Task
from benchwright_sim.bins import Bin, Kind
from benchwright_sim.coverage import Coverage
from benchwright_sim.design import load_design
from benchwright_sim.elaborate import elaborate
from benchwright_sim.simulation import Feedback, Status
from tests.built import ROOT, RTL, elaborated

ROOMY = 100_000


class Words:
    """Counts words for tokens, and how often it was asked."""

    name = "words"
    context_tokens = ROOMY

    def __init__(self) -> None:
        self.n_counts = 0

    def count(self, messages: Sequence[Message]) -> int:
        self.n_counts += 1
        return sum(len(message.content.split()) for message in messages)

    def answer(self, request: Request, **_: object) -> Reply:
        raise NotImplementedError

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def task() -> Task:
    folder = ROOT / "examples" / "06_cache"
    made = design_task(elaborated("examples/06_cache"), documents=[folder / "spec.md"])
    return replace(made, instruction="Mind the flush.")


@pytest.fixture(scope="module")
def attempt() -> Attempt:
    bins = {Bin("cache.sv", n, 1, Kind.LINE, "block"): n % 2 for n in range(1, 60)}
    feedback = Feedback(Status.OK, Coverage(bins), "", (), 0.0, 0.0)
    return Attempt(Draft("tb_c.sv", "module tb;\n  // mine\nendmodule\n", "tb"), "ok", feedback)


def asked(state: State, budget: int = ROOMY, *, rules: bool = False) -> prompts.Prompt:
    prompt = prompts.testbench_prompt(state, Words(), budget_tokens=budget, rules=rules)
    assert Words().count(prompt.messages) <= budget
    return prompt


def user(prompt: prompts.Prompt) -> str:
    assert [message.role for message in prompt.messages] == ["system", "user"]
    return prompt.messages[1].content


def test_the_first_prompt_holds_all_of_the_design(task: Task) -> None:
    prompt = asked(State(task))
    text = user(prompt)
    assert prompt.notes == ()
    for file in (*task.files, *task.specs):
        assert f'<file name="{file.name}">\n{file.text.strip()}\n</file>' in text
    assert "Inputs: clk, rst_n, " in text
    assert "Top module: cache. Name its instance `dut`." in text
    assert "Clocks: clk (posedge). Resets: rst_n (active low)." in text
    assert "Mind the flush." in text
    assert text.endswith("Write the testbench of cache.")


def test_the_system_message_asks_for_the_papers_form(task: Task) -> None:
    system = asked(State(task)).messages[0].content
    for words in ("filename: tb_", "```systemverilog", "no checks, assertions", "$finish", "DPI"):
        assert words in system


def test_the_rules_of_the_language_are_in_the_system_message_only(task: Task) -> None:
    plain, with_rules = asked(State(task)), asked(State(task), rules=True)
    assert with_rules.messages[0].content == f"{plain.messages[0].content}\n{RULES}"
    assert with_rules.messages[1] == plain.messages[1]


def test_a_state_comes_behind_the_design_feedback_last(task: Task, attempt: Attempt) -> None:
    first, later = user(asked(State(task))), user(asked(State(task, attempt)))
    shared = first[: first.index("Write the testbench")]
    assert later.startswith(shared)
    rest = later[len(shared) :]
    order = ("// mine", "<feedback>", "</feedback>", "Write the whole testbench again")
    places = [rest.index(words) for words in order]
    assert places == sorted(places)


def test_nothing_of_earlier_states_is_shown(task: Task, attempt: Attempt) -> None:
    state = State(task, attempt)
    assert asked(state) == asked(State(task, replace(attempt)))


@pytest.mark.parametrize(
    ("outcome", "words"), [("refused", "with this corrected"), ("no_testbench", "form that was")]
)
def test_failed_attempts_ask_for_what_was_missing(
    outcome: Outcome, words: str, task: Task, attempt: Attempt
) -> None:
    failed = replace(attempt, outcome=outcome, feedback=None, reason="line 3: force")
    text = user(asked(State(task, failed)))
    assert "line 3: force" in text
    assert words in text.rpartition("</feedback>")[2]
    without = user(asked(State(task, replace(failed, draft=None))))
    assert "The present testbench" not in without


def test_parameters_that_the_user_gave_are_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "a.sv"
    source.write_text("module a #(int W = 1) (input [W-1:0] d); endmodule\n")
    made = design_task(elaborate(load_design([source], parameters=[("W", "4")])))
    assert "Set its parameters: #(.W(4))." in user(asked(State(made)))


def test_one_count_is_enough_where_all_fits(task: Task, attempt: Attempt) -> None:
    model = Words()
    prompts.testbench_prompt(State(task), model, budget_tokens=ROOMY)
    assert model.n_counts == 1
    prompts.testbench_prompt(State(task, attempt), model, budget_tokens=ROOMY)
    assert model.n_counts <= 4


@pytest.mark.parametrize("budget", range(600, 3200, 300))
def test_any_budget_is_kept_and_told(budget: int, task: Task, attempt: Attempt) -> None:
    model = Words()
    state = State(task, attempt)
    prompt = prompts.testbench_prompt(state, model, budget_tokens=budget)
    assert model.n_counts < 25
    assert model.count(prompt.messages) <= budget
    whole = model.count(asked(state).messages)
    assert bool(prompt.notes) == (whole > budget)
    if prompt.notes:
        said = re.search(r"Left out for want of room: (.*)\.\n", user(prompt))
        assert said is not None
        assert all(
            note.removeprefix("left out of the prompt: ") in said[1] for note in prompt.notes
        )
    assert "module cache" in user(prompt)


def test_a_real_model_counts_its_own_tokens(task: Task) -> None:
    pytest.importorskip("llama_cpp")
    from benchwright_agent.models.local.llamacpp import LlamaCpp
    from tests.tiny_model import tiny_gguf

    with LlamaCpp(tiny_gguf(), context_tokens=4096) as model:
        prompt = prompts.testbench_prompt(State(task), model, budget_tokens=2500)
        n_tokens = model.count(prompt.messages)
    assert prompt.notes
    assert 1500 < n_tokens <= 2500


def test_a_testbench_that_is_too_long_is_left_out(task: Task, attempt: Attempt) -> None:
    assert attempt.draft is not None
    long = replace(attempt.draft, text="// word\n" * 5000)
    prompt = asked(State(task, replace(attempt, draft=long)), 1500)
    assert "has 5000 lines, too many to show" in user(prompt)
    assert "left out of the prompt: the present testbench" in prompt.notes


def test_too_small_a_budget_is_an_error_with_figures(task: Task) -> None:
    with pytest.raises(ContextError, match=r"has \d+ tokens where 100 fit.* interface of cache"):
        asked(State(task), 100)


def test_forms_get_shorter_in_order(task: Task) -> None:
    sources = Sources(task)
    forms = [sources.shown(number) for number in range(len(sources))]
    lengths = [len(form.text.replace("Left out", "")) for form in forms]
    said = [" ".join(form.left_out) for form in forms]
    assert all(later <= sooner + 80 for sooner, later in pairwise(lengths))
    for sooner, later in (
        ("paragraphs", "comments"),
        ("comments", "the bodies of"),
        ("the bodies of", "the modules"),
        ("the modules", "all of the body of cache"),
        ("all of the body of cache", "all other declarations"),
    ):
        first = [
            next(n for n, text in enumerate(said) if words in text) for words in (sooner, later)
        ]
        assert first[0] < first[1]


def test_the_shortest_form_has_the_tops_header(task: Task) -> None:
    sources = Sources(task)
    text = sources.shown(len(sources) - 1).text
    assert "module cache\n  import cache_pkg::*;\n(" in text
    assert "output word_t mem_wdata" in text
    assert "u_ctrl" not in text
    assert "cache_tags (" not in text


@pytest.mark.parametrize("path", sorted(RTL.glob("*.*v")), ids=lambda path: path.name)
def test_pieces_of_a_file_are_the_file(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    pieces = cut_file(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.module in piece.header for piece in pieces if piece.module)


def test_headers_of_the_old_style_keep_their_ports() -> None:
    text = (
        "module a (d, q);\n  parameter N = 3;\n  input [N-1:0] d;\n  output reg q;\n"
        "  localparam M = 1;\n  reg hidden;\n  always @(d) q = d[0];\nendmodule\n"
    )
    (header,) = [piece.header for piece in cut_file(text) if piece.module]
    assert header == (
        "module a (d, q);\n  parameter N = 3;\n  input [N-1:0] d;\n  output reg q;\n"
        "  ... 7 lines\nendmodule"
    )


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("a; // b", "a;"),
        ('x = "// no"; /* yes */ y', 'x = "// no";  y'),
        ("a/* 1\n2 */b\n\n\n// c\nd", "a b\nd"),
        ("// all", ""),
    ],
)
def test_comments_are_taken_out(code: str, bare: str) -> None:
    assert without_comments(code) == bare


def test_a_document_may_hold_anything(task: Task) -> None:
    odd = replace(task, specs=(SourceText("a.md", "```\n</file>\n\n\n" * 50), SourceText("b", "")))
    for budget in (1000, 2000, ROOMY):
        asked(State(odd), budget)
