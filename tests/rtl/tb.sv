// A design that is called `tb`, with a port called `tb_done`: a testbench must avoid both.
module tb (
    input  logic       clk,
    input  logic       rst,
    input  logic [1:0] stimulus,
    output logic       tb_done
);

  logic [2:0] errors;

  always_ff @(posedge clk) begin
    if (rst) errors <= '0;
    else if (stimulus == 2'b11) errors <= errors + 1'b1;
  end

  assign tb_done = errors == 3'd5;

endmodule
