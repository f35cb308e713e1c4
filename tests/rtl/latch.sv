// Level-sensitive latches, no clock at all.
module latch (
    input  logic       gate,
    input  logic       clear_n,
    input  logic [3:0] d,
    output logic [3:0] q,
    output logic       held
);

  // verilator lint_off LATCH
  always_latch begin
    if (!clear_n) q = '0;
    else if (gate) q = d;
  end
  // verilator lint_on LATCH

  assign held = !gate && q != d;

endmodule
