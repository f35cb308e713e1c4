// Vectors wider than any machine word.
module emit_wide (
  input  logic         clk,
  input  logic [299:0] a,
  input  logic [63:0]  b,
  input  logic [32:0]  c,
  output logic [299:0] q,
  output logic         odd
);
  always_ff @(posedge clk) q <= a ^ {b, c, 203'd0};
  assign odd = ^a;
endmodule
