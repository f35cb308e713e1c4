// Clock gating with a latch: the counter's clock is derived inside the design.
module clock_gate (
    input  logic       clk,
    input  logic       rst_n,
    input  logic       enable,
    input  logic       test_enable,
    output logic [3:0] count
);

  logic enable_latched;
  logic gated;

  // verilator lint_off LATCH
  always_latch if (!clk) enable_latched = enable || test_enable;
  // verilator lint_on LATCH

  assign gated = clk && enable_latched;

  always_ff @(posedge gated or negedge rst_n) begin
    if (!rst_n) count <= '0;
    else count <= count + 1'b1;
  end

endmodule
