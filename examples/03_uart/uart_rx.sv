// UART receiver: samples each bit in its middle, checks start, parity and stop bits.
module uart_rx (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [7:0] divisor,
    input  logic       parity_en,
    input  logic       parity_odd,
    input  logic       rxd,
    output logic       valid,
    input  logic       ready,
    output logic [7:0] data,
    output logic       parity_error,
    output logic       framing_error,
    output logic       line_break,
    output logic       overrun
);

  typedef enum logic [2:0] {
    IDLE,
    START,
    DATA,
    PARITY,
    STOP,
    RECOVER
  } state_e;

  state_e     state_q;
  logic [1:0] sync_q;
  logic       line;
  logic [7:0] shift_q;
  logic [2:0] bit_q;
  logic       parity_bad_q;
  logic       begin_frame;
  logic       tick;
  logic       frame_done;

  // Two flip-flops, since the line is asynchronous to the clock.
  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) sync_q <= '1;
    else sync_q <= {sync_q[0], rxd};
  end

  assign line        = sync_q[1];
  assign begin_frame = state_q == IDLE && !line;
  assign frame_done  = state_q == STOP && tick;

  uart_bit_timer u_timer (
      .clk,
      .rst_n,
      .divisor,
      .restart(begin_frame),
      .half   (1'b1),
      .tick
  );

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q      <= IDLE;
      shift_q      <= '0;
      bit_q        <= '0;
      parity_bad_q <= 1'b0;
    end else begin
      case (state_q)
        IDLE: if (!line) state_q <= START;
        START: begin
          bit_q        <= '0;
          parity_bad_q <= 1'b0;
          // A line that is high again in the middle of the start bit was a glitch.
          if (tick) state_q <= line ? IDLE : DATA;
        end
        DATA: begin
          if (tick) begin
            shift_q <= {line, shift_q[7:1]};
            bit_q   <= bit_q + 1'b1;
            if (bit_q == 3'd7) state_q <= parity_en ? PARITY : STOP;
          end
        end
        PARITY: begin
          if (tick) begin
            parity_bad_q <= line != (^shift_q ^ parity_odd);
            state_q      <= STOP;
          end
        end
        STOP:    if (tick) state_q <= line ? IDLE : RECOVER;
        RECOVER: if (line) state_q <= IDLE;
        default: state_q <= IDLE;
      endcase
    end
  end

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      valid         <= 1'b0;
      data          <= '0;
      parity_error  <= 1'b0;
      framing_error <= 1'b0;
      line_break    <= 1'b0;
      overrun       <= 1'b0;
    end else begin
      overrun <= frame_done && valid && !ready;
      if (frame_done && (!valid || ready)) begin
        valid         <= 1'b1;
        data          <= shift_q;
        parity_error  <= parity_bad_q;
        framing_error <= !line;
        line_break    <= !line && shift_q == '0;
      end else if (ready) begin
        valid <= 1'b0;
      end
    end
  end

endmodule
