// FSMs in styles that need following: a function, a concatenated case, a chain of `?:`, a return state.
// arcs of by_function: IDLE->BUSY BUSY->IDLE BUSY->FAIL
// arcs of by_pair: P0->P1 P1->P2 P2->P0 P2->P1
// arcs of by_chain: C0->C1 C1->C0
// arcs of by_return: MAIN->CALL CALL->WORK WORK->MAIN
module front_fsm_styles (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       a,
    input  logic       b,
    output logic [7:0] view
);

  localparam logic [1:0] IDLE = 2'd0, BUSY = 2'd1, FAIL = 2'd2;
  logic [1:0] by_function;

  function automatic logic [1:0] following(input logic [1:0] now, input logic go);
    case (now)
      IDLE: following = go ? BUSY : IDLE;
      BUSY: following = go ? FAIL : IDLE;
      default: following = now;
    endcase
  endfunction

  always_ff @(posedge clk or negedge rst_n)
    if (!rst_n) by_function <= IDLE;
    else by_function <= following(by_function, a);

  typedef enum logic [1:0] {P0, P1, P2} pair_t;
  pair_t by_pair, pair_next;

  always_comb begin
    pair_next = by_pair;
    case ({by_pair, a})
      {P0, 1'b1}: pair_next = P1;
      {P1, 1'b0}: pair_next = P2;
      {P2, 1'b0}: pair_next = P0;
      {P2, 1'b1}: pair_next = P1;
      default: ;
    endcase
  end

  always_ff @(posedge clk)
    if (!rst_n) by_pair <= P0;
    else by_pair <= pair_next;

  localparam C0 = 1'b0, C1 = 1'b1;
  logic by_chain;
  wire chain_next = (by_chain == C0) ? (b ? C1 : C0) : (by_chain == C1 && a) ? C0 : by_chain;

  always_ff @(posedge clk) by_chain <= !rst_n ? C0 : chain_next;

  typedef enum logic [1:0] {MAIN, CALL, WORK} flow_t;
  flow_t by_return, back;

  always_ff @(posedge clk)
    if (!rst_n) begin
      by_return <= MAIN;
      back <= MAIN;
    end else begin
      case (by_return)
        MAIN: if (a) begin
          by_return <= CALL;
          back <= MAIN;
        end
        CALL: by_return <= WORK;
        WORK: if (b) by_return <= back;
        default: by_return <= MAIN;
      endcase
    end

  assign view = {by_function, by_pair, by_chain, by_return, a};

endmodule
