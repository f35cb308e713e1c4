// # delays, initial blocks and a clock made inside: needs a simulation with timing.
`timescale 1ns / 1ns
module delays (
    input  logic       rst,
    input  logic       start,
    output logic       ready,
    output logic [3:0] count
);

  logic clk;

  initial begin
    clk   = 1'b0;
    ready = 1'b0;
    #20 ready = 1'b1;
  end

  always #2 clk = !clk;

  always @(posedge clk) begin
    if (rst) count <= #1 '0;
    else if (ready && start) count <= #1 count + 1'b1;
  end

endmodule
