// Calls $stop when 5A comes after A5: coverage up to there must survive.
module stop_on_value (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [7:0] data,
    output logic       armed
);

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      armed <= 1'b0;
    end else begin
      armed <= data == 8'hA5;
      if (armed && data == 8'h5A) $stop;
    end
  end

endmodule
