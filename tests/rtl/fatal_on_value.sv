// Calls $fatal when 5A comes after A5: coverage up to there must survive.
module fatal_on_value (
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
      if (armed && data == 8'h5A) $fatal(1, "5A after A5");
    end
  end

endmodule
