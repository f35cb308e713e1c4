// A combinational loop that oscillates when `enable` is 1: the simulation does not converge.
module oscillates (
    input  logic clk,
    input  logic enable,
    output logic q
);

  // verilator lint_off UNOPTFLAT
  logic ring;
  // verilator lint_on UNOPTFLAT

  assign ring = enable && !ring;

  always_ff @(posedge clk) q <= ring;

endmodule
