// One-hot FSM, one bit per state, decoded with `case (1'b1)`.
// states: S_IDLE S_LOAD S_SHIFT
// arcs: S_IDLE->S_LOAD S_LOAD->S_SHIFT S_SHIFT->S_IDLE
module fsm_one_hot (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       go,
    input  logic       last,
    output logic [2:0] state
);

  localparam logic [2:0] S_IDLE  = 3'b001;
  localparam logic [2:0] S_LOAD  = 3'b010;
  localparam logic [2:0] S_SHIFT = 3'b100;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) state <= S_IDLE;
    else begin
      case (1'b1)
        state[0]: if (go) state <= S_LOAD;
        state[1]: state <= S_SHIFT;
        state[2]: if (last) state <= S_IDLE;
        default:  state <= S_IDLE;
      endcase
    end
  end

endmodule
