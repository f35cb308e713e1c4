"""Guards on the way to bins, for every construct that makes a condition."""

from __future__ import annotations

import pytest

from benchwright_agent.explain.explain import explain_bins, guard_texts
from benchwright_sim.bins import Bin, Kind
from tests.agent.explain.explained import elaborated, explanations, wish
from tests.built import designs
from tests.built import elaborated as of_repository

CONTROL = """\
module control #(parameter int N = 2, parameter bit WIDE = 0) (
    input logic clk, rst_n, go,
    input logic [3:0] a, b,
    output logic [3:0] y, z,
    output logic w
);
  typedef enum logic [1:0] {IDLE, RUN, DONE} state_t;
  state_t state;
  function automatic logic [3:0] limited(input logic [3:0] x);
    if (x > 4'd9) return 4'd9;
    return x;
  endfunction
  assign w = go ? (a > b) : (a == 4'd7 && b[0]);
  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) begin
      state <= IDLE;
      z <= 0;
    end else begin
      case (state)
        IDLE: if (go) state <= RUN;
        RUN:
          if (a == 4'd12 && b != 0) state <= DONE;
          else if (a == 4'd13)
            z <= limited(b);
          else z <= z + 1;
        default: state <= IDLE;
      endcase
      for (int i = 0; i < 4; i++)
        if (a[i]) y[i] <= b[i];
      casez (b)
        4'b1???: ;
        4'b01??, 4'b001?: y <= 1;
      endcase
      case (1'b1)
        a[0]: ;
        a[1]: y <= 2;
        default: y <= 3;
      endcase
      if (WIDE)
        y <= 4;
    end
  if (N > 1) begin : g_many
    for (genvar i = 0; i < N; i++) begin : g_each
      logic q;
      always_ff @(posedge clk)
        if (a[i]) q <= ~q;
    end
  end
  met: cover property (@(posedge clk) go && a == 3);
endmodule
"""


@pytest.mark.parametrize(
    ("bin_key", "expected"),
    [
        ("15:branch:if", "!rst_n"),
        ("15:branch:else", "rst_n"),
        ("20:branch:if", "rst_n && state == IDLE && go"),
        ("20:branch:else", "rst_n && state == IDLE && !go"),
        ("22:line:elsif", "rst_n && state == RUN && a == 4'd12 && b != 0"),
        ("23:line:if", "rst_n && state == RUN && !(a == 4'd12 && b != 0) && a == 4'd13"),
        ("23:line:else", "rst_n && state == RUN && !(a == 4'd12 && b != 0) && !(a == 4'd13)"),
        ("26:line:case", "rst_n && state is none of IDLE, RUN"),
        ("29:branch:if", "rst_n && a[i]"),
        ("32:line:case", "rst_n && (b inside {4'b01??, 4'b001?})"),
        ("36:line:case", "rst_n && a[1]"),
        ("37:line:case", "rst_n && (!(a[0] || a[1]))"),
        ("39:branch:if", "rst_n && WIDE"),
        ("46:branch:else", "!a[i]"),
        ("13:branch:cond_then", "go"),
        ("13:branch:cond_else", "!go"),
        ("13:expr:(go==0) => 0", "go==0"),
        ("49:user:met", "@(posedge clk) go && a == 3"),
    ],
)
def test_guards_are_the_conditions_on_the_way(bin_key: str, expected: str) -> None:
    assert wish(CONTROL, bin_key) == expected


def test_a_function_called_once_has_the_guards_of_its_call() -> None:
    outer = "rst_n && state == RUN && !(a == 4'd12 && b != 0) && a == 4'd13"
    assert wish(CONTROL, "10:branch:if") == f"{outer} && x > 4'd9"
    assert wish(CONTROL, "9:line:block") == outer


def test_guards_name_their_place_and_what_they_read() -> None:
    (reset, state, last) = explanations(CONTROL)["22:line:elsif"].guards
    assert (str(last.location), last.kind) == ("design.sv:22:15", "if")
    assert last.operands == ("a", "b")
    assert (state.kind, state.text, state.wanted) == ("case", "state", "RUN")
    assert (reset.text, reset.wanted) == ("!rst_n", False)


def test_a_condition_of_parameters_alone_is_said_never_to_hold() -> None:
    explanation = explanations(CONTROL)["39:branch:if"]
    assert explanation.guards[-1].constant is False
    assert "never holds" in explanation.text


def test_the_chosen_generate_block_is_a_guard_that_holds() -> None:
    guard = explanations(CONTROL)["46:branch:if"].guards[0]
    assert (guard.kind, guard.text, guard.constant) == ("generate", "N > 1", True)


def test_states_and_arcs_are_explained_by_their_assignments() -> None:
    found = explanations(CONTROL)
    arc = found["8:fsm_arc:state: RUN -> DONE"]
    assert [way.text for way in arc.ways] == ["state <= DONE"]
    assert arc.ways[0].wish == "rst_n && state == RUN && a == 4'd12 && b != 0"
    back = found["8:fsm_arc:state: DONE -> IDLE"]
    assert [way.wish for way in back.ways] == ["rst_n && state is none of IDLE, RUN"]
    idle = found["8:fsm_state:state: IDLE"]
    assert "!rst_n" in [way.wish for way in idle.ways]


