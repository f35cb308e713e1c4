// A latch, and a register behind it.
module emit_latch (
  input  logic       clk,
  input  logic       open,
  input  logic [3:0] d,
  output logic [3:0] held,
  output logic [3:0] q
);
  always_latch if (open) held = d;
  always_ff @(posedge clk) q <= held;
endmodule
