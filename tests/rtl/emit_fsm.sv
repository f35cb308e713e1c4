// A state machine with an asynchronous, active-low reset.
module emit_fsm (
  input  logic       clk,
  input  logic       rst_n,
  input  logic       start,
  input  logic [3:0] count,
  output logic       busy,
  output logic       done,
  output logic [3:0] left
);
  typedef enum logic [1:0] {IDLE, RUN, FINISH} state_t;
  state_t state;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state <= IDLE;
      left  <= '0;
    end else begin
      case (state)
        IDLE: if (start) begin
          state <= RUN;
          left  <= count;
        end
        RUN: begin
          if (left == 0) state <= FINISH;
          else left <= left - 1'b1;
        end
        default: state <= IDLE;
      endcase
    end
  end

  assign busy = state == RUN;
  assign done = state == FINISH && !start;
endmodule
