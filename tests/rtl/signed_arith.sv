// Signed operands: comparisons, sign extension, arithmetic shift, saturation.
module signed_arith (
    input  logic              clk,
    input  logic              rst_n,
    input  logic              load,
    input  logic signed [7:0] a,
    input  logic signed [3:0] gain,
    output logic signed [7:0] acc,
    output logic              negative,
    output logic              saturated
);

  logic signed [11:0] sum;

  assign sum      = 12'(acc) + 12'(a) * 12'(gain);
  assign negative = acc < 0;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      acc       <= '0;
      saturated <= 1'b0;
    end else if (load) begin
      acc       <= a >>> 1;
      saturated <= 1'b0;
    end else if (sum > 12'sd127) begin
      acc       <= 8'sd127;
      saturated <= 1'b1;
    end else if (sum < -12'sd128) begin
      acc       <= -8'sd128;
      saturated <= 1'b1;
    end else begin
      acc <= 8'(sum);
    end
  end

endmodule
