// FSM in one process, enum states.
// states: IDLE RUN PAUSE DONE
// arcs: IDLE->RUN RUN->PAUSE RUN->DONE PAUSE->RUN PAUSE->IDLE DONE->IDLE
module fsm_one_process (
    input  logic       clk,
    input  logic       rst,
    input  logic       start,
    input  logic       pause,
    input  logic       cancel,
    output logic [2:0] left,
    output logic       busy
);

  typedef enum logic [1:0] {
    IDLE,
    RUN,
    PAUSE,
    DONE
  } state_e;

  state_e state;

  always_ff @(posedge clk) begin
    if (rst) begin
      state <= IDLE;
      left  <= '0;
    end else begin
      case (state)
        IDLE: begin
          if (start) begin
            state <= RUN;
            left  <= 3'd5;
          end
        end
        RUN: begin
          left <= left - 1'b1;
          if (left == '0) state <= DONE;
          else if (pause) state <= PAUSE;
        end
        PAUSE: begin
          if (cancel) state <= IDLE;
          else if (!pause) state <= RUN;
        end
        DONE: state <= IDLE;
      endcase
    end
  end

  assign busy = state != IDLE;

endmodule
