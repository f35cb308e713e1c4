// Asynchronous reset, active low, with an unusual name: found by its use, not by its name.
module async_reset (
    input  logic       tick,
    input  logic       alive,
    input  logic       load,
    input  logic [3:0] value,
    output logic [3:0] left,
    output logic       done
);

  always_ff @(posedge tick or negedge alive) begin
    if (!alive) begin
      left <= '0;
      done <= 1'b0;
    end else if (load) begin
      left <= value;
      done <= 1'b0;
    end else if (left != '0) begin
      left <= left - 1'b1;
      done <= left == 4'd1;
    end
  end

endmodule
