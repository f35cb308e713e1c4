// The default of WIDTH is refused by the design's own $error on line 11; -G WIDTH=4 is fine.
module illegal_default #(
    parameter int WIDTH = 0
) (
    input  logic                 clk,
    input  logic [WIDTH+(WIDTH==0)-1:0] d,
    output logic [WIDTH+(WIDTH==0)-1:0] q
);

  if (WIDTH == 0) begin : gen_check
    $error("WIDTH must be given");
  end

  always_ff @(posedge clk) q <= d;

endmodule
