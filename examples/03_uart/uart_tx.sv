// UART transmitter: start bit, eight data bits (least significant first), parity, stop bit.
module uart_tx (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [7:0] divisor,
    input  logic       parity_en,
    input  logic       parity_odd,
    input  logic       valid,
    output logic       ready,
    input  logic [7:0] data,
    output logic       txd
);

  typedef enum logic [2:0] {
    IDLE,
    START,
    DATA,
    PARITY,
    STOP
  } state_e;

  state_e     state_q;
  logic [7:0] shift_q;
  logic [2:0] bit_q;
  logic       parity_q;
  logic       parity_en_q;
  logic       accept;
  logic       tick;

  assign ready  = state_q == IDLE;
  assign accept = valid && ready;

  uart_bit_timer u_timer (
      .clk,
      .rst_n,
      .divisor,
      .restart(accept),
      .half   (1'b0),
      .tick
  );

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      state_q     <= IDLE;
      shift_q     <= '0;
      bit_q       <= '0;
      parity_q    <= 1'b0;
      parity_en_q <= 1'b0;
    end else begin
      case (state_q)
        IDLE: begin
          if (accept) begin
            state_q     <= START;
            shift_q     <= data;
            parity_q    <= ^data ^ parity_odd;
            parity_en_q <= parity_en;
          end
        end
        START: begin
          bit_q <= '0;
          if (tick) state_q <= DATA;
        end
        DATA: begin
          if (tick) begin
            shift_q <= shift_q >> 1;
            bit_q   <= bit_q + 1'b1;
            if (bit_q == 3'd7) state_q <= parity_en_q ? PARITY : STOP;
          end
        end
        PARITY:  if (tick) state_q <= STOP;
        STOP:    if (tick) state_q <= IDLE;
        default: state_q <= IDLE;
      endcase
    end
  end

  always_comb begin
    case (state_q)
      START:   txd = 1'b0;
      DATA:    txd = shift_q[0];
      PARITY:  txd = parity_q;
      default: txd = 1'b1;
    endcase
  end

endmodule
