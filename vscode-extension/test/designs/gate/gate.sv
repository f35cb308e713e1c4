// Counts grants; what waits for `stuck`, which nothing ever sets, is never executed.
module gate (
    input  logic       clk,
    input  logic       rst,
    input  logic       request,
    output logic       grant,
    output logic [3:0] count
);

  logic stuck;
  assign stuck = 1'b0;

  always_ff @(posedge clk) begin
    if (rst) begin
      grant <= 1'b0;
      count <= '0;
    end else begin
      grant <= request;
      if (grant) count <= count + 1'b1;
      if (stuck) begin
        grant <= 1'b0;
        count <= '1;
      end
    end
  end

endmodule
