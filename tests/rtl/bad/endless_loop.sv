// A loop that never ends when `go` is 1 while `n` is 0: the simulation hangs in one time step.
module endless_loop (
    input  logic       clk,
    input  logic       go,
    input  logic [3:0] n,
    output logic [7:0] steps
);

  logic [7:0] i;

  always_ff @(posedge clk) begin
    if (go) begin
      i = '0;
      while (i != 8'd255 || n == '0) i = i + 1'b1;
      steps <= i;
    end
  end

endmodule
