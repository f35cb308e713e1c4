// Verilog-2005 FSM whose states are parameters and whose detector sees 1101.
// states: S0 S1 S11 S110
// arcs: S0->S1 S1->S11 S1->S0 S11->S110 S110->S1 S110->S0
module fsm_parameters (
    input      clk,
    input      reset,
    input      in,
    output reg found
);

  parameter S0 = 2'd0;
  parameter S1 = 2'd1;
  parameter S11 = 2'd2;
  parameter S110 = 2'd3;

  reg [1:0] state, next;

  always @(posedge clk or posedge reset) begin
    if (reset) state <= S0;
    else state <= next;
  end

  always @(*) begin
    found = 1'b0;
    case (state)
      S0: next = in ? S1 : S0;
      S1: next = in ? S11 : S0;
      S11: next = in ? S11 : S110;
      S110: begin
        next  = in ? S1 : S0;
        found = in;
      end
      default: next = S0;
    endcase
  end

endmodule
