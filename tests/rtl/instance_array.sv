// An array of instances: one bit of each bus for each.
module bit_cell (
    input  logic clk,
    input  logic set,
    input  logic clear,
    output logic q
);

  always_ff @(posedge clk) begin
    if (clear) q <= 1'b0;
    else if (set) q <= 1'b1;
  end

endmodule

module instance_array (
    input  logic       clk,
    input  logic [3:0] set,
    input  logic       clear,
    output logic [3:0] q,
    output logic       full
);

  bit_cell u_cell[3:0] (
      .clk  (clk),
      .set  (set),
      .clear(clear),
      .q    (q)
  );

  assign full = q == '1;

endmodule
