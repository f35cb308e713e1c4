// A flag behind a 20-bit counter that must not be interrupted: a million quiet cycles.
module deep_counter (
    input  logic        clk,
    input  logic        rst_n,
    input  logic        hold,
    output logic [19:0] count,
    output logic        flag
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      count <= '0;
      flag  <= 1'b0;
    end else if (hold) begin
      count <= '0;
    end else begin
      count <= count + 1'b1;
      if (count == '1) flag <= 1'b1;
    end
  end

endmodule
