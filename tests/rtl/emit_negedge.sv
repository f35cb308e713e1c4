// Clocked by the falling edge alone.
module emit_negedge (
  input  logic        clk,
  input  logic        rst,
  input  logic        enable,
  input  logic [15:0] d,
  output logic [15:0] q,
  output logic        high
);
  always_ff @(negedge clk) begin
    if (rst) q <= '0;
    else if (enable) q <= {q[14:0], q[15]} ^ d;
  end
  assign high = clk & enable;
endmodule
