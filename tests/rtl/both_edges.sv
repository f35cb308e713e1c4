// Both edges of one clock are used: a double-data-rate input.
module both_edges (
    input  logic       clk,
    input  logic       rst,
    input  logic       d,
    output logic [1:0] pair,
    output logic       differ
);

  logic first;
  logic second;

  always_ff @(posedge clk) begin
    if (rst) first <= 1'b0;
    else first <= d;
  end

  always_ff @(negedge clk) begin
    if (rst) second <= 1'b0;
    else second <= d;
  end

  always_ff @(negedge clk) begin
    if (rst) pair <= '0;
    else pair <= {second, first};
  end

  assign differ = pair[1] != pair[0];

endmodule
