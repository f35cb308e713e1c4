// Never leaves reset: its reset is released only after 2**64 cycles.
module stuck_in_reset (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [3:0] d,
    output logic [3:0] q,
    output logic       ready
);

  logic [63:0] wait_count;
  logic        inner_rst_n;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) wait_count <= '0;
    else wait_count <= wait_count + 1'b1;
  end

  assign inner_rst_n = wait_count == '1;

  always_ff @(posedge clk) begin
    if (!inner_rst_n) q <= '0;
    else q <= d;
  end

  assign ready = inner_rst_n;

endmodule
