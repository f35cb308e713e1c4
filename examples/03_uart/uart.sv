// UART: transmitter and receiver with a common baud divider and an internal loopback.
module uart (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [7:0] divisor,
    input  logic       parity_en,
    input  logic       parity_odd,
    input  logic       loopback,
    input  logic       tx_valid,
    output logic       tx_ready,
    input  logic [7:0] tx_data,
    output logic       rx_valid,
    input  logic       rx_ready,
    output logic [7:0] rx_data,
    output logic       rx_parity_error,
    output logic       rx_framing_error,
    output logic       rx_break,
    output logic       rx_overrun,
    output logic       txd,
    input  logic       rxd
);

  logic tx_line;

  assign txd = tx_line || loopback;

  uart_tx u_tx (
      .clk,
      .rst_n,
      .divisor,
      .parity_en,
      .parity_odd,
      .valid(tx_valid),
      .ready(tx_ready),
      .data (tx_data),
      .txd  (tx_line)
  );

  uart_rx u_rx (
      .clk,
      .rst_n,
      .divisor,
      .parity_en,
      .parity_odd,
      .rxd          (loopback ? tx_line : rxd),
      .valid        (rx_valid),
      .ready        (rx_ready),
      .data         (rx_data),
      .parity_error (rx_parity_error),
      .framing_error(rx_framing_error),
      .line_break   (rx_break),
      .overrun      (rx_overrun)
  );

endmodule
