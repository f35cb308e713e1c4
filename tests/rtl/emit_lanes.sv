// Unpacked array ports, ascending, descending and of two dimensions.
module emit_lanes (
  input  logic       clk,
  input  logic [1:0] select,
  input  logic [7:0] lanes [4],
  input  logic [3:0] grid [1:0][2],
  output logic [7:0] sums [2:1],
  output logic [7:0] picked
);
  always_ff @(posedge clk) begin
    sums[2] <= lanes[0] + lanes[1] + grid[1][0];
    sums[1] <= lanes[2] - lanes[3] + grid[0][1];
  end
  assign picked = lanes[select] ^ {grid[0][0], grid[1][1]};
endmodule
