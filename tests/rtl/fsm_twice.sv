// An FSM in a submodule that stands twice; the second instance never gets `cancel`.
// states: FREE HELD (of `holder`)
// arcs: FREE->HELD HELD->FREE
module holder (
    input  logic clk,
    input  logic rst_n,
    input  logic take,
    input  logic give,
    input  logic cancel,
    output logic held
);

  typedef enum logic {
    FREE,
    HELD
  } state_e;

  state_e state;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) state <= FREE;
    else begin
      case (state)
        FREE: if (take) state <= HELD;
        HELD: if (give || cancel) state <= FREE;
      endcase
    end
  end

  assign held = state == HELD;

endmodule

module fsm_twice (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [1:0] take,
    input  logic [1:0] give,
    input  logic       cancel,
    output logic       both
);

  logic [1:0] held;

  holder u_first (
      .clk, .rst_n, .cancel, .take(take[0]), .give(give[0]), .held(held[0])
  );

  holder u_second (
      .clk, .rst_n, .cancel(1'b0), .take(take[1]), .give(give[1]), .held(held[1])
  );

  assign both = &held;

endmodule
