// Parameters that `-G` overrides: WIDTH 1 to 64 elaborates, others are an elaboration error.
module parameterised #(
    parameter int          WIDTH = 4,
    parameter logic [63:0] MATCH = 64'd9
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] value,
    output logic             hit
);

  if (WIDTH < 1 || WIDTH > 64) begin : gen_check_width
    $error("WIDTH must be 1 to 64");
  end

  always_ff @(posedge clk) hit <= value == MATCH[WIDTH-1:0];

endmodule