def test_toggles_are_explained_by_the_assignments_that_can_bring_them_about() -> None:
    found = explanations(CONTROL)
    rise = found["4:toggle:z[0]:0->1"]
    assert [way.text for way in rise.ways] == ["z <= limited(b)", "z <= z + 1"]
    fall = found["4:toggle:z[0]:1->0"]
    assert fall.ways[0].text == "z <= 0"
    assert "is an input" in found["3:toggle:a[0]:0->1"].note


TWO_PROCESS = """\
module two (input logic clk, rst, a, b, output logic y);
  localparam logic [1:0] S0 = 0, S1 = 1, S2 = 2;
  logic [1:0] now, following;
  always_ff @(posedge clk) if (rst) now <= S0; else now <= following;
  always_comb begin
    following = now;
    case (now)
      S0: if (a) following = S1;
      S1: following = b ? S2 : S0;
      default: following = S0;
    endcase
  end
  assign y = now == S2;
endmodule
"""


def test_arcs_of_two_processes_join_the_guards_of_both() -> None:
    assert wish(TWO_PROCESS, "3:fsm_arc:now: S1 -> S2") == "!rst && now == S1 && b"
    assert wish(TWO_PROCESS, "3:fsm_arc:now: S0 -> S1") == "!rst && now == S0 && a"


EARLY = """\
module early (input logic clk, input logic [3:0] a, output logic [3:0] y);
`define SET(c, v) if (c) y <= v; else y <= 0
  task automatic store(input logic [3:0] x);
    if (x == 3) return;
    if (x[0])
      y <= x;
  endtask
  always_ff @(posedge clk) begin
    store(a);
    `SET(a == 9, 1);
  end
endmodule
"""


def test_what_follows_an_early_exit_runs_under_its_opposite() -> None:
    assert wish(EARLY, "5:branch:if") == "!(x == 3) && x[0]"


def test_conditions_of_macros_are_those_that_they_expand_to() -> None:
    assert wish(EARLY, "10:branch:if") == "a == 9"


SPECIALISED = """\
module lane #(parameter bit FAST = 0) (input logic clk, a, output logic y);
  always_ff @(posedge clk)
    if (FAST)
      y <= a;
    else y <= ~a;
endmodule
module lanes (input logic clk, a, output logic [1:0] y);
  lane #(0) slow (.clk, .a, .y(y[0]));
  lane #(1) fast (.clk, .a, .y(y[1]));
endmodule
"""


def test_a_bin_is_explained_by_the_specialisation_in_which_it_can_be_covered() -> None:
    found = explanations(SPECIALISED)
    for arm in ("if", "else"):
        explanation = found[f"3:branch:{arm}"]
        assert explanation.guards[0].constant is True
        assert explanation.instances == ("slow", "fast")


def test_short_texts_say_the_condition_or_the_note() -> None:
    found = explanations(CONTROL)
    texts = guard_texts(found.values())
    assert texts[found["22:line:elsif"].bin] == "rst_n && state == RUN && a == 4'd12 && b != 0"
    assert "is an input" in texts[found["3:toggle:a[0]:0->1"].bin]
    assert all(texts.values())


def test_what_is_no_bin_of_the_design_gets_an_explanation_that_says_so() -> None:
    nonsense = [
        Bin("design.sv", 10_000, 1, Kind.BRANCH, "if", module="control"),
        Bin("other.sv", 1, 1, Kind.LINE, "block", module="other"),
        Bin("design.sv", 9, 11, Kind.FSM_ARC, "state: A -> B", module="control"),
        Bin("design.sv", 9, 11, Kind.TOGGLE, "", module="control"),
    ]
    found = explain_bins(elaborated(CONTROL), nonsense)
    assert [explanation.bin for explanation in found] == nonsense
    assert all(explanation.text for explanation in found)


@pytest.mark.parametrize("name", designs())
def test_no_place_of_a_legal_design_makes_it_fail(name: str) -> None:
    elaboration = of_repository(name)
    bins = [
        Bin(source.relative_to(root).as_posix(), line, column, kind, label, module=module)
        for root in [elaboration.design.root]
        for source in elaboration.design.sources
        for line in range(1, source.read_bytes().count(b"\n") + 2, 2)
        for column in (1, 7, 20)
        for module in sorted(elaboration.modules)[:2]
        for kind, label in [
            (Kind.BRANCH, "else"),
            (Kind.BRANCH, "cond_else"),
            (Kind.LINE, "case"),
            (Kind.EXPR, "(a==1 && b==0) => 0"),
            (Kind.TOGGLE, "x[3]:0->1"),
            (Kind.USER, "cover"),
        ]
    ]
    assert len(explain_bins(elaboration, bins)) == len(bins)
